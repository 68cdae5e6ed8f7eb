// The tiles of a scan: what they add up to is found first, and written once it is known what the
// tiles before add up to.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/kernels.hpp>
#include <twill/par/detail/ordered_tiles.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

template <bool Inclusive, class I, class O, class Op, class T>
struct scan_work {
    static constexpr bool plain = kernels::source<I> && kernels::source<O> &&
                                  std::same_as<std::iter_value_t<I>, T> &&
                                  std::same_as<std::iter_value_t<O>, T> && addition<Op, T>;

    // A tile is read twice, and must still be in the second-level cache the second time.
    static constexpr std::size_t granule = 1;
    static constexpr std::size_t largest =
        std::max<std::size_t>(64, (std::size_t{128} << 10) / sizeof(T));

    struct tile {
        std::optional<T> sum;
        std::optional<T> before;
    };

    const I* first;
    const O* output;
    Op* op;
    std::optional<T> before;  // the sum of what had its turn; empty when there is none

    void prepare(par::context&, tile& mine, std::size_t from, std::size_t to) {
        if constexpr (plain) {
            mine.sum = kernels::sum(kernels::address(*first, from), to - from);
        } else {
            T sum(element_at(*first, from));
            for (std::size_t i = from + 1; i != to; ++i)
                sum = std::invoke(*op, std::move(sum), element_at(*first, i));
            mine.sum = std::move(sum);
        }
    }

    void turn(par::context&, tile& mine, std::size_t, std::size_t) {
        mine.before = before;
        before = before ? std::invoke(*op, std::move(*before), std::move(*mine.sum))
                        : std::move(*mine.sum);
    }

    void finish(par::context&, tile& mine, std::size_t from, std::size_t to) {
        write(mine.before, from, to);
    }

    void straight(par::context&, std::size_t from, std::size_t to) { write(before, from, to); }

private:
    // Leaves in `sum` what it is after the element to - 1.
    void write(std::optional<T>& sum, std::size_t from, std::size_t to) {
        if constexpr (plain) {
            if (to - from >= kernels::worthwhile) {
                sum = write_plain(sum.value_or(T{}), from, to);
                return;
            }
        }
        if constexpr (Inclusive) {
            const I in = *first;
            const O out = *output;
            T last = sum ? T(std::invoke(*op, std::move(*sum), element_at(in, from)))
                         : T(element_at(in, from));
            element_at(out, from) = last;
            for (std::size_t i = from + 1; i != to; ++i) {
                last = std::invoke(*op, std::move(last), element_at(in, i));
                element_at(out, i) = last;
            }
            sum = std::move(last);
        } else {
            const I in = *first;
            const O out = *output;
            T last = std::move(*sum);
            for (std::size_t i = from; i != to; ++i) {
                T next = std::invoke(*op, last, element_at(in, i));
                element_at(out, i) = std::move(last);
                last = std::move(next);
            }
            sum = std::move(last);
        }
    }

    T write_plain(T sum, std::size_t from, std::size_t to) {
        const T* const in = kernels::address(*first, 0);
        T* const out = std::to_address(*output);
        if constexpr (Inclusive) {
            return kernels::inclusive_scan(in + from, out + from, to - from, sum);
        } else {
            // The inclusive one, moved by one place; by way of the first-level cache, for the
            // output may be the input.
            T shifted[512];
            while (from != to) {
                const std::size_t count = std::min(to - from, std::size(shifted));
                const T next = kernels::inclusive_scan(in + from, shifted, count, sum);
                out[from] = sum;
                std::copy(shifted, shifted + count - 1, out + from + 1);
                sum = next;
                from += count;
            }
            return sum;
        }
    }
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
