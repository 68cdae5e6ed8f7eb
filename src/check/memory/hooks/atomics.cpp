// Atomic operations of programs compiled with -fsanitize=thread: the compiler leaves them to us
// altogether.
//
// What is explored is sequentially consistent, so each is done as such; the order that the program
// asked for counts for happens-before only, and there exactly.
#include "check/memory_mode.hpp"
#include "check/scheduler.hpp"
#include "check/system.hpp"

#include <cstdint>
#include <cstring>

using namespace twill::check;

namespace {

__extension__ using wide = unsigned __int128;

// ---- the operations themselves

// 16 bytes are done under a lock of our own: the threads that the explorer runs need none, and the
// compiler's own way would be a call into libatomic.
class wide_lock {
public:
    wide_lock() noexcept {
        while (__atomic_test_and_set(&taken, __ATOMIC_ACQUIRE)) {
        }
    }
    ~wide_lock() { __atomic_clear(&taken, __ATOMIC_RELEASE); }
    wide_lock(const wide_lock&) = delete;
    wide_lock& operator=(const wide_lock&) = delete;

private:
    static inline constinit bool taken = false;
};

// The value before, and what `change` makes of it, in one step.
template <class T, class Change>
T replace(volatile T* object, Change change) noexcept {
    T before = __atomic_load_n(object, __ATOMIC_SEQ_CST);
    while (!__atomic_compare_exchange_n(object, &before, change(before), false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
    }
    return before;
}
template <class Change>
wide replace(volatile wide* object, Change change) noexcept {
    const wide_lock held;
    const wide before = *object;
    *object = change(before);
    return before;
}

template <class T>
T read(const volatile T* object) noexcept {
    return __atomic_load_n(object, __ATOMIC_SEQ_CST);
}
wide read(const volatile wide* object) noexcept {
    const wide_lock held;
    return *object;
}

template <class T>
void write(volatile T* object, T value) noexcept {
    __atomic_store_n(object, value, __ATOMIC_SEQ_CST);
}
void write(volatile wide* object, wide value) noexcept {
    const wide_lock held;
    *object = value;
}

// ---- and as the program asked for them

template <class T>
T load(const volatile T* object, int how, const void* pc) noexcept {
    const bool told = before_atomic(object, sizeof(T), atomic_op::load, pc);
    const T value = read(object);
    if (told) after_atomic(object, sizeof(T), atomic_op::load, order::of(how), true, pc);
    return value;
}

template <class T>
void store(volatile T* object, T value, int how, const void* pc) noexcept {
    const bool told = before_atomic(object, sizeof(T), atomic_op::store, pc);
    write(object, value);
    if (told) after_atomic(object, sizeof(T), atomic_op::store, order::of(how), true, pc);
}

template <class T, class Change>
T modify(volatile T* object, int how, const void* pc, Change change) noexcept {
    const bool told = before_atomic(object, sizeof(T), atomic_op::read_modify_write, pc);
    const T before = replace(object, change);
    if (told)
        after_atomic(object, sizeof(T), atomic_op::read_modify_write, order::of(how),
                     change(before) != before, pc);
    return before;
}

// The value before; it was exchanged if that is what was expected.
template <class T>
T exchange_if(volatile T* object, T expected, T value, int how, int how_if_not,
              const void* pc) noexcept {
    const bool told = before_atomic(object, sizeof(T), atomic_op::read_modify_write, pc);
    const T before = replace(object, [&](T found) { return found == expected ? value : found; });
    if (told && before == expected)
        after_atomic(object, sizeof(T), atomic_op::read_modify_write, order::of(how),
                     value != expected, pc);
    else if (told)  // a load, then
        after_atomic(object, sizeof(T), atomic_op::load, order::of(how_if_not), false, pc);
    return before;
}

}  // namespace

// NOLINTBEGIN(bugprone-macro-parentheses): the names are pasted, the types are no expressions
#define TWILL_MODIFY(bits, T, name, expression)                                             \
    TWILL_INTERPOSED T __tsan_atomic##bits##_##name(volatile T* object, T value, int how) { \
        return modify(object, how, TWILL_CALLER,                                            \
                      [value](T old) { return static_cast<T>(expression); });               \
    }
#define TWILL_COMPARE_EXCHANGE(bits, T, name)                                                  \
    TWILL_INTERPOSED int __tsan_atomic##bits##_compare_exchange_##name(                        \
        volatile T* object, T* expected, T value, int how, int how_if_not) {                   \
        const T before = exchange_if(object, *expected, value, how, how_if_not, TWILL_CALLER); \
        if (before == *expected) return 1;                                                     \
        *expected = before;                                                                    \
        return 0;                                                                              \
    }
#define TWILL_ATOMIC(bits, T)                                                                 \
    TWILL_INTERPOSED T __tsan_atomic##bits##_load(const volatile T* object, int how) {        \
        return load(object, how, TWILL_CALLER);                                               \
    }                                                                                         \
    TWILL_INTERPOSED void __tsan_atomic##bits##_store(volatile T* object, T value, int how) { \
        store(object, value, how, TWILL_CALLER);                                              \
    }                                                                                         \
    TWILL_MODIFY(bits, T, exchange, (static_cast<void>(old), value))                          \
    TWILL_MODIFY(bits, T, fetch_add, old + value)                                             \
    TWILL_MODIFY(bits, T, fetch_sub, old - value)                                             \
    TWILL_MODIFY(bits, T, fetch_and, old& value)                                              \
    TWILL_MODIFY(bits, T, fetch_or, old | value)                                              \
    TWILL_MODIFY(bits, T, fetch_xor, old ^ value)                                             \
    TWILL_MODIFY(bits, T, fetch_nand, ~(old & value))                                         \
    TWILL_COMPARE_EXCHANGE(bits, T, strong)                                                   \
    TWILL_COMPARE_EXCHANGE(bits, T, weak)                                                     \
    TWILL_INTERPOSED T __tsan_atomic##bits##_compare_exchange_val(                            \
        volatile T* object, T expected, T value, int how, int how_if_not) {                   \
        return exchange_if(object, expected, value, how, how_if_not, TWILL_CALLER);           \
    }
// NOLINTEND(bugprone-macro-parentheses)

TWILL_ATOMIC(8, std::uint8_t)
TWILL_ATOMIC(16, std::uint16_t)
TWILL_ATOMIC(32, std::uint32_t)
TWILL_ATOMIC(64, std::uint64_t)
TWILL_ATOMIC(128, wide)

TWILL_INTERPOSED void __tsan_atomic_thread_fence(int how) { fence(order::of(how)); }
TWILL_INTERPOSED void __tsan_atomic_signal_fence(int) {}
