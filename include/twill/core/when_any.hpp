// Several awaitables side by side, the first of them wanted.
//
//     auto first = co_await twill::when_any(ask(replica_a), ask(replica_b));
//     if (first.index() == 0) use(std::get<0>(first));
//
// The others are cancelled, and have ended before the result is given. What they still produced is
// discarded, failures too: use `select` on channels where a message must not be lost.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/error.hpp>
#include <twill/core/group.hpp>
#include <twill/core/task.hpp>
#include <twill/core/task_branches.hpp>
#include <twill/core/when_all.hpp>

#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail {

// Keeps the branch that ended first and cancels the rest.
class TWILL_API first_of final : public end_listener {
public:
    explicit first_of(group& all) noexcept : all_(all) {}
    void branch_ended(const branch& which) noexcept override;
    [[nodiscard]] bool is(const branch& which) const noexcept {
        return first_.load(std::memory_order_acquire) == &which;
    }

private:
    group& all_;
    atomic<const branch*> first_{nullptr};
};

}  // namespace detail

// Runs all of them side by side until the first has ended, cancels the others and joins them. Gives
// a variant whose index is that of the first (std::monostate for void); throws what the first
// threw.
template <awaitable... As>
    requires(sizeof...(As) > 0 && (!std::is_reference_v<await_result<As>> && ...))
[[nodiscard]] task<std::variant<result_or_monostate<await_result<As>>...>> when_any(As... what) {
    using results = std::variant<result_or_monostate<await_result<As>>...>;
    context& owner = co_await detail::current();
    if (owner.cancel_requested()) throw cancelled();
    detail::group all(owner, owner.place(), failure_policy::leave_rest);
    detail::first_of first(all);
    std::tuple<detail::task_branch<await_result<As>>...> branches(
        typename detail::task_branch<await_result<As>>::seed{all, as_task(std::move(what)),
                                                             owner.place()}...);
    std::apply([&](auto&... branch) { (branch.on_end(first), ...); }, branches);
    std::apply([](auto&... branch) { (branch.start(), ...); }, branches);
    co_await all.join();
    std::optional<results> winner;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (void)((first.is(std::get<I>(branches)) &&
                (winner.emplace(std::in_place_index<I>, detail::take_from(std::get<I>(branches))),
                 true)) ||
               ...);
    }(std::index_sequence_for<As...>{});
    co_return std::move(*winner);
}

template <class T>
struct first_result {
    std::size_t index;
    [[no_unique_address]] result_or_monostate<T> value;
};

// The same for any number of tasks of one type. Throws usage_error when there is none.
template <class T>
[[nodiscard]] task<first_result<T>> when_any(std::vector<task<T>> what) {
    if (what.empty()) throw usage_error("when_any of no tasks can never end: pass at least one");
    context& owner = co_await detail::current();
    if (owner.cancel_requested()) throw cancelled();
    detail::task_branches<T> branches(what);
    detail::group all(owner, owner.place(), failure_policy::leave_rest);
    detail::first_of first(all);
    branches.start(all, what, owner.place(), &first);
    co_await all.join();
    branches.throw_if_incomplete();
    std::size_t index = 0;
    while (!first.is(branches[index])) ++index;
    co_return first_result<T>{index, detail::take_from(branches[index])};
}

}  // namespace twill::inline TWILL_ABI
