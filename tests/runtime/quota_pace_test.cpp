// Threads that compute rest, so that the process stays below its CPU quota.
#include <twill/core/event.hpp>
#include <twill/par/for_each.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/io_activity.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "par/fixtures.hpp"
#include "runtime/cpu_source.hpp"
#include "runtime/quota_pace.hpp"

namespace {

using namespace std::chrono_literals;
using twill::duration;
using twill::time_point;
using twill::detail::quota_pace;

constexpr duration step = 100us;
constexpr duration period = 100ms;

// Threads that compute whenever they do not rest, beside others that use `beside` CPUs, in steps of
// 0.1 ms. Gives the CPU time used in each of some periods.
std::vector<duration> used_by(int threads, double quota, double beside = 0) {
    quota_pace pace;
    pace.set(quota);
    struct thread {
        time_point until{};
        duration rest{};
    };
    std::vector<thread> all(static_cast<std::size_t>(threads));
    std::vector<duration> periods;
    duration used{};
    time_point at = time_point() + 1h;
    for (int p = 0; p < 20; ++p) {
        const duration before = used;
        for (const time_point end = at + period; at < end; at += step)
            for (thread& each : all) {
                if (at < each.until) continue;
                if (each.rest != 0ns) pace.over(std::exchange(each.rest, 0ns));
                used += step + std::chrono::duration_cast<duration>(step * beside / threads);
                each.rest = pace.look(at, used);
                if (each.rest != 0ns) each.until = at + each.rest;
            }
        // The first one begins with something saved up.
        if (p != 0) periods.push_back(used - before);
    }
    return periods;
}

TEST(QuotaPace, NoPeriodUsesMoreThanTheQuotaAndNearlyAllOfItIsUsed) {
    struct {
        int threads;
        double quota;
    } cases[] = {{1, 0.5}, {2, 1.5}, {2, 1.1}, {8, 7.5}, {8, 2.0}, {64, 40.5}};
    for (const auto& each : cases) {
        const auto periods = used_by(each.threads, each.quota);
        const auto most = std::chrono::duration_cast<duration>(period * each.quota);
        for (const duration used : periods) {
            EXPECT_LE(used, most) << each.threads << " threads, quota " << each.quota;
            EXPECT_GE(used, most * 8 / 10) << each.threads << " threads, quota " << each.quota;
        }
    }
}

TEST(QuotaPace, NobodyRestsWithoutAQuotaOrBelowIt) {
    for (const double quota : {std::numeric_limits<double>::infinity(), 3.0})
        for (const duration used : used_by(2, quota)) EXPECT_EQ(used, 2 * period) << quota;
}

TEST(QuotaPace, APauseIsNotSavedUp) {
    quota_pace pace;
    pace.set(1);
    const time_point begin = time_point() + 1h;
    EXPECT_EQ(pace.look(begin, 0ns), 0ns);
    EXPECT_EQ(pace.look(begin + 1s, 0ns), 0ns);
    EXPECT_GT(pace.look(begin + 1s + 5ms, 10ms), 0ns) << "5 ms were used that were not there";
}

TEST(QuotaPace, ARestIsShort) {
    quota_pace pace;
    pace.set(1);
    const time_point begin = time_point() + 1h;
    EXPECT_EQ(pace.look(begin, 0ns), 0ns);
    EXPECT_EQ(pace.look(begin + 10ms, 1s), quota_pace::longest_rest);
}

// ---- the pool

class told final : public twill::detail::cpu_source {
public:
    explicit told(double cpus) : quota_(cpus) {}
    unsigned usable(int) noexcept override { return 1; }
    double quota() noexcept override { return quota_; }

private:
    const double quota_;
};

// Counts rests and the times that a thread gave way.
struct rests final : twill::event_sink {
    void record(const twill::event& what) noexcept override {
        if (what.kind == twill::event_kind::park && what.label == std::string_view("quota"))
            rested.fetch_add(1);
        if (what.kind == twill::event_kind::give_way) gave_way.fetch_add(1);
    }
    twill::atomic<int> rested{0};
    twill::atomic<int> gave_way{0};
};

// How often a loop rested under a quota of so many CPUs, until it did; where it need not, until it
// gave way 200 times. That many are no bound where it must: on a busy machine it gets less than its
// quota for as long.
int rests_under(double quota, bool serves, unsigned workers = 0) {
    static rests seen;  // outlives the threads that may still be inside `record`
    told cpus(quota);
    twill::detail::io_activity io;
    twill::compute_pool pool({.workers = workers, .gives_way_to = &io, .cpus = &cpus});
    seen.rested.store(0);
    seen.gave_way.store(0);
    if (serves) io.turned(true);
    twill::set_event_sink(&seen);
    par_test::test_region work([&] {
        const auto give_up = twill::after(twill::now(), 20s);
        const auto short_run = twill::after(twill::now(), 50ms);
        struct seen_enough {};
        const auto compute = [&](std::size_t) {
            const bool enough = serves ? seen.rested.load() != 0 ||
                                             (quota > 1 && seen.gave_way.load() > 200) ||
                                             twill::now() > give_up
                                       : twill::now() > short_run;
            // The rest of the loop, under such a quota, would take minutes under a sanitizer.
            if (enough) throw seen_enough();
            par_test::spin(20us);
            if (serves) io.turned(true);
        };
        try {
            twill::par::for_each_index(1'000'000'000, compute);
        } catch (const seen_enough&) {
            // The answer is in `seen`.
        }
    });
    pool.submit(work);
    work.wait();
    twill::set_event_sink(nullptr);
    return seen.rested.load();
}

TEST(QuotaPace, WhoComputesRestsWhileTheProgramServes) { EXPECT_GT(rests_under(0.02, true), 0); }

TEST(QuotaPace, SoDoThreadsWhoseNumberIsGiven) { EXPECT_GT(rests_under(0.02, true, 1), 0); }

TEST(QuotaPace, NobodyRestsWhereTheQuotaIsLarge) { EXPECT_EQ(rests_under(3, true), 0); }

TEST(QuotaPace, NobodyRestsInAProgramThatOnlyComputes) { EXPECT_EQ(rests_under(0.02, false), 0); }

}  // namespace
