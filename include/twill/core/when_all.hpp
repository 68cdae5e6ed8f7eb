// Several awaitables side by side, all of them wanted.
//
//     auto [user, orders] = co_await twill::when_all(load_user(id), load_orders(id));
//     std::vector<page> pages = co_await twill::when_all(std::move(fetches));
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/group.hpp>
#include <twill/core/task.hpp>
#include <twill/core/task_branches.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace twill::inline TWILL_ABI {

// void as a value: what a task<> gives in a tuple or variant of results.
template <class T>
using result_or_monostate = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

namespace detail {

template <class T>
result_or_monostate<T> take_from(task_branch<T>& ended) {
    if constexpr (std::is_void_v<T>) {
        ended.take();
        return {};
    } else {
        return ended.take();
    }
}

inline void throw_unless_complete(const group& ended) {
    if (ended.first_failure()) std::rethrow_exception(ended.first_failure());
    if (ended.cut_short()) throw cancelled();
}

}  // namespace detail

// Runs all of them side by side and gives a tuple of what they give (std::monostate for void). The
// first failure cancels the others and is thrown once they have ended. Cancellation passes to all.
template <awaitable... As>
    requires(sizeof...(As) > 0)
[[nodiscard]] task<std::tuple<result_or_monostate<await_result<As>>...>> when_all(As... what) {
    context& owner = co_await detail::current();
    if (owner.cancel_requested()) throw cancelled();
    detail::group all(owner, owner.place());
    std::tuple<detail::task_branch<await_result<As>>...> branches(
        typename detail::task_branch<await_result<As>>::seed{all, as_task(std::move(what)),
                                                             owner.place()}...);
    std::apply([](auto&... branch) { (branch.start(), ...); }, branches);
    co_await all.join();
    detail::throw_unless_complete(all);
    co_return std::apply(
        [](auto&... branch) {
            return std::tuple<result_or_monostate<await_result<As>>...>(
                detail::take_from(branch)...);
        },
        branches);
}

// The same for any number of tasks of one type; the results are in the order of the tasks. For
// task<void> there is no result. For very many, or a limit on how many run at once, see `map`.
template <class T>
[[nodiscard]] task<std::conditional_t<std::is_void_v<T>, void, std::vector<result_or_monostate<T>>>>
when_all(std::vector<task<T>> what) {
    context& owner = co_await detail::current();
    if (owner.cancel_requested()) throw cancelled();
    detail::task_branches<T> branches(what);
    detail::group all(owner, owner.place());
    branches.start(all, what, owner.place());
    co_await all.join();
    branches.throw_if_incomplete();
    detail::throw_unless_complete(all);
    if constexpr (!std::is_void_v<T>) {
        std::vector<T> results;
        results.reserve(branches.size());
        for (std::size_t i = 0; i < branches.size(); ++i) results.push_back(branches[i].take());
        co_return results;
    }
}

}  // namespace twill::inline TWILL_ABI
