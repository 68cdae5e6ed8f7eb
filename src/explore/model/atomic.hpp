// twill::atomic in a model build: outside of a model's run a plain value, inside of one the
// explorer's.
//
// It has the operations of std::atomic that twill uses, and one more argument each, which names the
// place of the call. Like std::atomic's, its destructor is trivial (fork_job keeps atomics in a
// union): that an object is gone is told to the model by its memory, see plain_data and `ends`.
#pragma once

#include "entrance.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <type_traits>

namespace twill::inline TWILL_ABI {

template <class T>
class atomic {
    static constexpr std::size_t size =
        sizeof(T);  // NOLINT(bugprone-sizeof-expression): of a pointer
    static_assert(std::is_trivially_copyable_v<T> && size <= 8);
    using place = std::source_location;
    using entrance = explore::model::entrance;

public:
    using value_type = T;
    static constexpr bool is_always_lock_free = true;

    constexpr atomic() noexcept : atomic(T{}) {}
    constexpr atomic(T value) noexcept : value_(value) {  // NOLINT: as std::atomic's
        if (!std::is_constant_evaluated()) entrance::begin(&value_, size);
    }
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;

    T load(std::memory_order order = std::memory_order_seq_cst,
           place at = place::current()) const noexcept {
        return value(entrance::load(use(order, order, at)));
    }
    void store(T desired, std::memory_order order = std::memory_order_seq_cst,
               place at = place::current()) noexcept {
        entrance::store(use(order, order, at), bits(desired));
    }
    T exchange(T desired, std::memory_order order = std::memory_order_seq_cst,
               place at = place::current()) noexcept {
        return value(entrance::exchange(use(order, order, at), bits(desired)));
    }
    bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                                 std::memory_order failure, place at = place::current()) noexcept {
        return compare(expected, desired, use(success, failure, at), false);
    }
    bool compare_exchange_strong(T& expected, T desired,
                                 std::memory_order order = std::memory_order_seq_cst,
                                 place at = place::current()) noexcept {
        return compare(expected, desired, use(order, on_failure(order), at), false);
    }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order success,
                               std::memory_order failure, place at = place::current()) noexcept {
        return compare(expected, desired, use(success, failure, at), true);
    }
    bool compare_exchange_weak(T& expected, T desired,
                               std::memory_order order = std::memory_order_seq_cst,
                               place at = place::current()) noexcept {
        return compare(expected, desired, use(order, on_failure(order), at), true);
    }
    T fetch_add(T by, std::memory_order order = std::memory_order_seq_cst,
                place at = place::current()) noexcept
        requires std::is_integral_v<T>
    {
        return value(entrance::add(use(order, order, at), bits(by)));
    }
    T fetch_sub(T by, std::memory_order order = std::memory_order_seq_cst,
                place at = place::current()) noexcept
        requires std::is_integral_v<T>
    {
        return value(entrance::add(use(order, order, at), 0 - bits(by)));
    }
    T fetch_or(T with, std::memory_order order = std::memory_order_seq_cst,
               place at = place::current()) noexcept
        requires std::is_integral_v<T>
    {
        return value(entrance::set(use(order, order, at), bits(with)));
    }
    T fetch_and(T with, std::memory_order order = std::memory_order_seq_cst,
                place at = place::current()) noexcept
        requires std::is_integral_v<T>
    {
        return value(entrance::clear(use(order, order, at), ~bits(with)));
    }
    void wait(T old, std::memory_order order = std::memory_order_seq_cst,
              place at = place::current()) const noexcept {
        entrance::wait(use(order, order, at), bits(old));
    }
    // As the kernel's futex: sleeps if it is `old`, until a notify, or that virtual time.
    void sleep(T old, std::uint64_t deadline, place at = place::current()) const noexcept {
        constexpr auto relaxed = std::memory_order_relaxed;
        entrance::sleep(use(relaxed, relaxed, at), bits(old), deadline);
    }
    void notify_one(place at = place::current()) noexcept {
        entrance::notify(use(std::memory_order_seq_cst, std::memory_order_seq_cst, at), false);
    }
    void notify_all(place at = place::current()) noexcept {
        entrance::notify(use(std::memory_order_seq_cst, std::memory_order_seq_cst, at), true);
    }

private:
    static std::uint64_t bits(T of) noexcept {
        std::uint64_t result = 0;
        std::memcpy(&result, &of, size);
        return result;
    }
    static T value(std::uint64_t of) noexcept {
        T result;
        // As bytes: GCC warns of a copy onto a class that is trivially copyable but not trivial.
        std::memcpy(static_cast<void*>(&result), &of, size);
        return result;
    }
    static constexpr std::memory_order on_failure(std::memory_order order) noexcept {
        if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
        return order == std::memory_order_release ? std::memory_order_relaxed : order;
    }
    [[nodiscard]] explore::model::use use(std::memory_order success, std::memory_order failure,
                                          const place& at) const noexcept {
        return {const_cast<T*>(&value_), size, at, success, failure};
    }
    static bool compare(T& expected, T desired, const explore::model::use& how,
                        bool weak) noexcept {
        std::uint64_t found = bits(expected);
        if (entrance::compare(how, found, bits(desired), weak)) return true;
        expected = value(found);
        return false;
    }

    T value_;
};

}  // namespace twill::inline TWILL_ABI
