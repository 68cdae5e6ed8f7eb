// Merging two sorted runs into another place, and the merge sort made of it.
//
// A merge is cut where binary searches say that both runs divide alike, and its parts are joined.
// What throws leaves no element behind: `merge_moving` always ends with all elements in the
// output, and the sort takes note of which half of its elements is where.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/quicksort.hpp>
#include <twill/par/detail/scratch.hpp>
#include <twill/par/join.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// Merged by one thread: a few beats' work at most, and long beside the searches for a cut.
inline constexpr std::ptrdiff_t merged_serially = 8192;

// The elements that two runs still have are moved behind what was merged, in any case.
template <class I, class O>
struct rest_of_runs {
    I left;
    I left_end;
    I right;
    I right_end;
    O out;
    ~rest_of_runs() {
        std::ranges::move(right, right_end, std::ranges::move(left, left_end, out).out);
    }
};

template <class I, class O, class Less>
void merge_moving(I left, I left_end, I right, I right_end, O out, const Less& less) {
    rest_of_runs<I, O> at{left, left_end, right, right_end, out};
    // Which run is advanced is computed, not branched upon.
    while (at.left != at.left_end && at.right != at.right_end) {
        const bool take_right = less(*at.right, *at.left);
        if constexpr (cheap_to_move<std::iter_value_t<I>>)
            *at.out = take_right ? *at.right : *at.left;
        else
            *at.out = std::ranges::iter_move(take_right ? at.right : at.left);
        at.right += take_right;
        at.left += !take_right;
        ++at.out;
    }
}

// `merged` is set as soon as it is certain that all elements will be in the output.
template <class I, class O, class Less>
void merge_in_parallel(par::context& here, I left, I left_end, I right, I right_end, O out,
                       const Less& less, bool& merged) {
    const auto count = (left_end - left) + (right_end - right);
    if (count <= merged_serially) {
        merged = true;
        return merge_moving(left, left_end, right, right_end, out, less);
    }
    // Equal elements of the left come before those of the right.
    const auto find_cut = [&]() -> std::pair<I, I> {
        if (left_end - left >= right_end - right) {
            const I middle = left + (left_end - left) / 2;
            return {middle, std::lower_bound(right, right_end, *middle, std::ref(less))};
        }
        const I middle = right + (right_end - right) / 2;
        return {std::upper_bound(left, left_end, *middle, std::ref(less)), middle};
    };
    const std::pair<I, I> cut = find_cut();
    const I left_cut = cut.first;
    const I right_cut = cut.second;
    const O middle = out + ((left_cut - left) + (right_cut - right));
    bool lower = false;
    bool upper = false;
    try {
        par::join(
            here,
            [&](par::context& c) {
                merge_in_parallel(c, left, left_cut, right, right_cut, out, less, lower);
            },
            [&](par::context& c) {
                merge_in_parallel(c, left_cut, left_end, right_cut, right_end, middle, less, upper);
            });
        merged = true;
    } catch (...) {
        if (!lower) static_cast<void>(rest_of_runs<I, O>{left, left_cut, right, right_cut, out});
        if (!upper)
            static_cast<void>(rest_of_runs<I, O>{left_cut, left_end, right_cut, right_end, middle});
        merged = true;
        throw;
    }
}

// A stable merge sort between two places of the same size.
template <class Less>
class merge_sort {
public:
    explicit merge_sort(const Less& less) : less_(less) {}

    // Sorts the `count` elements at `from` into `to`. If it throws, all are at `from`, in some
    // order.
    template <class From, class To>
    void into(par::context& here, From from, To to, std::ptrdiff_t count) const {
        if (count <= few) {
            sort_few(from, from + count, less_);
            std::ranges::move(from, from + count, to);
            return;
        }
        const std::ptrdiff_t half = count / 2;
        bool merged = false;
        try {
            par::join(
                here, [&](par::context& c) { in_place(c, from, to, half); },
                [&](par::context& c) { in_place(c, from + half, to + half, count - half); });
            merge_in_parallel(here, from, from + half, from + half, from + count, to, less_,
                              merged);
        } catch (...) {
            if (merged) std::ranges::move(to, to + count, from);
            throw;
        }
    }

    // Sorts the elements at `from` where they are, with `room` as the other place.
    template <class From, class Room>
    void in_place(par::context& here, From from, Room room, std::ptrdiff_t count) const {
        if (count <= few) return sort_few(from, from + count, less_);
        const std::ptrdiff_t half = count / 2;
        halves at;
        try {
            par::join(
                here,
                [&](par::context& c) {
                    into(c, from, room, half);
                    at.left = true;
                },
                [&](par::context& c) {
                    into(c, from + half, room + half, count - half);
                    at.right = true;
                });
            merge_in_parallel(here, room, room + half, room + half, room + count, from, less_,
                              at.merged);
        } catch (...) {
            if (!at.merged && at.left) std::ranges::move(room, room + half, from);
            if (!at.merged && at.right) std::ranges::move(room + half, room + count, from + half);
            throw;
        }
    }

private:
    static constexpr std::ptrdiff_t few = 24;

    // What has ended: which half is sorted, and whether the merge has begun.
    struct halves {
        bool left = false;
        bool right = false;
        bool merged = false;
    };

    const Less& less_;
};

// Leaves a permutation, whatever throws.
template <class I, class Less>
void stable_sort_by(par::context& here, I first, std::ptrdiff_t count, const Less& less) {
    if (std::is_sorted(first, first + static_cast<std::iter_difference_t<I>>(count), less)) return;
    scratch<std::iter_value_t<I>> copy(here, first, count);
    try {
        merge_sort<Less>(less).into(here, copy.begin(), first, count);
    } catch (...) {
        std::ranges::move(copy.begin(), copy.begin() + count, first);
        throw;
    }
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
