// The tiles of a scan whose brackets are fixed: blocks of a fixed length are summed by themselves,
// a block begins from the sum of the sums of those before, and goes on element by element.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/fixed_tree.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail {

template <bool Inclusive, class I, class O, class Op, class T>
struct fixed_scan_work {
    static constexpr std::size_t granule = fixed_block<T, Op>;
    static constexpr std::size_t largest = std::size_t{1} << 18;

    struct tile {
        std::vector<T> sums;  // of its blocks
        std::optional<T> before;
    };

    const I* first;
    const O* output;
    Op* op;
    std::optional<T> before;  // the sum of what had its turn; empty when there is none

    void prepare(par::context&, tile& mine, std::size_t from, std::size_t to) {
        mine.sums.clear();
        for (; from != to; from = end_of_block(from, to))
            mine.sums.push_back(sum(from, end_of_block(from, to)));
    }

    void turn(par::context&, tile& mine, std::size_t, std::size_t) {
        mine.before = before;
        for (const T& sum : mine.sums) add(before, sum);
    }

    void finish(par::context&, tile& mine, std::size_t from, std::size_t to) {
        for (const T& sum : mine.sums) {
            const std::size_t end = end_of_block(from, to);
            write(mine.before, from, end);
            add(mine.before, sum);
            from = end;
        }
    }

    void straight(par::context&, std::size_t from, std::size_t to) {
        while (from != to) {
            const std::size_t end = end_of_block(from, to);
            const T own = sum(from, end);  // first: the output may be the input
            write(before, from, end);
            add(before, own);
            from = end;
        }
    }

private:
    static std::size_t end_of_block(std::size_t from, std::size_t to) noexcept {
        return std::min(to, from + granule);
    }
    T sum(std::size_t from, std::size_t to) {
        return sum_of_block<T>(from, to, *op, [in = *first](std::size_t i) -> decltype(auto) {
            return element_at(in, i);
        });
    }
    void add(std::optional<T>& total, const T& sum) {
        total = total ? std::invoke(*op, std::move(*total), sum) : sum;
    }

    void write(const std::optional<T>& start, std::size_t from, std::size_t to) {
        const I in = *first;
        const O out = *output;
        if constexpr (Inclusive) {
            T last =
                start ? T(std::invoke(*op, *start, element_at(in, from))) : T(element_at(in, from));
            element_at(out, from) = last;
            for (std::size_t i = from + 1; i != to; ++i) {
                last = std::invoke(*op, std::move(last), element_at(in, i));
                element_at(out, i) = last;
            }
        } else {
            T last = *start;
            for (std::size_t i = from; i != to; ++i) {
                T next = std::invoke(*op, last, element_at(in, i));
                element_at(out, i) = std::move(last);
                last = std::move(next);
            }
        }
    }
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
