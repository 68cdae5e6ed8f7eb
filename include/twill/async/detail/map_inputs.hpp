// The inputs of a `map`, handed out one after the other, each with the place for its result.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

// What the mapped function is given: the element itself where it stays (in a container), else a
// copy.
template <class View>
using map_input =
    std::conditional_t<std::ranges::forward_range<View> &&
                           std::is_lvalue_reference_v<std::ranges::range_reference_t<View>>,
                       std::ranges::range_reference_t<View>, std::ranges::range_value_t<View>>;

// One of them, kept until its call has ended.
template <class Input>
class kept_input {
public:
    explicit kept_input(Input&& value) : value_(std::move(value)) {}
    Input&& get() noexcept { return std::move(value_); }

private:
    Input value_;
};
template <class Input>
class kept_input<Input&> {
public:
    explicit kept_input(Input& element) noexcept : element_(&element) {}
    Input& get() const noexcept { return *element_; }

private:
    Input* element_;
};

// Results are kept by value; a call that gives void leaves none.
template <class T>
using map_slot = std::optional<std::conditional_t<std::is_void_v<T>, char, std::remove_cvref_t<T>>>;
template <class T>
using map_results =
    std::conditional_t<std::is_void_v<T>, void, std::vector<typename map_slot<T>::value_type>>;

template <class T>
map_results<T> unwrap(auto& slots) {
    if constexpr (!std::is_void_v<T>) {
        map_results<T> results;
        results.reserve(slots.size());
        for (auto& slot : slots) results.push_back(std::move(*slot));
        return results;
    }
}

template <class View, class Result>
class map_inputs {
public:
    struct item {
        kept_input<map_input<View>> input;
        map_slot<Result>* slot;
        std::size_t number;  // 0 for the first input
    };

    explicit map_inputs(View inputs) : inputs_(std::move(inputs)) {}

    // The next one, or nothing. Any thread.
    std::optional<item> next() {
        std::lock_guard hold(lock_);
        if (!at_) at_.emplace(std::ranges::begin(inputs_));
        if (*at_ == std::ranges::end(inputs_)) return std::nullopt;
        // The elements of a deque stay where they are when others are added.
        map_slot<Result>* slot = nullptr;
        if constexpr (!std::is_void_v<Result>) slot = &slots_.emplace_back();
        std::optional<item> taken(
            item{kept_input<map_input<View>>(static_cast<map_input<View>&&>(**at_)), slot, count_});
        ++*at_;
        ++count_;
        return taken;
    }

    // How many there were, after `next` has given nothing. Any thread.
    [[nodiscard]] std::size_t count() noexcept {
        std::lock_guard hold(lock_);
        return count_;
    }

    // Once all calls have ended: their results, in the order of the inputs.
    map_results<Result> results() { return unwrap<Result>(slots_); }

private:
    futex_mutex lock_;  // guards all below
    View inputs_;
    std::optional<std::ranges::iterator_t<View>> at_;
    std::deque<map_slot<Result>> slots_;
    std::size_t count_ = 0;
};

}  // namespace twill::inline TWILL_ABI::detail
