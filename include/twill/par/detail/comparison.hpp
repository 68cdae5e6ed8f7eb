// What elements are sorted by.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/for_each.hpp>

#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// Moving one costs about as much as deciding whether to.
template <class T>
inline constexpr bool cheap_to_move = std::is_trivially_copyable_v<T> && sizeof(T) <= 16;

// Outcomes of comparisons that are used as numbers: seen as a bool, a compiler may make a branch of
// it again, which is mispredicted every other time.
inline std::ptrdiff_t one_if(bool outcome) noexcept {
    std::ptrdiff_t number = outcome ? 1 : 0;
    asm("" : "+r"(number));  // NOLINT(hicpp-no-assembler): does nothing, but hides where it is from
    return number;
}

// A function of the caller, or a copy of it if that is as good: what it holds, such as which member
// to sort by, then stays in a register while elements are written.
template <class F>
class held_function {
public:
    explicit held_function(F* function) : held_(hold(function)) {}

    template <class... Arguments>
    decltype(auto) operator()(Arguments&&... arguments) const {
        if constexpr (copied_for_block<F>)
            return std::invoke(held_, std::forward<Arguments>(arguments)...);
        else
            return std::invoke(*held_, std::forward<Arguments>(arguments)...);
    }

private:
    static auto hold(F* function) {
        if constexpr (copied_for_block<F>)
            return *function;
        else
            return function;
    }
    mutable std::conditional_t<copied_for_block<F>, F, F*> held_;
};

// A comparison of elements: compare(project(a), project(b)).
template <class Compare, class Project>
class projected_less {
public:
    projected_less(Compare* compare, Project* project) : compare_(compare), project_(project) {}

    template <class A, class B>
    bool operator()(A&& a, B&& b) const {
        return static_cast<bool>(
            compare_(project_(std::forward<A>(a)), project_(std::forward<B>(b))));
    }

private:
    held_function<Compare> compare_;
    held_function<Project> project_;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
