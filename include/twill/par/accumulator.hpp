// A value per worker, to be combined at the end: the alternative to one value that all write.
//
//     twill::par::accumulator<std::map<std::string, int>> counts;
//     twill::par::for_each(words, [&](twill::par::context& here, const std::string& word) {
//         ++counts.local(here)[word];
//     });
//     auto total = counts.combine([](auto a, auto b) { a.merge(b); ... return a; });
//
// For sums and the like `par::reduce` is simpler, faster, and keeps the order of the elements; an
// accumulator is for what is filled from several places, or is too large to be made for each part
// that a loop gives away.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/par/context.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace par {

// Each worker's value begins as a copy of the neutral one, when the worker first asks for it.
template <std::copy_constructible T>
class accumulator {
public:
    accumulator()
        requires std::default_initializable<T>
        : neutral_() {}
    explicit accumulator(T neutral) : neutral_(std::move(neutral)) {}
    accumulator(const accumulator&) = delete;
    accumulator& operator=(const accumulator&) = delete;
    ~accumulator() { clear(); }

    // The calling worker's value. The reference is good until combine() or clear(), on this thread
    // only.
    //
    // A function that forks while it changes the value must know this: while it waits for a branch,
    // its thread may run other parts of that branch, and these get the same value. So finish a
    // change before the next call of twill::par (`local(here) += f(here)` does: the right side is
    // evaluated first), and do not take the value to be untouched after one.
    //
    // Throws what copying the neutral value throws, and std::bad_alloc. Any thread, several at a
    // time. Costs a nanosecond or two, so a blocked loop may ask once a block.
    [[nodiscard]] T& local(context& here) {
        atomic<slot*>& bucket = bucket_of(here);
        // Acquire pairs with the release below: the owners of other workers' slots are read.
        for (slot* s = bucket.load(std::memory_order_acquire); s != nullptr; s = s->next)
            if (s->owner == &here) return s->value;
        return make_slot(here, bucket);
    }

    [[nodiscard]] T& local() {
        return region([&](context& here) -> T& { return local(here); });
    }

    // op(... op(op(neutral, a), b) ..., z) over the workers' values, which are moved from and gone
    // afterwards: the accumulator is as new. The order is that of chance, so `op` must be
    // associative and commutative.
    // To be called when no thread uses local() any more: after the loop. Throws what `op` throws.
    template <class Op = std::plus<>>
        requires std::invocable<Op&, T, T>
    [[nodiscard]] T combine(Op op = {}) {
        T total = neutral_;
        for_each([&](T& value) { total = std::invoke(op, std::move(total), std::move(value)); });
        clear();
        return total;
    }

    // Calls `function(value)` for each worker's value, one after the other, on this thread. When
    // no thread uses local().
    template <std::invocable<T&> F>
    void for_each(F&& function) {
        for (atomic<slot*>& bucket : buckets_)
            for (slot* s = bucket.load(std::memory_order_acquire); s != nullptr; s = s->next)
                std::invoke(function, s->value);
    }

    // Destroys all values. When no thread uses local().
    void clear() noexcept {
        for (atomic<slot*>& bucket : buckets_)
            for (slot* s = bucket.exchange(nullptr, std::memory_order_acquire); s != nullptr;)
                delete std::exchange(s, s->next);
    }

private:
    // A line of its own each, and its neighbour, which the hardware fetches along.
    struct alignas(128) slot {
        slot(context& of, const T& neutral) : owner(&of), value(neutral) {}
        const context* const owner;
        slot* next = nullptr;
        T value;
    };

    // Lists that only grow, so that a reader needs no lock; several workers may share one. Workers
    // outlive every region, so an address names one worker as long as the accumulator is in use.
    static constexpr unsigned bits = 6;

    atomic<slot*>& bucket_of(const context& here) noexcept {
        const auto address = reinterpret_cast<std::uintptr_t>(&here);
        return buckets_[(std::uint64_t{address} * 0x9E3779B97F4A7C15U) >> (64 - bits)];
    }

    [[gnu::noinline]] T& make_slot(context& here, atomic<slot*>& bucket) {
        auto* const made = new slot(here, neutral_);
        made->next = bucket.load(std::memory_order_relaxed);
        while (!bucket.compare_exchange_weak(made->next, made, std::memory_order_release,
                                             std::memory_order_relaxed)) {
        }
        return made->value;
    }

    const T neutral_;
    atomic<slot*> buckets_[std::size_t{1} << bits] = {};
};

}  // namespace par
}  // namespace twill::inline TWILL_ABI
