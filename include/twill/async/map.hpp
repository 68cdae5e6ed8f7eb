// map: the same function over many inputs, concurrently or in parallel.
//
//     // a coroutine: up to 20 calls at a time, all on the event thread
//     auto pages = co_await twill::map(urls, fetch, {.limit = 20});
//     // a plain function: on all cores
//     auto thumbs = co_await twill::map(photos, [](const photo& p) { return shrink(p); });
//
// Which of the two follows from what the function gives: something to be awaited, or a value.
#pragma once

#include <twill/async/adaptive_limiter.hpp>
#include <twill/async/detail/call_watch.hpp>
#include <twill/async/detail/map_inputs.hpp>
#include <twill/core/config.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/task.hpp>
#include <twill/par/for_each.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/compute.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <ranges>
#include <source_location>
#include <type_traits>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {

struct map_options {
    // At most this many calls at a time; 0: 64 coroutines, or as many plain calls as the compute
    // pool has threads.
    std::size_t limit = 0;
    // How many at a time is found while they run, by this, which may be shared by all who call the
    // same thing; `limit` then bounds it only if it is set. Must outlive the call. Plain functions
    // then run on the blocking pool, each measured by what its thread does: those that wait, as
    // many as do good; those that compute, as many as the limiter's `cpus`.
    adaptive_limiter* limiter = nullptr;
};

namespace detail {

inline constexpr std::size_t default_map_limit = 64;

inline std::size_t coroutine_limit(std::size_t asked, const adaptive_limiter* limiter) noexcept {
    if (asked != 0) return asked;
    return limiter != nullptr ? limiter->most() : default_map_limit;
}

template <class View, class F>
using map_call_result = std::invoke_result_t<F&, map_input<View>>;

// What a call of a mapped function gives once it has been awaited.
template <class R>
struct map_awaited {
    using type = std::remove_cvref_t<R>;
};
template <awaitable R>
struct map_awaited<R> {
    using type = std::remove_cvref_t<await_result<R>>;
};
template <class View, class F>
using map_value = typename map_awaited<map_call_result<View, F>>::type;

template <class Item, class F>
void map_plain_call(Item& item, F& function) {
    if constexpr (std::is_void_v<decltype(std::invoke(function, item.input.get()))>)
        std::invoke(function, item.input.get());
    else
        item.slot->emplace(std::invoke(function, item.input.get()));
}

// Takes an input, awaits its call, takes the next. A runner that found an input brings one more
// runner in, up to the limit, so that few inputs make few of them.
template <class Inputs, class F>
task<> map_runner(scope_ref in, Inputs& inputs, F& function, map_options options,
                  std::source_location where) {
    bool first = true;
    for (;;) {
        adaptive_call call;
        if (options.limiter != nullptr) call = co_await options.limiter->enter();
        auto item = inputs.next();
        if (!item) co_return;
        if (std::exchange(first, false) && options.limit > 1)
            in.spawn_at(where, map_runner<Inputs, F>, in, std::ref(inputs), std::ref(function),
                        map_options{options.limit - 1, options.limiter}, where);
        using result = decltype(std::invoke(function, item->input.get()));
        if constexpr (!awaitable<result>) {
            call_sample did;
            co_await blocking([&] {
                const call_watch watch(did);
                map_plain_call(*item, function);
            });
            call.succeeded(did);
        } else {
            if constexpr (std::is_void_v<await_result<result>>)
                co_await std::invoke(function, item->input.get());
            else
                item->slot->emplace(co_await std::invoke(function, item->input.get()));
            call.succeeded();
        }
    }
}

template <class View, class F>
auto map_concurrently(View view, F function, map_options options, std::source_location where)
    -> task<map_results<map_value<View, F>>> {
    using source = map_inputs<View, map_value<View, F>>;
    source inputs(std::move(view));
    co_await scope(
        [&](scope_ref s) { return map_runner<source, F>(s, inputs, function, options, where); }, {},
        where);
    co_return inputs.results();
}

template <class View, class F>
auto map_in_parallel(View view, F function, std::size_t limit, std::source_location where)
    -> task<map_results<map_call_result<View, F>>> {
    using result = map_call_result<View, F>;
    map_inputs<View, result> inputs(std::move(view));
    std::vector<typename map_inputs<View, result>::item> items;
    while (auto item = inputs.next()) items.push_back(std::move(*item));
    const auto call = [&](std::size_t i) { map_plain_call(items[i], function); };
    co_await compute(
        [&] {
            if (limit == 0 || limit >= items.size()) return par::for_each_index(items.size(), call);
            atomic<std::size_t> next{0};
            par::for_each_index(limit, [&](std::size_t) {
                for (std::size_t i = next++; i < items.size(); i = next++) call(i);
            });
        },
        {}, where);
    co_return inputs.results();
}

}  // namespace detail

// Calls `function` for each element of `inputs` and gives a vector of what the calls gave, in the
// order of the inputs (nothing, when they give void). `inputs`: an lvalue is referred to and must
// outlive the call, which awaiting it ensures; an rvalue is kept. An input range is read as the
// calls go on, under a lock, so it may be endless for coroutines. `function` may be called by
// several threads at a time if it is a plain function. The first failure cancels the other calls
// and is thrown once they have ended. Cancelled: the calls are, and `cancelled` is thrown once they
// have ended.
template <std::ranges::viewable_range Inputs, class F>
    requires std::invocable<F&, detail::map_input<std::views::all_t<Inputs>>>
[[nodiscard]] auto map(Inputs&& inputs, F function, map_options options = {},
                       std::source_location where = std::source_location::current()) {
    using view = std::views::all_t<Inputs>;
    if constexpr (awaitable<detail::map_call_result<view, F>>) {
        options.limit = detail::coroutine_limit(options.limit, options.limiter);
        return detail::map_concurrently<view, F>(std::views::all(std::forward<Inputs>(inputs)),
                                                 std::move(function), options, where);
    } else if (options.limiter != nullptr) {
        options.limit = detail::coroutine_limit(options.limit, options.limiter);
        return detail::map_concurrently<view, F>(std::views::all(std::forward<Inputs>(inputs)),
                                                 std::move(function), options, where);
    } else {
        return detail::map_in_parallel<view, F>(std::views::all(std::forward<Inputs>(inputs)),
                                                std::move(function), options.limit, where);
    }
}

}  // namespace twill::inline TWILL_ABI
