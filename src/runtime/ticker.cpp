#include <twill/runtime/detail/ticker.hpp>

#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include "compute_parker.hpp"
#include "futex.hpp"
#include "signal_mask.hpp"
#include "thread_slice.hpp"
#include "timer_slack.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {
namespace {

// Going to rest and being woken costs a system call on either side, so it is put off for 2 ms:
// parallel calls in quick succession then find the ticker running.
constexpr int beats_until_rest = 20;

// After waking up.
constexpr int first_beats = 4;
constexpr duration first_beat = std::chrono::microseconds(30);

void be_a_quiet_thread() noexcept {
    ::pthread_setname_np(::pthread_self(), "twill-ticker");
    want_exact_timers();  // the usual slack is half a beat
}

// Whether this thread holds both locks for a fork.
constinit thread_local bool forking = false;

}  // namespace

constinit ticker ticker::of_process_;

void ticker::before_fork() noexcept {
    if (forking) return;
    forking = true;
    of_process_.starting_.lock();
    of_process_.lock_.lock();
}

void ticker::after_fork_in_parent() noexcept {
    if (!forking) return;
    of_process_.lock_.unlock();
    of_process_.starting_.unlock();
    forking = false;
}

void ticker::after_fork_in_child() noexcept {
    if (!forking) return;
    of_process_.first_ = nullptr;
    of_process_.state_.store(unborn, std::memory_order_seq_cst);
    after_fork_in_parent();
}

// As `watch_for_fork` does, and for the same reason: two threads may both register the handlers,
// which is why those do nothing when they are called again for the same fork.
void ticker::watch_forks() noexcept {
    static constinit atomic<bool> watched{false};
    if (watched.load(std::memory_order_relaxed)) return;
    if (::pthread_atfork(&before_fork, &after_fork_in_parent, &after_fork_in_child) == 0)
        watched.store(true, std::memory_order_relaxed);
}

void ticker::prepare() noexcept {
    if (state_.load(std::memory_order_relaxed) == unborn) start();
}

void ticker::enrol(ticker_client& client) noexcept {
    watch_forks();
    std::lock_guard hold(lock_);
    client.next_ = first_;
    first_ = &client;
}

void ticker::leave(ticker_client& client) noexcept {
    std::lock_guard hold(lock_);
    ticker_client** link = &first_;
    while (*link != &client) link = &(*link)->next_;
    *link = client.next_;
}

void ticker::wake(std::uint32_t into) noexcept {
    std::uint32_t seen = state_.load(std::memory_order_seq_cst);
    while (seen == resting || (seen == dozing && into == ticking))
        if (state_.compare_exchange_weak(seen, into, std::memory_order_seq_cst))
            return futex_wake_one(&state_);
    if (seen == unborn) start();
}

void ticker::start() noexcept {
    std::lock_guard hold(starting_);
    if (state_.load(std::memory_order_relaxed) != unborn) return;
    // Before the thread exists: it may already go to rest when this function goes on.
    state_.store(ticking, std::memory_order_seq_cst);
    const blocked_signals inherited(signals_of_the_program());
    try {
        std::thread(&ticker::loop, this).detach();
    } catch (const std::system_error&) {
        state_.store(unborn, std::memory_order_seq_cst);  // tried again by the next caller
    } catch (const std::bad_alloc&) {
        state_.store(unborn, std::memory_order_seq_cst);
    }
}

void ticker::loop() noexcept {
    be_a_quiet_thread();
    const short_slice soon;
    asymmetric_barrier::prepare();
    int quiet = 0;
    for (pulse wanted = begin();;) {
        quiet = wanted >= pulse::slow ? 0 : std::min(quiet + 1, beats_until_rest + 1);
        if (quiet <= beats_until_rest) {
            const duration length = wanted == pulse::slow ? slow_beat : beat;
            const timespec pause{0, length.count()};
            ::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
            wanted = tick_all();
        } else {
            wanted = lie_down(wanted);
            if (state_.load(std::memory_order_seq_cst) == ticking) quiet = 0;
        }
    }
}

// Awake on a processor that was idle, as most are then: where that is a virtual one, to fall asleep
// for 100 us and be woken takes up to a millisecond. So the first beats are waited for awake, until
// somebody has been woken to share the work.
pulse ticker::begin() noexcept {
    pulse wanted = tick_all();
    for (int i = 0; i != first_beats && wanted == pulse::fast; ++i) {
        for (const time_point until = after(now(), first_beat); now() < until;) pause_processor();
        wanted = tick_all();
    }
    return wanted;
}

pulse ticker::tick_all() noexcept {
    std::lock_guard hold(lock_);
    pulse wanted = pulse::none;
    for (ticker_client* client = first_; client != nullptr; client = client->next_)
        wanted = std::max(wanted, client->tick());
    return wanted;
}

// Sleeps until somebody needs it, or as long as who watches can do without it; gives what is wanted
// then.
pulse ticker::lie_down(pulse wanted) noexcept {
    const std::uint32_t how = wanted == pulse::none ? resting : dozing;
    std::uint32_t before = state_.load(std::memory_order_seq_cst);
    if (before != how) {
        // Fails when it is woken just now.
        if (!state_.compare_exchange_strong(before, how, std::memory_order_seq_cst)) return begin();
        // The second look of the argument at `state_`.
        asymmetric_barrier::heavy();
        if (const pulse more = tick_all(); more > wanted) {
            if (more >= pulse::slow) state_.store(ticking, std::memory_order_seq_cst);
            return more;
        }
    }
    const time_point until = how == resting           ? never
                             : wanted == pulse::watch ? after(now(), watch_beat)
                                                      : after(now(), look_beat);
    while (state_.load(std::memory_order_seq_cst) == how && now() < until)
        futex_wait(state_, how, until);
    if (state_.load(std::memory_order_seq_cst) == ticking) return begin();
    const pulse next = tick_all();
    if (next >= pulse::slow) state_.store(ticking, std::memory_order_seq_cst);
    return next;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
