// The number of usable CPUs changes while work runs.
#include "runtime/cpu_source.hpp"

#include <twill/core/atomic.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/compute_pool.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "par/fixtures.hpp"

namespace {

using namespace std::chrono_literals;
using par_test::test_region;
using twill::compute_pool;
using twill::compute_pool_options;

class told final : public twill::detail::cpu_source {
public:
    explicit told(unsigned cpus) : cpus_(cpus) {}
    void tell(unsigned cpus) { cpus_.store(cpus); }
    unsigned usable(int) noexcept override { return cpus_.load(); }
    twill::duration good_for() noexcept override { return 1ms; }

private:
    twill::atomic<unsigned> cpus_;
};

// Two CPUs for all but one thread, which may use one of them.
class one_is_bound final : public twill::detail::cpu_source {
public:
    void bind(int thread) { bound_.store(thread); }
    int asked() const { return asked_.load(); }
    unsigned usable(int thread) noexcept override {
        asked_.fetch_add(1);
        return thread != 0 && thread == bound_.load() ? 1 : 2;
    }
    twill::duration good_for() noexcept override { return 1ms; }

private:
    twill::atomic<int> bound_{0};
    twill::atomic<int> asked_{0};
};

compute_pool_options as_many_as(told& cpus) {
    return {.patience = twill::duration::max(), .cpus = &cpus};
}

// Computes until `done()`; false: not within 20 seconds.
template <class Condition>
bool work_until(const Condition& done) {
    const auto give_up = twill::now() + 20s;
    while (!done())
        if (twill::now() > give_up) return false;
    return true;
}

TEST(ComputeCpus, AWaitingRegionGetsACpuThatIsNew) {
    told cpus(1);
    compute_pool pool(as_many_as(cpus));
    EXPECT_EQ(pool.workers(), 1U);
    twill::atomic<bool> ran{false};
    test_region first([&] {
        cpus.tell(2);
        EXPECT_TRUE(work_until([&] { return ran.load(); }));
    });
    test_region second([&] { ran.store(true); });
    pool.submit(first);
    pool.submit(second);
    first.wait();
    second.wait();
    EXPECT_EQ(pool.workers(), 2U);
}

TEST(ComputeCpus, FewerThreadsComputeOnceACpuIsGone) {
    told cpus(2);
    compute_pool pool(as_many_as(cpus));
    twill::atomic<int> inside{0};
    twill::atomic<int> most{0};
    const auto both = [&](const auto& body) {
        const auto enter = [&] {
            const int now = inside.fetch_add(1) + 1;
            for (int seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {
            }
            body();
            inside.fetch_sub(1);
        };
        test_region one(enter);
        test_region other(enter);
        pool.submit(one);
        pool.submit(other);
        one.wait();
        other.wait();
    };
    both([&] { EXPECT_TRUE(work_until([&] { return most.load() == 2; })); });
    cpus.tell(1);
    both([&] { EXPECT_TRUE(work_until([&] { return pool.workers() == 1; })); });
    most.store(0);
    for (int i = 0; i < 20; ++i) both([] { std::this_thread::yield(); });
    EXPECT_EQ(most.load(), 1);
}

TEST(ComputeCpus, TheMostThreadsGrowWithTheCpus) {
    constexpr unsigned cpus_then = 64;
    told cpus(1);
    compute_pool pool(as_many_as(cpus));
    std::latch all(cpus_then);
    const auto body = [&] {
        cpus.tell(cpus_then);
        all.arrive_and_wait();  // needs a thread for each
    };
    std::vector<std::unique_ptr<test_region<decltype(body)>>> regions;
    for (unsigned i = 0; i < cpus_then; ++i) {
        regions.push_back(std::make_unique<test_region<decltype(body)>>(body));
        pool.submit(*regions.back());
    }
    for (const auto& each : regions) each->wait();
    EXPECT_GE(pool.threads(), cpus_then);
}

// It was asked at the first tick, while the first beats of a parallel call were due.
TEST(ComputeCpus, TheSourceIsAskedAgainOnlyWhenItsAnswerIsNoLongerGood) {
    class good_for_ever final : public twill::detail::cpu_source {
    public:
        twill::atomic<int> asked{0};
        unsigned usable(int) noexcept override { return asked.fetch_add(1), 1; }
        twill::duration good_for() noexcept override { return 1h; }
    } cpus;
    compute_pool pool({.cpus = &cpus});
    told beside(1);  // of a pool that shows that there were ticks
    compute_pool other(as_many_as(beside));
    test_region work([&] {
        beside.tell(3);
        test_region shown([&] { EXPECT_TRUE(work_until([&] { return other.workers() == 3; })); });
        other.submit(shown);
        shown.wait();
    });
    pool.submit(work);
    work.wait();
    EXPECT_EQ(cpus.asked.load(), 1);
}

TEST(ComputeCpus, AGivenNumberStays) {
    told cpus(1);
    compute_pool pool({.workers = 3, .cpus = &cpus});
    EXPECT_EQ(pool.workers(), 3U);
    twill::atomic<bool> ran{false};
    test_region one([&] { EXPECT_TRUE(work_until([&] { return ran.load(); })); });
    test_region other([&] { ran.store(true); });
    pool.submit(one);
    pool.submit(other);
    one.wait();
    other.wait();
    EXPECT_EQ(pool.workers(), 3U);
}

TEST(ComputeCpus, AThreadThatItsJobHasBoundTakesNoCpuFromTheOthers) {
    one_is_bound cpus;
    compute_pool pool({.patience = twill::duration::max(), .cpus = &cpus});
    twill::atomic<int> inside{0};
    twill::atomic<int> looks_then{0};
    twill::atomic<int> threads[2]{};
    const auto job = [&] {
        const int number = inside.fetch_add(1);
        threads[number].store(::gettid());
        EXPECT_TRUE(work_until([&] { return inside.load() >= 2; }));
        for (int which = 0; which < 2; ++which) {
            if (number == 0) {
                cpus.bind(threads[which].load());
                looks_then.store(cpus.asked());
            }
            EXPECT_TRUE(work_until([&] { return cpus.asked() > looks_then.load() + 6; }));
            // A look that was under way when the second thread came knows only the first.
            EXPECT_TRUE(work_until([&] { return pool.workers() == 2; }))
                << "thread " << which << " was bound";
        }
    };
    test_region one(job);
    test_region other(job);
    pool.submit(one);
    pool.submit(other);
    one.wait();
    other.wait();
}

}  // namespace
