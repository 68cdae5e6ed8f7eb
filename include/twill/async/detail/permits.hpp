// A number of permits that tasks and threads take and give back: what mutex, shared_mutex and
// semaphore are made of (as in Tokio, whose batch semaphore this follows).
//
// First come, first served: who wants many is not overtaken by those who want few, and nobody who
// just comes along overtakes who waits.
#pragma once

#include <twill/async/detail/waiter.hpp>
#include <twill/core/config.hpp>

#include <cstdint>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

// `word_` is the number of free permits, times two, plus one while somebody waits.
//   1. While nobody waits, permits are taken and given back by a compare-and-swap on it: release
//      where they are given back, acquire where they are taken.
//   2. The flag is set and cleared under the lock, and is set exactly while the list is not empty.
//      While it is set, the word changes under the lock only, and whoever gives permits back goes
//      through the lock: so none is given back past somebody who waits for it.
//   3. Whenever the word or the head of the list changed under the lock, those at the head who now
//      find enough are granted: also when the one before them was cut.
class TWILL_API permits final : public two_phase_place {
public:
    explicit constexpr permits(std::uint64_t free) noexcept
        : two_phase_place(lock_), word_(free * one) {}

    bool try_take(std::uint64_t n) noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        while ((seen & waited_for) == 0 && seen >= n * one)
            if (word_.compare_exchange_weak(seen, seen - n * one, std::memory_order_acquire,
                                            std::memory_order_relaxed)) {
                let_out();
                return true;
            }
        return false;
    }
    void give_back(std::uint64_t n) noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        while ((seen & waited_for) == 0)
            if (word_.compare_exchange_weak(seen, seen + n * one, std::memory_order_release,
                                            std::memory_order_relaxed))
                return;
        give_to_waiters(n);
    }
    // Blocks the thread. Throws usage_error on an event thread.
    void take_blocking(std::uint64_t n, const char* instead);

    [[nodiscard]] std::uint64_t free() const noexcept {
        return word_.load(std::memory_order_acquire) / one;
    }

    bool take(waiter& who, woken_waiters& woken) noexcept override;
    bool queue(waiter& who) noexcept override;
    bool take_or_queue(waiter& who, woken_waiters& /*woken*/) noexcept override {
        return queue(who);
    }
    bool cut(waiter& who, woken_waiters& woken) noexcept override;

private:
    static constexpr std::uint64_t waited_for = 1;
    static constexpr std::uint64_t one = 2;

    void give_to_waiters(std::uint64_t n) noexcept;
    void grant(woken_waiters& woken) noexcept;

    futex_mutex lock_;
    atomic<std::uint64_t> word_;
    wait_list waiting_;
};

// Permits that are given back at the end of a scope.
class held_permits {
public:
    held_permits() noexcept = default;
    held_permits(permits& from, std::uint64_t n) noexcept : from_(&from), n_(n) {}
    held_permits(held_permits&& other) noexcept
        : from_(std::exchange(other.from_, nullptr)), n_(other.n_) {}
    held_permits& operator=(held_permits&& other) noexcept {
        if (this == &other) return *this;
        give_back();
        from_ = std::exchange(other.from_, nullptr);
        n_ = other.n_;
        return *this;
    }
    ~held_permits() { give_back(); }

    void give_back() noexcept {
        if (permits* const from = std::exchange(from_, nullptr)) from->give_back(n_);
    }
    void keep() noexcept { from_ = nullptr; }
    [[nodiscard]] permits* from() const noexcept { return from_; }
    [[nodiscard]] std::uint64_t count() const noexcept { return n_; }

private:
    permits* from_ = nullptr;
    std::uint64_t n_ = 0;
};

// Takes permits; gives a Guard, which is made from them.
template <class Guard>
class take_operation final : public place_wait {
public:
    take_operation(const char* what, permits& from, std::uint64_t n) noexcept
        : place_wait(what, from), from_(&from) {
        amount = n;
    }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        return begin_unless(self, [this] { return from_->try_take(amount); });
    }
    Guard await_resume() const {
        throw_if_cut();
        return Guard(held_permits(*from_, amount));
    }

private:
    permits* from_;
};

template <class Guard>
struct [[nodiscard("it waits when it is awaited, and gives a guard")]] taking {
    const char* what;
    permits* from;
    std::uint64_t n;
    take_operation<Guard> operator co_await() const noexcept {
        return take_operation<Guard>(what, *from, n);
    }

    // As a case of a select.
    struct parcel {};
    [[nodiscard]] two_phase_place& place() const noexcept { return *from; }
    void prepare(waiter& who, parcel& /*with*/) const noexcept { who.amount = n; }
    Guard result(parcel& /*from*/) const { return Guard(held_permits(*from, n)); }
};

}  // namespace twill::inline TWILL_ABI::detail
