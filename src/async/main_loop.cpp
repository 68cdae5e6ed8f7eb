#include <twill/async/main_loop.hpp>
#include <twill/core/error.hpp>
#include <twill/core/transfer.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI {
namespace {

// How many operations that need not wait a task may have in its turn.
constexpr unsigned budget_of_a_turn = 64;

}  // namespace

main_loop::main_loop(std::function<void()> poke) : poke_(std::move(poke)) {}

void main_loop::drain() noexcept {
    runnable_queue now;
    {
        std::lock_guard hold(lock_);
        now.append(ready_);
        poked_ = false;  // who comes from here on pokes again
    }
    while (runnable* const each = now.pop_front()) {
        budget_ = budget_of_a_turn;
        each->run(*each);
    }
}

void main_loop::post(runnable& work) noexcept {
    // Under the lock, so that it does not go meanwhile.
    std::lock_guard hold(lock_);
    ready_.push_back(work);
    if (!std::exchange(poked_, true)) poke_();
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
