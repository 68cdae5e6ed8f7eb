// Threads of low weight. Where starvation matters, the kernel is played by the test.
#include <twill/core/error.hpp>
#include <twill/par/for_each.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/io_activity.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "par/fixtures.hpp"
#include "runtime/thread_weight.hpp"

namespace {

using namespace std::chrono_literals;
using par_test::test_region;
using par_test::wait_without_beat;
using twill::atomic;
using twill::compute_pool;
using twill::compute_pool_options;
using twill::lane;
using twill::lanes;
using twill::priority;
using twill::task;
using twill::par::context;

struct weight {
    int policy = ::sched_getscheduler(0);
    int nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
    std::string name = [] {
        std::array<char, 16> text{};
        ::pthread_getname_np(::pthread_self(), text.data(), text.size());
        return std::string(text.data());
    }();
};

weight weight_of_region(compute_pool& pool, lane which) {
    weight seen;
    test_region work([&] { seen = weight(); }, priority::normal, which);
    pool.submit(work);
    work.wait();
    return seen;
}

TEST(ComputeLane, WeightsAreWhatTheLanesSay) {
    const weight own;
    struct wanted {
        lanes how;
        int policy;
        int nice;
    };
    for (const auto& [how, policy, nice] :
         {wanted{lanes::give_way, own.policy, own.nice}, wanted{lanes::none, own.policy, own.nice},
          wanted{lanes::idle, SCHED_IDLE, own.nice}, wanted{lanes::nice(19), own.policy, 19},
          wanted{lanes::nice(7), own.policy, std::max(7, own.nice)}}) {
        compute_pool pool({.workers = 1, .lanes = how, .starved_after = 1h});
        const weight seen = weight_of_region(pool, lane::normal);
        EXPECT_EQ(seen.policy, policy);
        EXPECT_EQ(seen.nice, nice);
    }
    const weight after;
    EXPECT_EQ(after.policy, own.policy) << "the caller's own weight stays";
    EXPECT_EQ(after.nice, own.nice);
}

TEST(ComputeLane, ForeignCodeHasThreadsOfLowWeightOfItsOwn) {
    const weight own;
    for (const lanes how : {lanes::give_way, lanes::idle, lanes::nice(3), lanes::none}) {
        compute_pool pool({.workers = 1, .lanes = how, .starved_after = 1h});
        const weight seen = weight_of_region(pool, lane::foreign);
        EXPECT_EQ(seen.policy, how == lanes::none ? own.policy : SCHED_IDLE);
        EXPECT_EQ(seen.name, "twill-foreign-0");
        EXPECT_EQ(pool.threads(), 1U);
        EXPECT_EQ(weight_of_region(pool, lane::normal).name, "twill-compute-0");
        EXPECT_EQ(pool.threads(), 2U);
    }
}

TEST(ComputeLane, ForeignCodeDoesNotWaitForThePoolsOwnThreads) {
    compute_pool pool({.workers = 1, .patience = twill::duration::max()});
    atomic<bool> served{false};
    atomic<bool> begun{false};
    test_region busy([&] {
        begun.store(true);
        EXPECT_TRUE(wait_without_beat([&] { return served.load(); }));
    });
    pool.submit(busy);
    ASSERT_TRUE(wait_without_beat([&] { return begun.load(); }));
    weight_of_region(pool, lane::foreign);
    served.store(true);
    busy.wait();
}

TEST(ComputeLane, IsGivenWithTheCall) {
    twill::run({.compute_threads = 1}, []() -> task<> {
        const auto look = [] { return weight().name; };
        EXPECT_EQ(co_await twill::compute(look, {.lane = lane::foreign}), "twill-foreign-0");
        EXPECT_EQ(co_await twill::compute(look), "twill-compute-0");
    });
}

TEST(ComputeLane, ParallelCallsOfForeignCodeStayOnTheLane) {
    twill::run({.compute_threads = 2}, []() -> task<> {
        atomic<int> elsewhere{0};
        const auto loop = [&] {
            twill::par::for_each_index(2000, [&](std::size_t) {
                par_test::spin(5us);
                if (!weight().name.starts_with("twill-foreign")) elsewhere.fetch_add(1);
            });
        };
        co_await twill::compute(loop, {.lane = lane::foreign});
        EXPECT_EQ(elsewhere.load(), 0);
    });
}

TEST(ComputeLane, NiceLevelsThatAreNoneAreRefused) {
    for (const int level : {-1, 0, 20})
        EXPECT_THROW(compute_pool({.lanes = lanes::nice(level)}), twill::usage_error) << level;
}

TEST(ComputeLane, ThreadsOfLowWeightDoNotYieldAsWell) {
    twill::detail::io_activity io;
    compute_pool pool({.workers = 1, .lanes = lanes::idle, .gives_way_to = &io});
    io.turned(true);
    bool gives_way = true;
    test_region work([&](context& here) { gives_way = here.gives_way(); });
    pool.submit(work);
    work.wait();
    EXPECT_FALSE(gives_way);
}

// Says of all threads what the test says.
class told final : public twill::detail::thread_watch {
public:
    twill::duration ran(const twill::detail::thread_id&) noexcept override {
        return starved.load() ? 0s : twill::now().time_since_epoch();
    }
    twill::duration waited(const twill::detail::thread_id&) noexcept override {
        return crowded.load() ? 2 * twill::now().time_since_epoch() : 0s;
    }
    bool ready(const twill::detail::thread_id&) noexcept override { return ready_to_run.load(); }

    atomic<bool> starved{false};
    atomic<bool> crowded{false};
    atomic<bool> ready_to_run{true};
};

class ComputeLaneStarved : public ::testing::Test {
protected:
    compute_pool_options options(lanes how) {
        return {.workers = 1,
                .patience = twill::duration::max(),
                .lanes = how,
                .gives_way_to = &io_,
                .report =
                    [this](std::string_view text) {
                        std::lock_guard hold(lock_);
                        reports_.emplace_back(text);
                    },
                .starved_after = 4ms,
                .watch = &kernel_};
    }
    std::size_t reports() {
        std::lock_guard hold(lock_);
        return reports_.size();
    }
    // Occupies the pool's thread of low weight until `goes_on_`.
    auto occupation() {
        return [this] {
            EXPECT_EQ(weight().policy, SCHED_IDLE);
            begun_.store(true);
            EXPECT_TRUE(wait_without_beat([&] { return goes_on_.load(); }));
        };
    }

    twill::detail::io_activity io_;
    told kernel_;
    std::mutex lock_;
    std::vector<std::string> reports_;
    atomic<bool> begun_{false};
    atomic<bool> goes_on_{false};
    compute_pool pool_{options(lanes::idle)};
};

TEST_F(ComputeLaneStarved, WorkMovesToThreadsOfNormalWeight) {
    const weight own;
    test_region stuck(occupation());
    pool_.submit(stuck);
    ASSERT_TRUE(wait_without_beat([&] { return begun_.load(); }));
    weight seen;
    bool gives_way = false;
    io_.turned(true);
    test_region waiting([&](context& here) {
        seen = weight();
        gives_way = here.gives_way();
    });
    pool_.submit(waiting);
    kernel_.starved.store(true);
    waiting.wait();
    EXPECT_EQ(seen.policy, own.policy) << "and the first still occupies its thread";
    EXPECT_TRUE(gives_way);
    goes_on_.store(true);
    stuck.wait();
    EXPECT_NE(weight_of_region(pool_, lane::normal).policy, SCHED_IDLE)
        << "the thread of low weight, idle now, is not wanted";
}

TEST_F(ComputeLaneStarved, IsReportedOnceEvenIfNothingElseWaits) {
    test_region stuck(occupation());
    pool_.submit(stuck);
    ASSERT_TRUE(wait_without_beat([&] { return begun_.load(); }));
    kernel_.starved.store(true);
    EXPECT_TRUE(wait_without_beat([&] { return reports() != 0; }));
    goes_on_.store(true);
    stuck.wait();
    for (int i = 0; i < 3; ++i) weight_of_region(pool_, lane::normal);
    ASSERT_EQ(reports(), 1U);
    EXPECT_NE(reports_.front().find("twill-compute"), std::string::npos) << reports_.front();
    EXPECT_NE(reports_.front().find("4 ms"), std::string::npos) << reports_.front();
}

TEST_F(ComputeLaneStarved, ForksOfAStarvedRegionMoveToo) {
    atomic<int> normal{0};
    test_region loop([&](context& here) {
        twill::par::for_each_index(here, 100'000, [&](std::size_t) {
            if (normal.load() != 0) return;
            if (weight().policy != SCHED_IDLE) normal.fetch_add(1);
            kernel_.starved.store(true);
            par_test::spin(100us);
        });
    });
    pool_.submit(loop);
    loop.wait();
    EXPECT_NE(normal.load(), 0);
}

TEST_F(ComputeLaneStarved, AThreadThatWaitsForSomethingElseIsNot) {
    kernel_.ready_to_run.store(false);
    kernel_.starved.store(true);
    test_region work([] { par_test::spin(50ms); });
    pool_.submit(work);
    work.wait();
    EXPECT_EQ(weight_of_region(pool_, lane::normal).policy, SCHED_IDLE);
    EXPECT_EQ(reports(), 0U);
}

TEST_F(ComputeLaneStarved, WorkReturnsToLowWeightWhenThereIsRoom) {
    test_region stuck(occupation());
    pool_.submit(stuck);
    ASSERT_TRUE(wait_without_beat([&] { return begun_.load(); }));
    kernel_.starved.store(true);
    kernel_.crowded.store(true);
    ASSERT_TRUE(wait_without_beat([&] { return reports() != 0; }));
    kernel_.starved.store(false);
    goes_on_.store(true);
    stuck.wait();
    ASSERT_NE(weight_of_region(pool_, lane::normal).policy, SCHED_IDLE);
    kernel_.crowded.store(false);
    EXPECT_TRUE(wait_without_beat(
        [&] { return weight_of_region(pool_, lane::normal).policy == SCHED_IDLE; }));
}

TEST_F(ComputeLaneStarved, ForeignLaneMovesByItself) {
    compute_pool pool(options(lanes::give_way));
    test_region stuck(occupation(), priority::normal, lane::foreign);
    pool.submit(stuck);
    ASSERT_TRUE(wait_without_beat([&] { return begun_.load(); }));
    kernel_.starved.store(true);
    EXPECT_NE(weight_of_region(pool, lane::foreign).policy, SCHED_IDLE);
    goes_on_.store(true);
    stuck.wait();
    EXPECT_EQ(reports(), 1U);
}

// What the kernel itself says.
TEST(ThreadWatch, TellsCpuTimeAndReadiness) {
    auto& kernel = twill::detail::thread_watch::kernel();
    const auto self = twill::detail::this_thread_id();
    const auto before = kernel.ran(self);
    par_test::spin(2ms);
    EXPECT_GT(kernel.ran(self), before);
    EXPECT_TRUE(kernel.ready(self));
    EXPECT_GE(kernel.waited(self), 0ns);
}

TEST(ThreadWatch, TellsWhoSleeps) {
    atomic<bool> known{false};
    twill::detail::thread_id sleeper{};
    std::binary_semaphore go_on{0};
    std::jthread thread([&] {
        sleeper = twill::detail::this_thread_id();
        known.store(true);
        go_on.acquire();
    });
    auto& kernel = twill::detail::thread_watch::kernel();
    ASSERT_TRUE(wait_without_beat([&] { return known.load(); }));
    EXPECT_TRUE(wait_without_beat([&] { return !kernel.ready(sleeper); }));
    go_on.release();
}

TEST(ThreadWatch, SaysNothingOfAThreadThatIsGone) {
    auto& kernel = twill::detail::thread_watch::kernel();
    twill::detail::thread_id gone{};
    std::jthread([&] { gone = twill::detail::this_thread_id(); }).join();
    // A join returns a moment before the kernel has forgotten the thread.
    EXPECT_TRUE(wait_without_beat([&] {
        return kernel.ran(gone) == 0ns && kernel.waited(gone) == 0ns && !kernel.ready(gone);
    }));
}

}  // namespace
