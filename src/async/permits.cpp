#include <twill/async/detail/permits.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI::detail {

void permits::give_to_waiters(std::uint64_t n) noexcept {
    woken_waiters woken;
    {
        std::lock_guard hold(lock_);
        // They may have gone meanwhile; then everybody takes from the word again.
        word_.fetch_add(n * one, std::memory_order_acq_rel);
        if (!waiting_.empty()) grant(woken);
    }
    woken.wake_all();
}

// Under the lock, while the flag is set.
void permits::grant(woken_waiters& woken) noexcept {
    // Relaxed: all that was given back before the flag was set was acquired by who set it, and all
    // that came later came under the lock.
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    while (!waiting_.empty() && waiting_.front().amount * one <= word) {
        const std::uint64_t n = waiting_.front().amount;
        if (waiter* const next = waiting_.claim_front()) {
            word -= n * one;
            woken.push_back(*next);
        }
    }
    if (waiting_.empty()) word &= ~waited_for;
    // Release: for `let_out`, and for who takes what is left.
    word_.store(word, std::memory_order_release);
}

bool permits::take(waiter& who, woken_waiters& /*woken*/) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & waited_for) == 0 && seen >= who.amount * one)
        if (word_.compare_exchange_weak(seen, seen - who.amount * one, std::memory_order_acquire,
                                        std::memory_order_relaxed))
            return true;
    return false;
}

// They may come back while nobody waits, without the lock.
bool permits::queue(waiter& who) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & waited_for) == 0) {
        const bool enough = seen >= who.amount * one;
        if (!word_.compare_exchange_weak(seen, enough ? seen - who.amount * one : seen | waited_for,
                                         std::memory_order_acq_rel, std::memory_order_relaxed))
            continue;
        if (enough) return true;
        break;
    }
    waiting_.push_back(who);
    return false;
}

bool permits::cut(waiter& who, woken_waiters& woken) noexcept {
    if (!waiting_.cut(who)) return false;
    grant(woken);
    return true;
}

}  // namespace twill::inline TWILL_ABI::detail
