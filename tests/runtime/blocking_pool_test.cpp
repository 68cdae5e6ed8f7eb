#include <twill/runtime/blocking_pool.hpp>

#include <twill/core/error.hpp>
#include <twill/core/event.hpp>

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

// Waits for what another thread brings about; the limit only bounds a failing test.
bool eventually(const std::function<bool()>& holds) {
    for (const auto limit = twill::after(twill::now(), 20s); twill::now() < limit; ::sched_yield())
        if (holds()) return true;
    return false;
}

struct job : twill::runnable {
    explicit job(std::function<void()> what = [] {}) : runnable(&job::execute), what_(what) {}
    static void execute(runnable& self) noexcept {
        auto& me = static_cast<job&>(self);
        me.what_();
        me.done_.store(true);
    }
    [[nodiscard]] bool done() const { return done_.load(); }
    [[nodiscard]] bool finishes() const {
        return eventually([this] { return done(); });
    }

private:
    std::function<void()> what_;
    twill::atomic<bool> done_{false};
};

// Holds up the jobs that pass through it.
class gate {
public:
    void open() { open_.store(true); }
    void pass() {
        inside_.fetch_add(1);
        while (!open_.load()) std::this_thread::yield();
    }
    [[nodiscard]] bool holds(int jobs) const {
        return eventually([&] { return inside_.load() == jobs; });
    }

private:
    twill::atomic<bool> open_{false};
    twill::atomic<int> inside_{0};
};

TEST(blocking_pool, unused_pool_has_no_thread) {
    const twill::blocking_pool pool;
    EXPECT_EQ(pool.stats().threads, 0U);
}

TEST(blocking_pool, zero_threads_are_refused_with_what_to_do) {
    try {
        const twill::blocking_pool pool({.max_threads = 0});
        FAIL() << "should have thrown";
    } catch (const twill::usage_error& e) {
        EXPECT_NE(std::string(e.what()).find("at least 1"), std::string::npos);
    }
}

TEST(blocking_pool, idle_thread_is_used_before_a_new_one_is_made) {
    twill::blocking_pool pool({.idle_timeout = 1h});
    for (int round = 0; round < 20; ++round) {
        job one;
        pool.submit(one);
        ASSERT_TRUE(one.finishes());
        ASSERT_TRUE(eventually([&] { return pool.stats().idle == 1; }));
    }
    EXPECT_EQ(pool.stats().threads, 1U);
}

TEST(blocking_pool, grows_to_the_bound_and_queues_beyond) {
    gate barrier;
    job first([&] { barrier.pass(); });
    job second([&] { barrier.pass(); });
    job third;
    twill::blocking_pool pool({.max_threads = 2});
    pool.submit(first);
    pool.submit(second);
    pool.submit(third);
    ASSERT_TRUE(barrier.holds(2));
    EXPECT_EQ(pool.stats().threads, 2U);
    EXPECT_EQ(pool.stats().queued, 1U);
    EXPECT_FALSE(third.done());
    barrier.open();
    EXPECT_TRUE(third.finishes());
    EXPECT_EQ(pool.stats().queued, 0U);
}

TEST(blocking_pool, jobs_run_in_the_order_of_submission) {
    std::vector<int> order;  // one thread: no lock needed
    std::vector<std::unique_ptr<job>> jobs;
    {
        twill::blocking_pool pool({.max_threads = 1});
        for (int i = 0; i < 100; ++i) {
            jobs.push_back(std::make_unique<job>([&order, i] { order.push_back(i); }));
            pool.submit(*jobs.back());
        }
    }
    ASSERT_EQ(order.size(), 100U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(blocking_pool, thread_that_became_idle_last_is_woken_first) {
    twill::blocking_pool pool({.idle_timeout = 1h});
    gate barrier;
    pthread_t last{};
    job early([&] { barrier.pass(); });
    pool.submit(early);
    ASSERT_TRUE(barrier.holds(1));
    gate late_barrier;
    job late([&] {
        last = ::pthread_self();
        late_barrier.pass();
    });
    pool.submit(late);
    ASSERT_TRUE(late_barrier.holds(1));
    barrier.open();
    ASSERT_TRUE(eventually([&] { return pool.stats().idle == 1; }));
    late_barrier.open();
    ASSERT_TRUE(eventually([&] { return pool.stats().idle == 2; }));
    for (int round = 0; round < 10; ++round) {
        pthread_t ran{};
        job next([&] { ran = ::pthread_self(); });
        pool.submit(next);
        ASSERT_TRUE(next.finishes());
        EXPECT_TRUE(::pthread_equal(ran, last));
        ASSERT_TRUE(eventually([&] { return pool.stats().idle == 2; }));
    }
}

TEST(blocking_pool, idle_threads_leave_and_come_back) {
    twill::blocking_pool pool({.idle_timeout = 1ms});
    for (int round = 0; round < 3; ++round) {
        gate barrier;
        job a([&] { barrier.pass(); });
        job b([&] { barrier.pass(); });
        pool.submit(a);
        pool.submit(b);
        ASSERT_TRUE(barrier.holds(2));
        barrier.open();
        EXPECT_TRUE(eventually([&] { return pool.stats().threads == 0; }));
        EXPECT_TRUE(a.done() && b.done());
    }
}

TEST(blocking_pool, jobs_that_meet_leaving_threads_are_not_lost) {
    twill::blocking_pool pool({.max_threads = 3, .idle_timeout = 0ns});
    for (int round = 0; round < 300; ++round) {
        job one;
        job two;
        pool.submit(one);
        pool.submit(two);
        ASSERT_TRUE(one.finishes());
        ASSERT_TRUE(two.finishes());
    }
}

TEST(blocking_pool, refused_thread_leaves_the_job_to_the_existing_one) {
    int allowed = 1;
    gate barrier;
    job first([&] { barrier.pass(); });
    job second;
    twill::blocking_pool pool({.create_thread = [&](pthread_t& made, auto entry, void* argument) {
        return allowed-- > 0 ? ::pthread_create(&made, nullptr, entry, argument) : EAGAIN;
    }});
    pool.submit(first);
    ASSERT_TRUE(barrier.holds(1));
    EXPECT_FALSE(pool.try_submit(second));
    EXPECT_EQ(pool.stats().threads, 1U);
    EXPECT_EQ(pool.stats().queued, 1U);
    barrier.open();
    EXPECT_TRUE(second.finishes());
}

TEST(blocking_pool, refused_first_thread_is_a_typed_error_and_the_job_stays_with_the_caller) {
    int refusals = 2;
    twill::blocking_pool pool({.create_thread = [&](pthread_t& made, auto entry, void* argument) {
        return refusals-- > 0 ? EAGAIN : ::pthread_create(&made, nullptr, entry, argument);
    }});
    job one;
    try {
        pool.submit(one);
        FAIL() << "should have thrown";
    } catch (const twill::io_error& e) {
        EXPECT_EQ(e.code(), std::errc::resource_unavailable_try_again);
        EXPECT_EQ(e.operation(), "start a thread for");
        EXPECT_EQ(e.object(), "twill-block");
    }
    EXPECT_EQ(pool.try_submit(one), std::errc::resource_unavailable_try_again);
    EXPECT_EQ(pool.stats().queued, 0U);
    EXPECT_EQ(pool.stats().threads, 0U);
    pool.submit(one);  // the third time the system has one
    EXPECT_TRUE(one.finishes());
}

TEST(blocking_pool, removed_job_never_runs_and_the_others_keep_their_order) {
    gate barrier;
    std::vector<int> order;
    job busy([&] { barrier.pass(); });
    job one([&] { order.push_back(1); });
    job two([&] { order.push_back(2); });
    job three([&] { order.push_back(3); });
    job stranger;
    {
        twill::blocking_pool pool({.max_threads = 1});
        pool.submit(busy);
        ASSERT_TRUE(barrier.holds(1));
        for (job* next : {&one, &two, &three}) pool.submit(*next);
        EXPECT_TRUE(pool.try_remove(two));
        EXPECT_FALSE(pool.try_remove(two)) << "it is out already";
        EXPECT_FALSE(pool.try_remove(busy)) << "it runs already";
        EXPECT_FALSE(pool.try_remove(stranger));
        EXPECT_EQ(pool.stats().queued, 2U);
        barrier.open();
    }
    EXPECT_EQ(order, (std::vector<int>{1, 3}));
    EXPECT_FALSE(two.done());
}

TEST(blocking_pool, destruction_runs_what_is_queued_and_what_jobs_add) {
    job added;
    std::vector<std::unique_ptr<job>> jobs;
    {
        twill::blocking_pool pool({.max_threads = 2});
        for (int i = 0; i < 50; ++i) {
            const bool last = i == 49;
            jobs.push_back(std::make_unique<job>([&, last] {
                if (last) pool.submit(added);
            }));
            pool.submit(*jobs.back());
        }
    }
    for (const auto& each : jobs) EXPECT_TRUE(each->done());
    EXPECT_TRUE(added.done());
}

TEST(blocking_pool, threads_are_named_and_numbered) {
    std::mutex lock;
    std::set<std::string> names;
    gate barrier;
    const auto tell = [&] {
        char name[16];
        ::pthread_getname_np(::pthread_self(), name, sizeof name);
        {
            const std::lock_guard hold(lock);
            names.insert(name);
        }
        barrier.pass();
    };
    job a(tell);
    job b(tell);
    twill::blocking_pool pool;
    pool.submit(a);
    pool.submit(b);
    ASSERT_TRUE(barrier.holds(2));
    EXPECT_EQ(names, (std::set<std::string>{"twill-block-0", "twill-block-1"}));
    barrier.open();
}

TEST(blocking_pool, threads_block_all_signals_and_the_submitter_keeps_its_mask) {
    sigset_t before;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
    sigset_t inside;
    job look([&] { ::pthread_sigmask(SIG_SETMASK, nullptr, &inside); });
    twill::blocking_pool pool;
    pool.submit(look);
    ASSERT_TRUE(look.finishes());
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1, SIGPIPE})
        EXPECT_TRUE(::sigismember(&inside, signal)) << signal;
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
    EXPECT_EQ(::sigismember(&now, SIGUSR1), ::sigismember(&before, SIGUSR1));
}

TEST(blocking_pool, each_job_is_reported_as_a_blocking_call) {
    struct counter : twill::event_sink {
        void record(const twill::event& what) noexcept override {
            if (what.kind == twill::event_kind::blocking_begin) begun.fetch_add(1);
            if (what.kind == twill::event_kind::blocking_end) ended.fetch_add(1);
        }
        twill::atomic<int> begun{0};
        twill::atomic<int> ended{0};
    } seen;
    twill::set_event_sink(&seen);
    job a;
    job b;
    {
        twill::blocking_pool pool;
        pool.submit(a);
        pool.submit(b);
    }
    twill::set_event_sink(nullptr);
    EXPECT_EQ(seen.begun.load(), 2);
    EXPECT_EQ(seen.ended.load(), 2);
}

// Many submitters, some of whom change their minds, while threads come and go: each job runs once
// or was taken back, never both, never neither.
TEST(blocking_pool, submitting_and_removing_at_once_loses_and_doubles_nothing) {
    constexpr int submitters = 4;
    constexpr int jobs_each = 300;
    twill::atomic<int> ran{0};
    twill::atomic<int> removed{0};
    std::vector<std::unique_ptr<job>> jobs;
    for (int i = 0; i < submitters * jobs_each; ++i)
        jobs.push_back(std::make_unique<job>([&] { ran.fetch_add(1); }));
    {
        twill::blocking_pool pool({.max_threads = 3, .idle_timeout = 20us});
        std::vector<std::thread> threads;
        for (int s = 0; s < submitters; ++s)
            threads.emplace_back([&, s] {
                for (int i = 0; i < jobs_each; ++i) {
                    job& mine = *jobs[static_cast<std::size_t>(s * jobs_each + i)];
                    pool.submit(mine);
                    if (i % 3 == 0 && pool.try_remove(mine)) removed.fetch_add(1);
                }
            });
        for (auto& each : threads) each.join();
    }
    EXPECT_EQ(ran.load() + removed.load(), submitters * jobs_each);
}

}  // namespace
