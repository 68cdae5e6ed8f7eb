#include "fork_guard.hpp"

#include <twill/core/event.hpp>
#include <twill/runtime/detail/compute_context.hpp>
#include <twill/runtime/detail/event_worker.hpp>

#include <utility>

namespace twill::inline TWILL_ABI::detail {
namespace {

constinit TWILL_THREAD_LOCAL event_worker* mounted = nullptr;

}  // namespace

event_worker::event_worker(reactor& io, std::function<void()> on_region) noexcept
    : born_in_(fork_generation()), on_region_(std::move(on_region)), io_(io), timers_(now()) {}

event_worker* event_worker::of_this_thread() noexcept { return mounted; }

void report_if_on_event_thread() noexcept {
    if (mounted != nullptr) mounted->note_region();
}

void event_worker::note_region() {
    if (const auto once = std::exchange(on_region_, nullptr)) once();
}

void event_worker::post(runnable& work) noexcept {
    if (mounted == this) {
        local_.push_back(work);
        return;
    }
    runnable* top = injected_.load(std::memory_order_relaxed);
    do {
        work.next = top;
    } while (!injected_.compare_exchange_weak(top, &work, std::memory_order_seq_cst,
                                              std::memory_order_relaxed));
    wake_if_parked();
}

bool event_worker::arm(timer& what) noexcept {
    const auto how = timers_.arm(what);
    if (how == timer_wheel::armed::earliest && mounted != this) wake_if_parked();
    return how != timer_wheel::armed::refused;
}

void event_worker::wake_if_parked() noexcept {
    // The exchange lets one of many posters pay for the wake-up.
    if (parked_.load(std::memory_order_seq_cst) &&
        parked_.exchange(false, std::memory_order_seq_cst))
        io_.wake();
}

void event_worker::drive(const bool& done) noexcept {
    mounted = this;
    while (!done) {
        end_if_forked(born_in_, forked_after::runtime);
        run_ready(done);
        if (done) break;
        take_injected();
        fire_timers();
        if (done) break;
        if (local_.empty())
            park();
        else
            poll(duration::zero());
    }
    mounted = nullptr;
}

void event_worker::run_ready(const bool& done) noexcept {
    for (unsigned i = 0; i < turn_length && !done; ++i) {
        runnable* work = local_.pop_front();
        if (work == nullptr) return;
        budget_ = budget_of_a_turn;
        work->run(*work);
    }
}

void event_worker::take_injected() noexcept {
    if (injected_.load(std::memory_order_relaxed) == nullptr) return;
    // Acquire pairs with the release in `post`: what the poster wrote is seen.
    runnable* newest = injected_.exchange(nullptr, std::memory_order_acquire);
    runnable* oldest = nullptr;
    while (newest != nullptr) {
        runnable* below = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = below;
    }
    while (oldest != nullptr) {
        runnable* above = oldest->next;
        local_.push_back(*oldest);
        oldest = above;
    }
}

void event_worker::fire_timers() noexcept {
    timer* due = timers_.expire(now());
    while (due != nullptr) {
        timer& one = *due;
        due = one.next;
        one.fire(one);
    }
}

void event_worker::park() noexcept {
    parked_.store(true, std::memory_order_seq_cst);
    if (injected_.load(std::memory_order_seq_cst) == nullptr) {
        const time_point next = timers_.next();
        if (next == never) {
            poll(duration::max());
        } else {
            const duration left = next - now();
            poll(left > duration::zero() ? left : duration::zero());
        }
    }
    parked_.store(false, std::memory_order_relaxed);
}

void event_worker::poll(duration limit) noexcept {
    const bool waits = limit != duration::zero();
    if (waits) note(event_kind::park, this);
    const std::size_t completions = io_.poll(limit);
    activity_.turned(completions != 0);
    if (waits) note(event_kind::unpark, this);
}

}  // namespace twill::inline TWILL_ABI::detail
