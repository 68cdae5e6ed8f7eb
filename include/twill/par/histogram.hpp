// Counts the elements of a range by bucket, in parallel if that pays.
//
//     auto ages = twill::par::histogram(people, 150, &person::age);
//     auto bytes = twill::par::histogram(text, 256, [](char c) { return (unsigned char)(c); });
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/loop.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail {

[[noreturn]] TWILL_API void throw_bucket_out_of_range(std::size_t bucket, std::size_t buckets);

// Each part of the loop counts for itself, so that no two threads write to one cache line. A part
// is made of whole blocks of elements, at least four times as many as there are buckets: clearing
// and adding its counts is then little beside counting.
template <class I, class BucketOf>
struct histogram_body {
    // A few buckets are counted in several lanes, by elements in turn: many equal elements in a row
    // would else wait for each other's store.
    static constexpr std::size_t few = 1024;
    static constexpr std::size_t lanes = 2;
    // Buckets of elements in a row are found and checked together, then counted.
    static constexpr std::size_t together = 8;
    static constexpr std::size_t ahead =
        2048 / std::min<std::size_t>(256, sizeof(std::iter_value_t<I>));

    I first;
    std::size_t count;
    std::size_t block;
    std::size_t buckets;
    BucketOf* bucket_of;
    std::vector<std::size_t> counts;  // lane by lane; empty until the part's first block

    void run(par::context&, std::size_t from, std::size_t to) {
        if (counts.empty()) counts.resize(buckets + (lanes - 1) * stride());
        add(from * block, std::min(count, to * block));
    }
    [[nodiscard]] histogram_body apart() const noexcept {
        return {first, count, block, buckets, bucket_of, {}};
    }
    void absorb(histogram_body&& right) {
        if (counts.empty())
            counts = std::move(right.counts);
        else
            std::ranges::transform(right.counts, counts, counts.begin(), std::plus<>());
    }
    [[nodiscard]] std::vector<std::size_t> total() && {
        counts.resize(std::max(counts.size(), buckets));
        if (stride() != 0)
            for (std::size_t b = 0; b != buckets; ++b)
                for (std::size_t lane = 1; lane != lanes; ++lane)
                    counts[b] += counts[lane * stride() + b];
        counts.resize(buckets);
        return std::move(counts);
    }

private:
    // From lane to lane; 0: they are one. Odd, because a processor takes a load for one of what was
    // just stored if the addresses differ by a multiple of 4 KiB.
    [[nodiscard]] std::size_t stride() const noexcept {
        return buckets <= few && count >= block ? buckets | 7 : 0;
    }

    // What the loop reads is held in locals: its stores could change any member.
    void add(std::size_t i, const std::size_t end) {
        const I begin = first;
        std::conditional_t<copied_for_block<BucketOf>, BucketOf, BucketOf&> call = *bucket_of;
        const std::size_t most = buckets;
        const std::size_t apart_by = stride();
        std::size_t* const to = counts.data();
        const auto bucket_at = [&](std::size_t at) {
            return static_cast<std::size_t>(std::invoke(call, element_at(begin, at)));
        };
        for (; end - i >= together; i += together) {
            // Counting leaves the hardware's prefetching a tenth behind.
            if constexpr (std::contiguous_iterator<I>)
                __builtin_prefetch(std::to_address(begin) + std::min(i + ahead, end - 1));
            std::size_t found[together];
            for (std::size_t k = 0; k != together; ++k) found[k] = bucket_at(i + k);
            for (std::size_t k = 0; k != together; ++k) check(found[k], most);
            for (std::size_t k = 0; k != together; ++k) ++to[k % lanes * apart_by + found[k]];
        }
        for (; i != end; ++i) {
            const std::size_t bucket = bucket_at(i);
            check(bucket, most);
            ++to[bucket];
        }
    }
    static void check(std::size_t bucket, std::size_t buckets) {
        if (bucket >= buckets) [[unlikely]]
            throw_bucket_out_of_range(bucket, buckets);
    }
};

}  // namespace detail

namespace par {

// How many elements of `range` belong to each of `buckets` buckets: `bucket_of(element)` is an
// integer in [0, buckets).
//
// Throws: std::out_of_range for another number; what `bucket_of` throws, as for_each does;
// `cancelled`, at a beat, if the region was asked to stop; std::bad_alloc. Memory: `buckets` words
// a thread, twice as many up to 1024 buckets. `bucket_of` is called by several threads at a
// time. Any thread.
template <splittable_range R, std::invocable<std::ranges::range_reference_t<R>> BucketOf>
    requires std::integral<
        std::remove_cvref_t<std::invoke_result_t<BucketOf&, std::ranges::range_reference_t<R>>>>
[[nodiscard]] std::vector<std::size_t> histogram(context& here, R&& range, std::size_t buckets,
                                                 BucketOf bucket_of) {
    const auto first = std::ranges::begin(range);
    const auto count = static_cast<std::size_t>(std::ranges::distance(range));
    const std::size_t block = std::max<std::size_t>(1024, 4 * buckets);
    detail::histogram_body<std::ranges::iterator_t<R>, BucketOf> body{
        first, count, block, buckets, std::addressof(bucket_of), {}};
    if (count != 0) detail::run_loop(here, 0, (count + block - 1) / block, body);
    return std::move(body).total();
}

template <splittable_range R, std::invocable<std::ranges::range_reference_t<R>> BucketOf>
    requires std::integral<
        std::remove_cvref_t<std::invoke_result_t<BucketOf&, std::ranges::range_reference_t<R>>>>
[[nodiscard]] std::vector<std::size_t> histogram(R&& range, std::size_t buckets,
                                                 BucketOf bucket_of) {
    return region(
        [&](context& here) { return par::histogram(here, range, buckets, std::move(bucket_of)); });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::invocable<std::iter_reference_t<I>> BucketOf>
[[nodiscard]] std::vector<std::size_t> histogram(context& here, I first, S last,
                                                 std::size_t buckets, BucketOf bucket_of) {
    return par::histogram(here, std::ranges::subrange(first, last), buckets, std::move(bucket_of));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::invocable<std::iter_reference_t<I>> BucketOf>
[[nodiscard]] std::vector<std::size_t> histogram(I first, S last, std::size_t buckets,
                                                 BucketOf bucket_of) {
    return par::histogram(std::ranges::subrange(first, last), buckets, std::move(bucket_of));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
