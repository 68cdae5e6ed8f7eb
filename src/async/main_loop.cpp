#include <twill/async/main_loop.hpp>
#include <twill/core/error.hpp>
#include <twill/core/transfer.hpp>

#include "draining.hpp"

#include <cstdio>
#include <exception>
#include <mutex>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace {

// How many operations that need not wait a task may have in its turn.
constexpr unsigned budget_of_a_turn = 64;

// The loop that this thread drains, and whether it pokes one.
constinit TWILL_THREAD_LOCAL const main_loop* drained = nullptr;
constinit TWILL_THREAD_LOCAL bool pokes = false;

}  // namespace

bool detail::drains_a_main_loop() noexcept { return drained != nullptr; }

main_loop::main_loop(std::function<void()> poke) : poke_(std::move(poke)) {}

void main_loop::drain() noexcept {
    if (pokes) {
        // Locks are held that what it runs would wait for.
        std::fputs("twill: main_loop::drain was called inside of poke: let the loop call it\n",
                   stderr);
        std::terminate();
    }
    {
        std::lock_guard hold(lock_);
        taken_.append(ready_);
        poked_ = false;  // who comes from here on pokes again
    }
    const main_loop* const outside = std::exchange(drained, this);
    runnable* each = taken_.pop_front();
    // If one of them turns the loop, then for the rest, too, which may be what it waits for.
    if (!taken_.empty()) poke();
    for (; each != nullptr; each = taken_.pop_front()) {
        budget_ = budget_of_a_turn;
        each->run(*each);
    }
    drained = outside;
}

void main_loop::post(runnable& work) noexcept {
    // Under the lock, so that it does not go meanwhile.
    std::lock_guard hold(lock_);
    ready_.push_back(work);
    poke_once();
}

void main_loop::poke() noexcept {
    std::lock_guard hold(lock_);
    poke_once();
}

void main_loop::poke_once() noexcept {
    if (std::exchange(poked_, true)) return;
    const bool outside = std::exchange(pokes, true);
    poke_();
    pokes = outside;
}

main_loop::~main_loop() {
    // Who has posted the last piece of work may still be poking.
    const std::lock_guard hold(lock_);
}

bool main_loop::arm(timer& what) noexcept { return pools().arm(what); }
bool main_loop::disarm(timer& what) noexcept { return pools().disarm(what); }
reactor& main_loop::io() noexcept { return pools().io(); }

bool main_loop::may_continue() noexcept {
    if (budget_ == 0) return false;
    --budget_;
    return true;
}

// A timer goes off on a thread of the runtime, and may be the last of the branches that a task here
// waits for.
bool main_loop::may_resume() noexcept { return drained == this; }

// Acquire pairs with the release in `borrow`.
executor& main_loop::pools() noexcept { return *lender_.load(std::memory_order_acquire); }

void main_loop::borrow(executor& from) {
    executor* before = nullptr;
    if (lender_.compare_exchange_strong(before, &from, std::memory_order_acq_rel)) return;
    if (before != &from)
        throw usage_error(
            "a main_loop was used by the tasks of two runtimes: make one for each, in its turn");
}

namespace detail {

bool main_loop_job::start() noexcept {
    there_.attach_to(owner());
    in_->as_executor().post(there_);
    return false;
}

void main_loop_job::there::begin(runnable& self) noexcept {
    auto& it = static_cast<there&>(self);
    note_running(it.place());
    detail::resume(it.work);
}

std::coroutine_handle<> main_loop_job::there::ended() noexcept {
    detach();
    by_->complete();
    return nullptr;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
