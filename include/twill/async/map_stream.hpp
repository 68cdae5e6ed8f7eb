// map_stream: `map` whose results are taken one after the other while the calls go on.
//
//     co_await twill::map_stream(
//         urls, fetch,
//         [&](twill::result_stream<page>& pages) -> twill::task<> {
//             while (auto next = co_await pages.next()) index.add(std::move(*next));
//         },
//         {.limit = 20, .order = twill::result_order::completion});
//
// For results that are many, or big, or wanted early: it keeps a bounded number of them, and the
// calls wait for whoever takes them. The inputs may be endless.
#pragma once

#include <twill/async/detail/map_inputs.hpp>
#include <twill/async/detail/result_window.hpp>
#include <twill/async/map.hpp>
#include <twill/core/config.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/task.hpp>
#include <twill/core/when_all.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <ranges>
#include <source_location>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

enum class result_order : bool {
    input,       // the first input's result first
    completion,  // whichever is there first
};

struct map_stream_options {
    // At most this many calls at a time; 0: 64 coroutines, or as many plain calls as there are
    // usable CPUs.
    std::size_t limit = 0;
    result_order order = result_order::input;
    // How many results may wait to be taken while as many calls as allowed go on. In the order of
    // the inputs, results wait for a slow one before them: a bigger number keeps the calls busy
    // meanwhile. 0: as many as `limit`.
    std::size_t ahead = 0;
    // As in map_options.
    adaptive_limiter* limiter = nullptr;
};

// What the body of a map_stream takes results from.
template <class T>
class result_stream {
public:
    using value = result_or_monostate<T>;

    // `co_await next()` suspends until there is a result, and gives it; nothing after the last.
    // Cancelled at once: then none was taken. By one task at a time.
    [[nodiscard]] task<std::optional<value>> next() { return window_->take(); }

    // For the library.
    explicit result_stream(detail::result_window<value>& window) noexcept : window_(&window) {}

private:
    detail::result_window<value>* window_;
};

namespace detail {

template <class View, class F>
class streamed_map {
public:
    using value = map_value<View, F>;
    static constexpr bool in_parallel = !awaitable<map_call_result<View, F>>;

    streamed_map(View inputs, F function, const map_stream_options& options,
                 std::source_location where)
        : inputs_(std::move(inputs)),
          function_(std::move(function)),
          order_(options.order),
          limiter_(options.limiter),
          where_(where),
          window_(std::min(options.limit, most) + std::min(options.ahead, most)) {}

    result_window<result_or_monostate<value>>& window() noexcept { return window_; }

    // Takes an input, awaits its call, takes the next. A runner that found its first input brings
    // one more runner in, up to the limit, so that few inputs make few of them.
    task<> run(scope_ref in, std::size_t limit) {
        bool first = true;
        for (;;) {
            auto permit = co_await window_.room.acquire();
            adaptive_call in_progress;
            if (limiter_ != nullptr) in_progress = co_await limiter_->enter();
            auto item = inputs_.next();
            if (!item) {
                window_.end_at(inputs_.count());
                co_return;
            }
            permit.keep();  // goes back when the result is taken
            if (std::exchange(first, false) && limit > 1)
                in.spawn_at(where_, &streamed_map::run, this, in, limit - 1);
            call_sample did;
            auto result = co_await call(*item, did);
            if constexpr (in_parallel)
                in_progress.succeeded(did);
            else
                in_progress.succeeded();
            if (order_ == result_order::input)
                window_.put(item->number, std::move(result));
            else
                window_.put_next(std::move(result));
        }
    }

private:
    using source = map_inputs<View, void>;
    static constexpr std::size_t most = std::numeric_limits<std::size_t>::max() / 4;

    task<result_or_monostate<value>> call(typename source::item& item, call_sample& did) {
        const auto plainly = [&] { return std::invoke(function_, item.input.get()); };
        const auto watched = [&] {
            const call_watch watch(did);
            return std::invoke(function_, item.input.get());
        };
        if constexpr (in_parallel && std::is_void_v<value>) {
            if (limiter_ == nullptr)
                co_await compute(plainly, {}, where_);
            else
                co_await blocking(watched);
            co_return {};
        } else if constexpr (in_parallel) {
            if (limiter_ == nullptr) co_return co_await compute(plainly, {}, where_);
            co_return co_await blocking(watched);
        } else if constexpr (std::is_void_v<value>) {
            co_await std::invoke(function_, item.input.get());
            co_return {};
        } else {
            co_return co_await std::invoke(function_, item.input.get());
        }
    }

    source inputs_;
    F function_;
    result_order order_;
    adaptive_limiter* limiter_;
    std::source_location where_;
    result_window<result_or_monostate<value>> window_;
};

template <class View, class F, class Body, class Result>
task<Result> stream_results(View inputs, F function, Body body, map_stream_options options,
                            std::source_location where) {
    streamed_map<View, F> calls(std::move(inputs), std::move(function), options, where);
    result_stream<map_value<View, F>> results(calls.window());
    // What the body does not take, nobody will: the calls end with it.
    co_return co_await scope(
        [&](scope_ref s) -> task<Result> {
            s.spawn_at(where, &streamed_map<View, F>::run, &calls, s, options.limit);
            if constexpr (std::is_void_v<Result>) {
                co_await std::invoke(body, results);
                s.cancel();
            } else {
                Result value = co_await std::invoke(body, results);
                s.cancel();
                co_return value;
            }
        },
        {}, where);
}

}  // namespace detail

// Calls `function` for each element of `inputs` as `map` does, concurrently if it gives something
// to be awaited, else each call on the compute pool, and runs `body(result_stream<T>&)`, which
// gives a task, beside the calls. Gives what the body gives. When the body ends before the results
// do, calls that go on are cancelled, and joined. `inputs`: an lvalue is referred to and must
// outlive the call, an rvalue is kept; an input range is read as the calls go on, under a lock.
//
// The first failure, of a call or of the body, cancels the rest and is thrown once they have ended.
// Cancelled: the calls and the body are, and `cancelled` is thrown once they have ended.
template <std::ranges::viewable_range Inputs, class F, class Body>
    requires std::invocable<F&, detail::map_input<std::views::all_t<Inputs>>> &&
             is_task<std::invoke_result_t<
                 Body&, result_stream<detail::map_value<std::views::all_t<Inputs>, F>>&>>
[[nodiscard]] auto map_stream(Inputs&& inputs, F function, Body body,
                              map_stream_options options = {},
                              std::source_location where = std::source_location::current()) {
    using view = std::views::all_t<Inputs>;
    using stream = result_stream<detail::map_value<view, F>>;
    using result = await_result<std::invoke_result_t<Body&, stream&>>;
    if (options.limit == 0)
        options.limit =
            detail::streamed_map<view, F>::in_parallel ? usable_cpus() : detail::default_map_limit;
    if (options.ahead == 0) options.ahead = options.limit;
    return detail::stream_results<view, F, Body, result>(
        std::views::all(std::forward<Inputs>(inputs)), std::move(function), std::move(body),
        options, where);
}

}  // namespace twill::inline TWILL_ABI
