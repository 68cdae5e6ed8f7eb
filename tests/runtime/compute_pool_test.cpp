#include <twill/core/event.hpp>
#include <twill/core/time.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/ticker.hpp>

#include <gtest/gtest.h>

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "par/fixtures.hpp"

namespace {

using par_test::test_region;
using par_test::wait_without_beat;
using twill::compute_pool;
using twill::detail::ticker;
using twill::par::context;

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string text;
    std::getline(in, text);
    return text;
}

// Of this process's threads that are twill's: how many there are, and whether all wait for a futex
// without a time limit, so that nothing will happen until somebody wakes them. The kernel tells it
// as "number argument1 argument2 ...", of which the fourth is the time limit.
struct sleepers {
    int threads = 0;
    bool all_asleep = true;
    bool told = true;
};
sleepers look_at_threads() {
    sleepers found;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        if (!text_of(task.path() / "comm").starts_with("twill-")) continue;
        ++found.threads;
        std::istringstream call(text_of(task.path() / "syscall"));
        std::string number;
        std::string arguments[4];
        call >> number >> arguments[0] >> arguments[1] >> arguments[2] >> arguments[3];
        if (number.empty()) found.told = false;
        if (number != std::to_string(SYS_futex) || arguments[3] != "0x0") found.all_asleep = false;
    }
    return found;
}

TEST(compute_pool, starts_no_thread_before_there_is_work) {
    compute_pool pool({.workers = 4});
    EXPECT_EQ(pool.threads(), 0U);
    EXPECT_EQ(pool.workers(), 4U);
    bool ran = false;
    test_region work([&] { ran = true; });
    pool.submit(work);
    work.wait();
    EXPECT_TRUE(ran);
    EXPECT_TRUE(work.started());
    EXPECT_EQ(pool.threads(), 1U);
}

TEST(compute_pool, names_its_threads) {
    compute_pool pool({.workers = 1});
    std::string name(16, '\0');
    test_region work([&] { ::pthread_getname_np(::pthread_self(), name.data(), name.size()); });
    pool.submit(work);
    work.wait();
    EXPECT_STREQ(name.c_str(), "twill-compute-0");
}

TEST(compute_pool, runs_regions_side_by_side_up_to_its_size) {
    compute_pool pool({.workers = 3});
    twill::atomic<int> inside{0};
    twill::atomic<int> met{0};
    const auto body = [&] {
        inside.fetch_add(1);
        if (wait_without_beat([&] { return inside.load() == 3; })) met.fetch_add(1);
    };
    test_region a(body);
    test_region b(body);
    test_region c(body);
    for (twill::region* work : std::initializer_list<twill::region*>{&a, &b, &c})
        pool.submit(*work);
    a.wait();
    b.wait();
    c.wait();
    EXPECT_EQ(met.load(), 3);
    EXPECT_EQ(pool.threads(), 3U);
}

TEST(compute_pool, runs_thousands_of_regions_in_order_of_arrival_on_one_worker) {
    compute_pool pool({.workers = 1, .patience = twill::duration::max()});
    std::vector<int> order;
    const auto body = [&order](int i) { return [&order, i] { order.push_back(i); }; };
    std::deque<test_region<decltype(body(0))>> regions;
    for (int i = 0; i < 5000; ++i) pool.submit(regions.emplace_back(body(i)));
    for (auto& work : regions) work.wait();
    EXPECT_EQ(order.size(), 5000U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(compute_pool, a_region_stopped_in_the_queue_never_starts_and_completes_once) {
    compute_pool pool({.workers = 1});
    twill::atomic<bool> release{false};
    test_region first([&] { wait_without_beat([&] { return release.load(); }); });
    bool ran = false;
    test_region second([&] { ran = true; });
    pool.submit(first);
    pool.submit(second);
    second.request_stop();
    EXPECT_EQ(second.completions(), 1);
    second.request_stop();
    release.store(true);
    first.wait();
    second.wait();
    EXPECT_FALSE(ran);
    EXPECT_FALSE(second.started());
    EXPECT_EQ(second.completions(), 1);
}

TEST(compute_pool, a_region_stopped_before_it_is_submitted_never_starts) {
    compute_pool pool({.workers = 1});
    bool ran = false;
    test_region work([&] { ran = true; });
    work.request_stop();
    pool.submit(work);
    work.wait();
    EXPECT_FALSE(ran);
    EXPECT_FALSE(work.started());
}

TEST(compute_pool, stopping_races_with_running_and_completes_once) {
    compute_pool pool({.workers = 2});
    for (int round = 0; round < 500; ++round) {
        test_region work([] {});
        pool.submit(work);
        work.request_stop();
        work.wait();
        EXPECT_EQ(work.completions(), 1);
    }
}

struct freed_by_completion final : twill::region {
    explicit freed_by_completion(twill::atomic<int>& ended) : region(&run, &end), ended_(ended) {}
    static void run(twill::region&, context& here) noexcept {
        twill::par::for_each_index(here, 100, [](std::size_t) {});
    }
    static void end(twill::region& self) noexcept {
        auto* const me = static_cast<freed_by_completion*>(&self);
        auto& ended = me->ended_;
        delete me;
        ended.fetch_add(1);
    }
    twill::atomic<int>& ended_;
};

TEST(compute_pool, completion_may_free_the_region) {
    twill::atomic<int> ended{0};
    compute_pool pool({.workers = 2});
    for (int i = 0; i < 1000; ++i) pool.submit(*new freed_by_completion(ended));
    EXPECT_TRUE(wait_without_beat([&] { return ended.load() == 1000; }));
}

TEST(compute_pool, several_pools_work_at_once_and_end_cleanly) {
    for (int round = 0; round < 20; ++round) {
        compute_pool a({.workers = 2});
        compute_pool b({.workers = 3});
        twill::atomic<int> sum{0};
        const auto body = [&](context& here) {
            twill::par::for_each_index(here, 1000, [&](std::size_t) { sum.fetch_add(1); });
        };
        test_region in_a(body);
        test_region in_b(body);
        a.submit(in_a);
        b.submit(in_b);
        in_a.wait();
        in_b.wait();
        EXPECT_EQ(sum.load(), 2000);
    }
}

TEST(compute_pool, threads_come_and_go_as_guests) {
    compute_pool pool({.workers = 2});
    for (int round = 0; round < 10; ++round) {
        std::vector<std::thread> guests;
        twill::atomic<int> sum{0};
        for (int g = 0; g < 4; ++g)
            guests.emplace_back([&] {
                const compute_pool::membership here(pool);
                twill::par::for_each_index(2000, [&](std::size_t) { sum.fetch_add(1); });
            });
        for (auto& guest : guests) guest.join();
        EXPECT_EQ(sum.load(), 8000);
    }
}

// Two branches that only end together: they reach no beat on the way.
bool meet(context& here) {
    twill::atomic<int> begun{0};
    const auto branch = [&] {
        begun.fetch_add(1);
        return wait_without_beat([&] { return begun.load() == 2; });
    };
    auto [a, b] = twill::par::join(here, branch, branch);
    return a && b;
}

TEST(compute_pool, work_is_shared_again_after_every_pause) {
    compute_pool pool({.workers = 2});
    const compute_pool::membership here(pool);
    for (int round = 0; round < 10; ++round) {
        EXPECT_TRUE(wait_without_beat([] { return ticker::process().rests(); }));
        EXPECT_TRUE(twill::par::region(meet));
    }
}

// A tick between the start of a region and its first fork used to leave the decision to the
// back-off on trifles, and parts without a beat then ran one after the other.
TEST(compute_pool, first_fork_is_shared_also_by_who_gave_trifles_before) {
    compute_pool pool({.workers = 2});
    const compute_pool::membership here(pool);
    for (int round = 0; round < 6; ++round) {
        EXPECT_TRUE(wait_without_beat([] { return ticker::process().rests(); }));
        EXPECT_TRUE(twill::par::region(meet));
    }
    EXPECT_TRUE(twill::par::region([](context& c) {
        const auto later = twill::now() + std::chrono::milliseconds(5);
        wait_without_beat([&] { return twill::now() > later; });
        return meet(c);
    }));
}

TEST(compute_pool, sleeps_without_a_timer_when_idle) {
    compute_pool pool({.workers = 2});
    const compute_pool::membership here(pool);
    twill::atomic<int> sum{0};
    twill::par::for_each_index(200'000, [&](std::size_t) { sum.fetch_add(1); });
    test_region work([] {});
    pool.submit(work);
    work.wait();
    if (!look_at_threads().told) GTEST_SKIP() << "the kernel does not tell what threads wait for";
    EXPECT_TRUE(wait_without_beat(
        [] { return ticker::process().rests() && look_at_threads().all_asleep; }));
    EXPECT_GE(look_at_threads().threads, 2) << "the ticker and a worker";
}

struct counting_sink final : twill::event_sink {
    void record(const twill::event& what) noexcept override {
        counts[static_cast<std::size_t>(what.kind)].fetch_add(1);
    }
    int of(twill::event_kind kind) { return counts[static_cast<std::size_t>(kind)].load(); }
    twill::atomic<int> counts[64] = {};
};

TEST(compute_pool, tells_what_happens) {
    static counting_sink sink;  // outlives the threads that may still be inside `record`
    for (auto& count : sink.counts) count.store(0);
    twill::set_event_sink(&sink);
    {
        compute_pool pool({.workers = 2});
        test_region work([](context& here) { EXPECT_TRUE(meet(here)); });
        pool.submit(work);
        work.wait();
    }
    twill::set_event_sink(nullptr);
    EXPECT_EQ(sink.of(twill::event_kind::region_begin), 1);
    EXPECT_EQ(sink.of(twill::event_kind::region_end), 1);
    EXPECT_EQ(sink.of(twill::event_kind::thread_start), 2);
    EXPECT_EQ(sink.of(twill::event_kind::promote), 1);
    EXPECT_EQ(sink.of(twill::event_kind::steal), 1);
    EXPECT_EQ(sink.of(twill::event_kind::job_begin), 1);
    EXPECT_EQ(sink.of(twill::event_kind::job_end), 1);
}

}  // namespace
