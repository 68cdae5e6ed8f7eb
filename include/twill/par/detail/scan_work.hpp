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

    static constexpr std::size_t granule = 1;
    static constexpr std::size_t largest = std::size_t{1} << 20;
    // An output of so many bytes does not stay in a cache.
    static constexpr std::size_t large = std::size_t{64} << 20;

    struct tile {
        std::optional<T> sum;
        std::optional<T> before;
    };

    const I* first;
    const O* output;
    Op* op;
    std::optional<T> before;  // the sum of what had its turn; empty when there is none
    bool streaming = false;   // the output is large

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
        const T* const in = kernels::address(*first, from);
        T* const out = std::to_address(*output) + from;
        const std::size_t count = to - from;
        if constexpr (Inclusive) {
            return write_sums(in, out, count, sum);
        } else if (in != out) {
            // The inclusive one, moved by one place.
            out[0] = sum;
            return write_sums(in, out + 1, count - 1, sum) + in[count - 1];
        } else {
            return write_shifted(out, count, sum);
        }
    }

    T write_sums(const T* in, T* out, std::size_t count, T sum) const {
        if (streaming && in != out) return kernels::streaming_scan(in, out, count, sum);
        return kernels::inclusive_scan(in, out, count, sum);
    }

    // In place: by way of the first-level cache.
    static T write_shifted(T* values, std::size_t count, T sum) {
        T shifted[512];
        while (count != 0) {
            const std::size_t some = std::min(count, std::size(shifted));
            const T next = kernels::inclusive_scan(values, shifted, some, sum);
            values[0] = sum;
            std::copy(shifted, shifted + some - 1, values + 1);
            sum = next;
            values += some;
            count -= some;
        }
        return sum;
    }
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
