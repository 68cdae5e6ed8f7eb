// What the pool does for want of a beat, or against too many. The ticker is held where its ticks
// would do the same.
#include <twill/core/event.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/ticker.hpp>

#include <gtest/gtest.h>

#include <chrono>

#include "par/fixtures.hpp"
#include "runtime/compute_core.hpp"

namespace {

using namespace std::chrono_literals;
using par_test::held_ticker;
using par_test::spin;
using par_test::test_region;
using par_test::wait_without_beat;
using twill::compute_pool;
using twill::detail::compute_core;
using twill::detail::compute_worker;
using twill::detail::pulse;
using twill::detail::ticker;
using twill::par::context;

struct promotions final : twill::event_sink {
    void record(const twill::event& what) noexcept override {
        if (what.kind == twill::event_kind::promote) count.fetch_add(1);
    }
    twill::atomic<int> count{0};
};

TEST(compute_beat, who_has_run_out_of_work_asks_those_who_have_some) {
    static promotions sink;  // outlives the threads that may still be inside `record`
    twill::set_event_sink(&sink);
    {
        compute_pool pool({.workers = 2});
        const held_ticker no_ticks;
        twill::atomic<bool> ready{false};
        bool asked = false;
        int given = 0;
        test_region busy([&](context& here) {
            // Its beginning is offered unasked; what comes later is not.
            for (int i = 0; i != 10; ++i) twill::par::join(here, [] {}, [] {});
            ready.store(true);
            const auto of_hungry = here.alarm_of(std::size_t{1} << 20);
            asked = wait_without_beat([&] { return here.poked(of_hungry); });
            const int before = sink.count.load();
            twill::par::join(here, [] {}, [] {});
            given = sink.count.load() - before;
        });
        test_region ends_soon([&] {
            wait_without_beat([&] { return ready.load(); });
            spin(2 * ticker::beat);
        });
        pool.submit(busy);
        pool.submit(ends_soon);
        busy.wait();
        ends_soon.wait();
        EXPECT_TRUE(asked);
        EXPECT_EQ(given, 1);
    }
    twill::set_event_sink(nullptr);
}

// Forks `forks` times, with a beat each; gives how often somebody took a branch, which then lasts
// for `length`.
int taken_in_beats(context& here, int forks, twill::duration length, promotions& sink) {
    int taken = 0;
    for (int i = 0; i != forks; ++i) {
        static_cast<compute_worker&>(here).poke();
        const int before = sink.count.load();
        twill::atomic<bool> begun{false};
        twill::par::join(
            here,
            [&] {
                if (sink.count.load() == before) return;  // the beat gave nothing
                ++taken;
                wait_without_beat([&] { return begun.load(); });
            },
            [&] {
                begun.store(true);
                if (length != twill::duration::zero()) spin(length);
            });
    }
    return taken;
}

TEST(compute_beat, a_worker_whose_branches_are_trifles_gives_fewer_of_them) {
    static promotions sink;  // outlives the threads that may still be inside `record`
    twill::set_event_sink(&sink);
    {
        compute_pool pool({.workers = 2});
        test_region work([](context& here) {
            // Once every 16 beats in the end; more often if a trifle took long, by chance.
            const int trifles = taken_in_beats(here, 128, 0ns, sink);
            EXPECT_GE(trifles, 4);
            EXPECT_LT(trifles, 64);
            // One that was worth it, after 15 beats at most, and all are given again.
            EXPECT_GE(taken_in_beats(here, 32, 100us, sink), 32 - 16);
        });
        pool.submit(work);
        work.wait();
    }
    twill::set_event_sink(nullptr);
}

// A pool of two workers that is asked for its pulse, while `running` regions run in it.
class core_of_two {
public:
    explicit core_of_two(int running) {
        for (int i = 0; i != running; ++i) {
            core_.submit(i == 0 ? first_ : second_);
            EXPECT_TRUE(wait_without_beat([&] { return begun_.load() == i + 1; }));
        }
    }
    // Only while the ticker is held.
    pulse tick() { return core_.tick(); }
    void end_regions() {
        end_.store(true);
        for (int left = begun_.load(); left != 0; --left) (left == 1 ? first_ : second_).wait();
    }

private:
    void run() {
        begun_.fetch_add(1);
        wait_without_beat([&] { return end_.load(); });
    }
    struct body {
        core_of_two* of;
        void operator()() const { of->run(); }
    };

    compute_pool pool_{{.workers = 1}};
    compute_core core_{pool_, {.workers = 2, .max_threads = 4, .patience = twill::duration::max()}};
    twill::atomic<int> begun_{0};
    twill::atomic<bool> end_{false};
    test_region<body> first_{body{this}};
    test_region<body> second_{body{this}};
};

TEST(compute_beat, is_slow_while_no_core_is_free) {
    core_of_two busy(2);
    {
        const held_ticker no_ticks;
        for (int i = 0; i != 20; ++i) EXPECT_EQ(busy.tick(), pulse::slow);
    }
    busy.end_regions();
}

TEST(compute_beat, becomes_slow_when_ticks_lead_to_nothing_and_none_when_nobody_works) {
    core_of_two half(1);
    const held_ticker no_ticks;
    int fast = 0;
    while (fast != 100 && half.tick() == pulse::fast) ++fast;
    EXPECT_LT(fast, 20);
    EXPECT_EQ(half.tick(), pulse::slow);
    half.end_regions();
    EXPECT_TRUE(wait_without_beat([&] { return half.tick() == pulse::none; }));
}

}  // namespace
