// select: waits for several things at once, and takes exactly one.
//
//     bool more = co_await twill::select(
//         twill::on(jobs.receive(), [&](std::optional<job> next) { return begin(next); }),
//         twill::on(results.send_from(done), [&] { return pick_next(done); }),
//         twill::on(stop.wait(), [] { return false; }),
//         twill::on(twill::sleep_until(deadline), [] { return false; }));
//
// A case is what you would `co_await` alone, and what to do with what it gives: `receive` and
// `send` of a channel, `receive` of a oneshot or a listener, `changed` of a watcher, `wait` of an
// event or a latch, `lock` of a mutex, `acquire` of a semaphore, `sleep` and `sleep_until`. The
// cases that are not chosen have done nothing: nothing was received, sent, locked or signalled
// away. So it is with all of them when the wait is cancelled. (`when_any` runs anything awaitable,
// and drops what its losers bring.)
//
// When several are ready, each is as likely as any other: none is starved. With `otherwise` it does
// not wait:
//
//     co_await twill::select(twill::on(news.receive(), read), twill::otherwise([] { idle(); }));
//
// It gives what the handler of the chosen case gives; all of them give the same type. Handlers run
// in the task that selects, after the choice, and may be coroutines. Without handlers, as with
// when_any, it gives a variant whose index is that of the case:
//
//     auto first = co_await twill::select(numbers.receive(), stop.wait());
//     if (first.index() == 1) co_return;
//
// Over as many cases of one kind as there are at run time it takes a range of them, and gives which
// one it was and what that gave:
//
//     std::deque<twill::channel<int>> sources(n);
//     auto receives = sources | std::views::transform([](auto& one) { return one.receive(); });
//     auto [index, value] = co_await twill::select(receives);
//
// For tasks on any event thread; `select_blocking` for plain threads and the compute pool.
#pragma once

#include <twill/async/detail/select_cases.hpp>
#include <twill/async/detail/select_range.hpp>
#include <twill/core/config.hpp>
#include <twill/core/task.hpp>

#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

// A case: when `what` is chosen, `handler` is called with what it gives.
//
// A value sent by `send(value)` in a case that is not chosen is dropped with the case. To keep it,
// `send_from(variable)` moves from the variable only if it is sent; what cannot be copied can only
// be sent so. `sleep(d)` begins anew with each select: for a limit over several, `sleep_until`.
template <class A, class H>
[[nodiscard]] detail::select_case<A, std::decay_t<H>> on(A what, H&& handler) {
    return {std::move(what), std::forward<H>(handler)};
}

// A case that is there only if `enabled`; `make` gives it, and is not called otherwise.
//
//     twill::only_if(!queue.empty(), [&] {
//         return twill::on(out.send_from(queue.front()), [&] { queue.pop_front(); });
//     })
template <class Make>
[[nodiscard]] detail::optional_case<std::invoke_result_t<Make&>> only_if(bool enabled, Make make) {
    if (!enabled) return {};
    return {make()};
}

// The last case: what to do when no other one is ready at once. Each is looked at by itself, one
// after the other.
template <class H>
[[nodiscard]] detail::otherwise_case<std::decay_t<H>> otherwise(H&& handler) {
    return {std::forward<H>(handler)};
}
// The same among cases without handlers.
[[nodiscard]] inline detail::otherwise_case<detail::no_handler> otherwise() { return {}; }

// Awaitable; at most 64 cases. Cancelled at once, and then `cancelled` is thrown; what was chosen
// before stays chosen. Throws what the chosen case throws (channel_closed) and what its handler
// throws; usage_error, if there is no case that is enabled. Nothing is allocated, unless handlers
// are coroutines.
template <class... Cases>
    requires(sizeof...(Cases) > 0 && !(detail::range_of_cases<Cases> || ...))
[[nodiscard]] auto select(Cases... cases) {
    using result = detail::select_result<detail::as_case<Cases>...>;
    std::tuple<detail::as_case<Cases>...> all(detail::to_case(std::move(cases))...);
    if constexpr (detail::has_coroutine<detail::as_case<Cases>...>)
        return detail::select_task<result>(std::move(all));
    else
        return detail::selecting<result, detail::as_case<Cases>...>{std::move(all)};
}

// The same over a range of cases, which is copied (a vector that is given away is moved); at most
// 65,535. Gives a `selected`, or the number of the case alone if cases give nothing. Allocates,
// when it is awaited, and may throw std::bad_alloc then.
template <detail::range_of_cases R>
[[nodiscard]] auto select(R&& cases) {
    return detail::selecting_among<std::ranges::range_value_t<R>>{
        detail::cases_of(std::forward<R>(cases))};
}

// The same, blocking the calling thread; handlers are plain functions. Throws usage_error on an
// event thread, unless there is an `otherwise`.
template <class... Cases>
    requires(sizeof...(Cases) > 0 && !(detail::range_of_cases<Cases> || ...))
auto select_blocking(Cases... cases) {
    static_assert(!detail::has_coroutine<detail::as_case<Cases>...>,
                  "a thread cannot run a coroutine: the handlers of select_blocking are functions");
    using result = detail::select_result<detail::as_case<Cases>...>;
    std::tuple<detail::as_case<Cases>...> all(detail::to_case(std::move(cases))...);
    return detail::blocked_select<result, detail::as_case<Cases>...>(all).run();
}
template <detail::range_of_cases R>
auto select_blocking(R&& cases) {
    using one = std::ranges::range_value_t<R>;
    static_assert(!detail::only_copy<one>,
                  "a value that cannot be copied would be lost with a case that is not chosen: "
                  "use send_from(variable)");
    auto all = detail::cases_of(std::forward<R>(cases));
    return detail::blocked_range_select<one>(all).run();
}

}  // namespace twill::inline TWILL_ABI
