// Sorting by comparison, in place: a quicksort without branches on the outcome of comparisons,
// whose large partitions are shared out and whose parts are joined.
//
// Partitioning after Edelkamp and Weiss, "BlockQuicksort" (ESA 2016); equal elements and bad inputs
// after Peters, "Pattern-defeating Quicksort" (2021). Whatever throws, a permutation is left:
// elements are only ever exchanged, or held by something that puts them back.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/comparison.hpp>
#include <twill/par/detail/parallel_partition.hpp>
#include <twill/par/detail/small_sort.hpp>
#include <twill/par/detail/text_sort.hpp>
#include <twill/par/join.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// What is compared with: a copy, which stays in registers, if that is cheap.
template <class I>
class pivot_value {
    static constexpr bool copied =
        cheap_to_move<std::iter_value_t<I>> && std::copy_constructible<std::iter_value_t<I>>;

public:
    explicit pivot_value(I at) : held_(hold(at)) {}
    [[nodiscard]] decltype(auto) get() const {
        if constexpr (copied)
            return (held_);
        else
            return *held_;
    }

private:
    static auto hold(I at) {
        if constexpr (copied)
            return std::iter_value_t<I>(*at);
        else
            return at;
    }
    // Projections may want elements that are not const.
    mutable std::conditional_t<copied, std::iter_value_t<I>, I> held_;
};

struct pivot_text {
    [[nodiscard]] const text_key& get() const { return key; }
    text_key key;
};

// Partitions by `is_right(element)`, which is asked once an element or a little more.
template <class IsRight>
struct element_partition {
    // In a loop, a copy: it is known not to change with the elements.
    using held = std::conditional_t<copied_for_block<IsRight>, IsRight, const IsRight&>;
    IsRight is_right;

    template <std::random_access_iterator I>
    std::size_t partition_together(I first, std::size_t count) const {
        const I begin = first;
        I last = first + static_cast<std::iter_difference_t<I>>(count);
        if constexpr (!cheap_to_move<std::iter_value_t<I>>)
            by_blocks(first, last, [&] { return last - first >= 2 * block; });
        return static_cast<std::size_t>(one_by_one(first, last) - begin);
    }

    template <std::random_access_iterator I>
    partition_counts partition_apart(I left, std::size_t left_count, I right,
                                     std::size_t right_count) const {
        const I left_begin = left;
        const I left_end = left + static_cast<std::iter_difference_t<I>>(left_count);
        I right_end = right + static_cast<std::iter_difference_t<I>>(right_count);
        by_blocks(left, right_end,
                  [&] { return left_end - left >= block && right_end - right >= block; });
        const auto done = static_cast<std::size_t>(left - left_begin);
        return {done + partition_together(left, left_count - done),
                partition_together(right, static_cast<std::size_t>(right_end - right))};
    }

private:
    static constexpr std::ptrdiff_t block = 64;
    using offsets = std::array<unsigned char, block>;

    // Where in a block the elements of the wrong side are, `from` to `to`.
    struct wrong_side {
        offsets at;
        std::size_t from = 0;
        std::size_t to = 0;
        [[nodiscard]] bool empty() const { return from == to; }
        template <class IsWrong>
        void find(const IsWrong& is_wrong) {
            std::ptrdiff_t found = 0;  // a local, which stores of bytes cannot change
            for (std::ptrdiff_t i = 0; i != block; ++i) {
                at[static_cast<std::size_t>(found)] = static_cast<unsigned char>(i);
                found += one_if(is_wrong(i));
            }
            from = 0;
            to = static_cast<std::size_t>(found);
        }
    };

    // Advances `first` and takes back `last` by whole blocks while `more()`: what is before `first`
    // then belongs to the left, what is behind `last` to the right.
    template <class I, class More>
    void by_blocks(I& first, I& last, More more) const {
        held goes_right = is_right;
        wrong_side low;
        wrong_side high;
        using step = std::iter_difference_t<I>;
        while (more()) {
            if (low.empty())
                low.find([&](std::ptrdiff_t i) { return goes_right(first[static_cast<step>(i)]); });
            if (high.empty())
                high.find([&](std::ptrdiff_t i) {
                    return !goes_right(*(last - static_cast<step>(i + 1)));
                });
            for (std::size_t n = std::min(low.to - low.from, high.to - high.from); n != 0; --n)
                std::ranges::iter_swap(first + low.at[low.from++],
                                       last - (high.at[high.from++] + 1));
            if (low.empty()) first += block;
            if (high.empty()) last -= block;
        }
    }

    template <class I>
    I one_by_one(I first, I last) const {
        held goes_right = is_right;
        I low = first;
        if constexpr (cheap_to_move<std::iter_value_t<I>>) {
            if (first == last) return first;
            // The first element is taken out, which leaves a hole. Each next one is moved to where
            // the left grows, and what was there into the hole, whatever the comparison says; the
            // hole is then where the element came from. [first, low) belongs to the left, [low,
            // hole) to the right. After Rust's partition in cycles (Bergdoll, 2024).
            taken_out<I> element(first);
            for (I next = first + 1; next != last; ++next) {
                const auto left = one_if(!goes_right(*next));
                *element.hole = std::ranges::iter_move(low);
                *low = std::ranges::iter_move(next);
                element.hole = next;
                low += static_cast<std::iter_difference_t<I>>(left);
            }
            const auto left = one_if(!goes_right(element.value));
            *element.hole = std::ranges::iter_move(low);
            element.hole = low;
            low += static_cast<std::iter_difference_t<I>>(left);
        } else {
            // [first, low) belongs to the left, [low, next) to the right.
            for (I next = first; next != last; ++next) {
                if (goes_right(*next)) continue;
                if (next != low) std::ranges::iter_swap(next, low);
                ++low;
            }
        }
        return low;
    }
};

template <std::random_access_iterator I, class Less>
void heap_sort(I first, std::iter_difference_t<I> count, const Less& less) {
    const auto sift = [&](std::iter_difference_t<I> root, std::iter_difference_t<I> end) {
        for (auto child = 2 * root + 1; child < end; child = 2 * root + 1) {
            if (child + 1 < end && less(first[child], first[child + 1])) ++child;
            if (!less(first[root], first[child])) return;
            std::ranges::iter_swap(first + root, first + child);
            root = child;
        }
    };
    for (auto root = count / 2; root-- > 0;) sift(root, count);
    for (auto end = count; --end > 0;) {
        std::ranges::iter_swap(first, first + end);
        sift(0, end);
    }
}

template <std::random_access_iterator I, class Less>
class quicksort {
public:
    quicksort(I first, std::size_t count, const Less& less)
        : first_(first), count_(count), less_(less) {}

    void run(par::context& here) const {
        if (std::is_sorted(first_, at(count_), less_)) return;
        sort(here, 0, count_, static_cast<unsigned>(std::bit_width(count_)));
    }

private:
    static constexpr auto few = static_cast<std::size_t>(sorted_as_few<std::iter_value_t<I>>);

    [[nodiscard]] I at(std::size_t i) const {
        return first_ + static_cast<std::iter_difference_t<I>>(i);
    }

    // `bad`: how many more partitions may turn out lopsided before the range is heap-sorted.
    void sort(par::context& here, std::size_t from, std::size_t to, unsigned bad) const {
        while (to - from > few) {
            if constexpr (orders_text<Less>)
                if (to - from <= sorted_by_records(count_) && sort_records(here, from, to)) return;
            if (bad == 0) {
                const auto count = static_cast<std::iter_difference_t<I>>(to - from);
                return heap_sort(at(from), count, less_);
            }
            move_pivot_to_front(from, to - from);
            // The element before is a pivot, and not larger. If it is not smaller either, then all
            // that equal it are in their places once they are at the front.
            if (from != 0 && !less_(*at(from - 1), *at(from))) {
                from = behind_equal(here, from, to);
                continue;
            }
            const std::size_t pivot = split(here, from, to);
            if (std::min(pivot - from, to - pivot) < (to - from) / 8) {
                --bad;
                scatter(from, pivot);
                scatter(pivot + 1, to);
            }
            if (pivot - from > few && to - pivot > few) {
                return par::join(
                    here, [&](par::context& c) { sort(c, from, pivot, bad); },
                    [&](par::context& c) { sort(c, pivot + 1, to, bad); });
            }
            // The short side at once, the other in the next round.
            if (pivot - from < to - pivot) {
                sort(here, from, pivot, bad);
                from = pivot + 1;
            } else {
                sort(here, pivot + 1, to, bad);
                to = pivot;
            }
        }
        sort_few(at(from), at(to), less_);
    }

    // Without memory for the records, false.
    bool sort_records(par::context& here, std::size_t from, std::size_t to) const {
        const std::size_t count = to - from;
        const std::unique_ptr<text_record[]> records(new (std::nothrow) text_record[count]);
        if (!records) return false;
        text_records<I, Less> texts(at(from), count, records.get(), less_);
        const auto order = texts.order();
        detail::quicksort(records.get(), count, order).run(here);
        texts.move_elements();
        return true;
    }

    [[nodiscard]] auto pivot_at(std::size_t place) const {
        if constexpr (orders_text<Less>)
            return pivot_text{less_.key(*at(place))};
        else
            return pivot_value<I>(at(place));
    }

    // Returns where the pivot, which is at the front, has come to.
    std::size_t split(par::context& here, std::size_t from, std::size_t to) const {
        const I pivot = at(from);
        const std::size_t small =
            partition(here, from + 1, to, [less = less_, value = pivot_at(from)](auto&& element) {
                return !less(element, value.get());
            });
        if (small != 0) std::ranges::iter_swap(pivot, at(from + small));
        return from + small;
    }

    std::size_t behind_equal(par::context& here, std::size_t from, std::size_t to) const {
        return from + 1 +
               partition(here, from + 1, to,
                         [less = less_, value = pivot_at(from)](auto&& element) {
                             return less(value.get(), element);
                         });
    }

    template <class IsRight>
    std::size_t partition(par::context& here, std::size_t from, std::size_t to,
                          const IsRight& is_right) const {
        const element_partition<IsRight> kernel{is_right};
        const std::size_t count = to - from;
        if (count >= least_parallel_partition) {
            try {
                return partition_in_parallel(here, at(from), count, count / 2, kernel);
            } catch (const std::bad_alloc&) {  // one thread needs no memory
            }
        }
        return kernel.partition_together(at(from), count);
    }

    void move_pivot_to_front(std::size_t from, std::size_t count) const {
        const auto median = [&](std::size_t a, std::size_t b, std::size_t c) {
            if (less_(*at(b), *at(a))) std::swap(a, b);
            if (less_(*at(c), *at(b))) return less_(*at(c), *at(a)) ? a : c;
            return b;
        };
        const std::size_t middle = from + count / 2;
        std::size_t best = 0;
        if (count < 128) {
            best = median(from, middle, from + count - 1);
        } else {
            const std::size_t apart = count / 9;
            const auto place = [&](std::size_t i) { return from + apart / 2 + i * apart; };
            best =
                median(median(place(0), place(1), place(2)), median(place(3), place(4), place(5)),
                       median(place(6), place(7), place(8)));
        }
        if (best != from) std::ranges::iter_swap(at(from), at(best));
    }

    // Breaks the pattern that led to a bad pivot.
    void scatter(std::size_t from, std::size_t to) const {
        const std::size_t count = to - from;
        if (count < 2 * few) return;
        std::uint64_t state = count;
        for (std::size_t i = 0; i != 9; ++i) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            const std::size_t other = from + static_cast<std::size_t>(state >> 11) % count;
            const std::size_t one = from + count / 18 + i * (count / 9);
            if (one != other) std::ranges::iter_swap(at(one), at(other));
        }
    }

    const I first_;
    const std::size_t count_;
    const Less& less_;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
