// Finds the least and the greatest element, in parallel if that pays.
//
//     auto cheapest = twill::par::min_element(offers, {}, &offer::price);
//     auto [low, high] = twill::par::minmax_element(samples);
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/kernels.hpp>
#include <twill/par/detail/loop.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <ranges>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

inline constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

// Orders places by what is there.
template <class I, class Comp, class Proj>
struct place_order {
    const I* first;
    Comp* comp;
    Proj* proj;

    bool operator()(std::size_t a, std::size_t b) const {
        return std::invoke(*comp, std::invoke(*proj, element_at(*first, a)),
                           std::invoke(*proj, element_at(*first, b)));
    }
    // The values themselves, of numbers in memory in their natural order.
    static constexpr bool plain =
        kernels::plain_source<I, Proj> &&
        (std::same_as<Comp, std::ranges::less> || std::same_as<Comp, std::less<>> ||
         std::same_as<Comp, std::less<std::iter_value_t<I>>>);
};

// The first of the least.
template <class Order>
struct first_least {
    static void choose(const Order& less, std::size_t& best, std::size_t next) {
        if (less(next, best)) best = next;
    }
    static auto in_block(const auto* values, std::size_t count) {
        return kernels::min(values, count);
    }
    static bool beats(auto next, auto best) { return next < best; }
};

// The first of the greatest.
template <class Order>
struct first_greatest {
    static void choose(const Order& less, std::size_t& best, std::size_t next) {
        if (less(best, next)) best = next;
    }
    static auto in_block(const auto* values, std::size_t count) {
        return kernels::max(values, count);
    }
    static bool beats(auto next, auto best) { return best < next; }
};

template <class Order, class Choice>
struct extreme_body {
    const Order* less;
    std::size_t best = nowhere;

    void run(par::context&, std::size_t from, std::size_t to) {
        if (best == nowhere && from != to) best = from++;
        if constexpr (Order::plain) {
            if (to - from >= kernels::worthwhile) return run_plain(from, to);
        }
        std::size_t chosen = best;
        for (; from != to; ++from) Choice::choose(*less, chosen, from);
        best = chosen;
    }
    extreme_body apart() const noexcept { return {less}; }
    void absorb(extreme_body&& right) {
        if (right.best == nowhere) return;
        if (best == nowhere)
            best = right.best;
        else
            Choice::choose(*less, best, right.best);
    }

private:
    // Its place is looked for only if a block has a better value, which becomes rare.
    void run_plain(std::size_t from, std::size_t to) {
        const auto* const values = kernels::address(*less->first, 0);
        const auto value = Choice::in_block(values + from, to - from);
        if (Choice::beats(value, values[best])) {
            const std::size_t place = from + kernels::find(values + from, to - from, value);
            if (place != to) best = place;
        }
    }
};

template <class Choice, class Order>
std::size_t extreme_place(par::context& here, std::size_t size, const Order& less) {
    extreme_body<Order, Choice> body{&less};
    if (size == 0) return 0;
    run_loop(here, 0, size, body);
    return body.best;
}

// The first of the least and the last of the greatest.
template <class Order>
struct extremes_body {
    const Order* less;
    std::size_t min = nowhere;
    std::size_t max = nowhere;

    void run(par::context&, std::size_t from, std::size_t to) {
        if (min == nowhere && from != to) min = max = from++;
        if constexpr (Order::plain) {
            if (to - from >= kernels::worthwhile) return run_plain(from, to);
        }
        std::size_t low = min;
        std::size_t high = max;
        for (; from != to; ++from) take(from, from, low, high);
        min = low;
        max = high;
    }
    extremes_body apart() const noexcept { return {less}; }
    void absorb(extremes_body&& right) {
        if (right.min == nowhere) return;
        if (min == nowhere) {
            min = right.min;
            max = right.max;
        } else {
            take(right.min, right.max, min, max);
        }
    }

private:
    void take(std::size_t next_low, std::size_t next_high, std::size_t& low, std::size_t& high) {
        if ((*less)(next_low, low)) low = next_low;
        if (!(*less)(next_high, high)) high = next_high;
    }
    void run_plain(std::size_t from, std::size_t to) {
        const auto* const values = kernels::address(*less->first, 0);
        const auto block = kernels::minmax(values + from, to - from);
        if (block.least < values[min]) {
            const std::size_t place = from + kernels::find(values + from, to - from, block.least);
            if (place != to) min = place;
        }
        // One that is as great lies further behind.
        if (!(block.greatest < values[max])) {
            std::size_t place = to;
            while (place != from && values[place - 1] != block.greatest) --place;
            if (place != from) max = place - 1;
        }
    }
};

}  // namespace detail

namespace par {

// The first of the least elements by `comp` of their projections, or the end of an empty range.
//
// Throws what the functions throw, as for_each does; `cancelled`, at a beat, if the region was
// asked to stop. Any thread. The functions are called by several threads at a time.
template <splittable_range R, class Proj = std::identity,
          range_order<R, Proj> Comp = std::ranges::less>
[[nodiscard]] std::ranges::borrowed_iterator_t<R> min_element(context& here, R&& range,
                                                              Comp comp = {}, Proj proj = {}) {
    const auto first = std::ranges::begin(range);
    using order = detail::place_order<std::remove_const_t<decltype(first)>, Comp, Proj>;
    const auto size = static_cast<std::size_t>(std::ranges::size(range));
    return first + static_cast<std::ranges::range_difference_t<R>>(
                       detail::extreme_place<detail::first_least<order>>(
                           here, size, order{&first, &comp, &proj}));
}

template <splittable_range R, class Proj = std::identity,
          range_order<R, Proj> Comp = std::ranges::less>
[[nodiscard]] std::ranges::borrowed_iterator_t<R> min_element(R&& range, Comp comp = {},
                                                              Proj proj = {}) {
    return region([&](context& here) {
        return par::min_element(here, std::forward<R>(range), std::move(comp), std::move(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_order<I, Proj> Comp = std::ranges::less>
[[nodiscard]] I min_element(context& here, I first, S last, Comp comp = {}, Proj proj = {}) {
    return par::min_element(here, std::ranges::subrange(first, last), std::move(comp),
                            std::move(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_order<I, Proj> Comp = std::ranges::less>
[[nodiscard]] I min_element(I first, S last, Comp comp = {}, Proj proj = {}) {
    return par::min_element(std::ranges::subrange(first, last), std::move(comp), std::move(proj));
}

// The first of the greatest elements, or the end. Otherwise as min_element.
template <splittable_range R, class Proj = std::identity,
          range_order<R, Proj> Comp = std::ranges::less>
[[nodiscard]] std::ranges::borrowed_iterator_t<R> max_element(context& here, R&& range,
                                                              Comp comp = {}, Proj proj = {}) {
    const auto first = std::ranges::begin(range);
    using order = detail::place_order<std::remove_const_t<decltype(first)>, Comp, Proj>;
    const auto size = static_cast<std::size_t>(std::ranges::size(range));
    return first + static_cast<std::ranges::range_difference_t<R>>(
                       detail::extreme_place<detail::first_greatest<order>>(
                           here, size, order{&first, &comp, &proj}));
}

template <splittable_range R, class Proj = std::identity,
          range_order<R, Proj> Comp = std::ranges::less>
[[nodiscard]] std::ranges::borrowed_iterator_t<R> max_element(R&& range, Comp comp = {},
                                                              Proj proj = {}) {
    return region([&](context& here) {
        return par::max_element(here, std::forward<R>(range), std::move(comp), std::move(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_order<I, Proj> Comp = std::ranges::less>
[[nodiscard]] I max_element(context& here, I first, S last, Comp comp = {}, Proj proj = {}) {
    return par::max_element(here, std::ranges::subrange(first, last), std::move(comp),
                            std::move(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_order<I, Proj> Comp = std::ranges::less>
[[nodiscard]] I max_element(I first, S last, Comp comp = {}, Proj proj = {}) {
    return par::max_element(std::ranges::subrange(first, last), std::move(comp), std::move(proj));
}

// {the first of the least, the last of the greatest}, or twice the end. Otherwise as min_element.
template <splittable_range R, class Proj = std::identity,
          range_order<R, Proj> Comp = std::ranges::less>
[[nodiscard]] std::ranges::minmax_element_result<std::ranges::borrowed_iterator_t<R>>
minmax_element(context& here, R&& range, Comp comp = {}, Proj proj = {}) {
    const auto first = std::ranges::begin(range);
    using order = detail::place_order<std::remove_const_t<decltype(first)>, Comp, Proj>;
    const auto size = static_cast<std::size_t>(std::ranges::size(range));
    if (size == 0) return {first, first};
    const order less{&first, &comp, &proj};
    detail::extremes_body<order> body{&less};
    detail::run_loop(here, 0, size, body);
    using difference = std::ranges::range_difference_t<R>;
    return {first + static_cast<difference>(body.min), first + static_cast<difference>(body.max)};
}

template <splittable_range R, class Proj = std::identity,
          range_order<R, Proj> Comp = std::ranges::less>
[[nodiscard]] auto minmax_element(R&& range, Comp comp = {}, Proj proj = {}) {
    return region([&](context& here) {
        return par::minmax_element(here, std::forward<R>(range), std::move(comp), std::move(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_order<I, Proj> Comp = std::ranges::less>
[[nodiscard]] auto minmax_element(context& here, I first, S last, Comp comp = {}, Proj proj = {}) {
    return par::minmax_element(here, std::ranges::subrange(first, last), std::move(comp),
                               std::move(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_order<I, Proj> Comp = std::ranges::less>
[[nodiscard]] auto minmax_element(I first, S last, Comp comp = {}, Proj proj = {}) {
    return par::minmax_element(std::ranges::subrange(first, last), std::move(comp),
                               std::move(proj));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
