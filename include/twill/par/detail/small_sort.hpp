// Sorting a few elements, which is where a sort by comparison spends most of its time.
//
// Elements that are cheap to move are sorted without a branch on a comparison's outcome, of which
// an insertion sort mispredicts one or two an element: runs of up to eight by counting for each
// element how many come before it, then by merges from both ends at once, as in Rust's sort of few
// (Bergdoll and Peters, "ipnsort", 2024). That happens in a copy, so that nothing is lost if a
// comparison throws; and as a comparison that contradicts itself shows, nothing is lost by that
// either. Both ways are stable.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/detail/comparison.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// Gives an element that was taken out its place back, also when a comparison throws.
template <class I>
struct taken_out {
    explicit taken_out(I from) : hole(from), value(std::ranges::iter_move(from)) {}
    ~taken_out() { *hole = std::move(value); }
    taken_out(const taken_out&) = delete;
    taken_out& operator=(const taken_out&) = delete;
    I hole;
    std::iter_value_t<I> value;
};

template <std::random_access_iterator I, class Less>
void insertion_sort(I first, I last, const Less& less) {
    if (first == last) return;
    for (I next = first + 1; next != last; ++next) {
        if (!less(*next, *(next - 1))) continue;
        taken_out<I> element(next);
        do {
            *element.hole = std::ranges::iter_move(element.hole - 1);
            --element.hole;
        } while (element.hole != first && less(element.value, *(element.hole - 1)));
    }
}

// Up to this many elements are a few.
template <class T>
inline constexpr std::ptrdiff_t sorted_as_few = cheap_to_move<T> ? 32 : 20;

// A function that returns false found the comparison contradicting itself; what it wrote is then of
// no use.
template <class T, class Less>
class branchless_sort {
public:
    explicit branchless_sort(const Less& less) : less_(less) {}

    // Sorts n elements, at most 32, of `from` into `from` or `other`, whichever it returns, or
    // nullptr.
    T* sort(T* from, T* other, std::size_t n) const {
        if (n <= base) return rank(from, other, n) ? other : nullptr;
        if (n <= 2 * base) return sort_halves(from, other, n) ? from : nullptr;
        const std::size_t half = n / 2;
        const bool sorted = sort_halves(from, other, half) &&
                            sort_halves(from + half, other + half, n - half) &&
                            merge(from, n, other);
        return sorted ? other : nullptr;
    }

private:
    static constexpr std::size_t base = 8;

    static void* bytes(T* at) { return at; }
    static void put(T* to, const T* from) { std::memcpy(bytes(to), from, sizeof(T)); }

    template <std::size_t N>
    bool rank_some(T* from, T* to) const {
        std::array<unsigned, N> ranks{};
        for (std::size_t i = 1; i != N; ++i)
            for (std::size_t j = 0; j != i; ++j) {
                const bool earlier = less_(from[i], from[j]);
                ranks[j] += earlier ? 1 : 0;
                ranks[i] += earlier ? 0 : 1;
            }
        unsigned taken = 0;
        for (std::size_t i = 0; i != N; ++i) {
            taken |= 1U << ranks[i];
            put(to + ranks[i], from + i);
        }
        return taken == (1U << N) - 1;
    }
    bool rank(T* from, T* to, std::size_t n) const {
        switch (n) {
            case 1:
                return put(to, from), true;
            case 2:
                return rank_some<2>(from, to);
            case 3:
                return rank_some<3>(from, to);
            case 4:
                return rank_some<4>(from, to);
            case 5:
                return rank_some<5>(from, to);
            case 6:
                return rank_some<6>(from, to);
            case 7:
                return rank_some<7>(from, to);
            case 8:
                return rank_some<8>(from, to);
            default:
                return true;
        }
    }

    // Up to twice `base`, in place.
    bool sort_halves(T* from, T* other, std::size_t n) const {
        const std::size_t half = n / 2;
        return rank(from, other, half) && rank(from + half, other + half, n - half) &&
               merge(other, n, from);
    }

    // Merges the sorted [0, n / 2) and [n / 2, n) of `from`. Each end takes n / 2 steps, which keep
    // within the runs whatever the comparison says.
    bool merge(T* from, std::size_t n, T* to) const {
        const auto half = static_cast<std::ptrdiff_t>(n / 2);
        const auto count = static_cast<std::ptrdiff_t>(n);
        std::ptrdiff_t left = 0;
        std::ptrdiff_t right = half;
        std::ptrdiff_t left_back = half - 1;
        std::ptrdiff_t right_back = count - 1;
        for (std::ptrdiff_t k = 0; k != half; ++k) {
            const std::ptrdiff_t take_right = one_if(less_(from[right], from[left]));
            put(to + k, from + left + ((right - left) & -take_right));
            right += take_right;
            left += 1 - take_right;
            const std::ptrdiff_t take_left = one_if(less_(from[right_back], from[left_back]));
            put(to + count - 1 - k, from + right_back + ((left_back - right_back) & -take_left));
            left_back -= take_left;
            right_back -= 1 - take_left;
        }
        if (count != 2 * half) {
            const bool is_left = left <= left_back;
            put(to + half, from + (is_left ? left : right));
            left += is_left ? 1 : 0;
            right += is_left ? 0 : 1;
        }
        return left == left_back + 1 && right == right_back + 1;
    }

    const Less less_;
};

// Sorts up to sorted_as_few elements.
template <std::random_access_iterator I, class Less>
void sort_few(I first, I last, const Less& less) {
    using T = std::iter_value_t<I>;
    if constexpr (cheap_to_move<T>) {
        constexpr auto most = static_cast<std::size_t>(sorted_as_few<T>);
        const auto count = static_cast<std::size_t>(last - first);
        if (count < 2) return;
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled here
        alignas(T) std::byte room[2][most * sizeof(T)];
        T* const copy = reinterpret_cast<T*>(room[0]);
        for (std::size_t i = 0; i != count; ++i)
            std::construct_at(copy + i, std::ranges::iter_move(
                                            first + static_cast<std::iter_difference_t<I>>(i)));
        T* const sorted =
            branchless_sort<T, Less>(less).sort(copy, reinterpret_cast<T*>(room[1]), count);
        if (sorted != nullptr) return static_cast<void>(std::move(sorted, sorted + count, first));
    }
    insertion_sort(first, last, less);
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
