// ticker: whoever works is ticked, also when it begins just as the ticker goes to rest; and nobody
// is once it has left.
#include <twill/runtime/detail/ticker.hpp>

#include <cstdint>
#include <memory>
#include <new>

#include "expectations.hpp"

namespace model_test {
namespace {

using twill::detail::pulse;
using twill::detail::ticker;
using twill::detail::ticker_client;

// Those of the body's run: it begins without a thread.
ticker& new_ticker() { return *::new (static_cast<void*>(&ticker::process())) ticker; }

// Somebody who works or not, and is ticked.
class client final : public ticker_client {
public:
    explicit client(pulse wants) : wants_(wants) {}

    pulse tick() noexcept override {
        // As in compute_core and event_watch.
        if (working_.load(std::memory_order_seq_cst) == 0) return pulse::none;
        ticked_.set();
        return wants_;
    }
    // Until it is ticked.
    void work(ticker& by) {
        working_.store(1, std::memory_order_relaxed);
        if (wants_ >= pulse::slow)
            by.arm(working_);
        else
            by.watch(working_);
        ticked_.wait();
        working_.store(0, std::memory_order_relaxed);
    }

private:
    const pulse wants_;
    twill::atomic<std::uint32_t> working_{0};
    model::event ticked_;
};

// The second time, the ticker may be about to rest.
void works_twice(pulse wants) {
    ticker& ticks = new_ticker();
    client only(wants);
    ticks.enrol(only);
    only.work(ticks);
    only.work(ticks);
    ticks.leave(only);
}
void computes_twice() { works_twice(pulse::fast); }
void is_watched_twice() { works_twice(pulse::watch); }

// What one needs is no less than what both need; the first who comes makes the thread.
void two_begin(pulse first_wants, pulse second_wants) {
    ticker& ticks = new_ticker();
    client first(first_wants), second(second_wants);
    ticks.enrol(first);
    ticks.enrol(second);
    model::thread other([&] { first.work(ticks); });
    second.work(ticks);
    other.join();
    ticks.leave(first);
    ticks.leave(second);
}
void two_compute() { two_begin(pulse::fast, pulse::slow); }
void one_computes_and_one_is_watched() { two_begin(pulse::fast, pulse::watch); }

// One works, and goes, while the ticker looks at the other.
void leaves_and_is_gone() {
    ticker& ticks = new_ticker();
    auto first = std::make_unique<client>(pulse::fast);
    ticks.enrol(*first);
    client second(pulse::slow);
    ticks.enrol(second);
    first->work(ticks);
    ticks.leave(*first);
    first.reset();
    second.work(ticks);
    ticks.leave(second);
}

constexpr model::settings timed{
    .how = model::search::bounded, .deviations = 2, .early_timeouts = true};

const scenarios protocol{{timed, computes_twice},
                         {timed, is_watched_twice},
                         {timed, two_compute},
                         {timed, one_computes_and_one_is_watched},
                         {timed, leaves_and_is_gone}};

TEST(ticker, ticks_for_who_computes) { expect_holds(protocol[0]); }
TEST(ticker, ticks_for_who_is_watched) { expect_holds(protocol[1]); }
TEST(ticker, ticks_for_both_who_compute) { expect_holds(protocol[2]); }
TEST(ticker, ticks_for_who_is_watched_beside_who_computes) { expect_holds(protocol[3]); }
TEST(ticker, does_not_tick_who_has_left) { expect_holds(protocol[4]); }

TEST(ticker, needs_its_orders) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    // All that is seq_cst is so for kernels without membarrier(), which the model is not.
    EXPECT_EQ(
        needless_orders(protocol, "ticker."),
        (names{"ticker::arm load: seq_cst -> acquire",
               "ticker::lie_down compare, failing: seq_cst -> acquire",
               "ticker::lie_down compare: seq_cst -> acq_rel",
               "ticker::lie_down load: seq_cst -> acquire",
               "ticker::lie_down load: seq_cst -> acquire",
               "ticker::lie_down load: seq_cst -> acquire",
               "ticker::lie_down store: seq_cst -> release",
               "ticker::lie_down store: seq_cst -> release",
               "ticker::loop load: seq_cst -> acquire", "ticker::start store: seq_cst -> release",
               "ticker::wake compare, failing: seq_cst -> acquire",
               "ticker::wake compare: seq_cst -> acq_rel", "ticker::wake load: seq_cst -> acquire",
               "ticker::watch load: seq_cst -> acquire"}));
}

TEST(ticker, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(protocol, {{"asymmetric_barrier::heavy barrier", omit},
                                   {"ticker::arm load", pretend, 0, 1},
                                   {"ticker::watch load", pretend, 0, 1},
                                   {"ticker::wake load", pretend, 0, 1},
                                   {"ticker::wake compare", omit},
                                   {"ticker::wake notify", omit},
                                   {"futex_mutex::lock compare", omit}}),
              names{});
}

}  // namespace
}  // namespace model_test
