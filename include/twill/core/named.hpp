// Names for tasks, shown by `runtime::dump` and the reports.
//
//     s.spawn([&] { return twill::named("refresh prices", refresh(prices)); });
//     co_await twill::named(std::string("user ") + id, serve(connection));
//
// A name holds for what was awaited and all that runs below it. A task without a name is told by
// the place where it was spawned, and costs nothing for that.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/group.hpp>
#include <twill/core/task.hpp>

#include <source_location>
#include <string>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// Its address is the key under which names are bound.
TWILL_API extern const char key_of_names;

struct bound_name final : binding {
    TWILL_API explicit bound_name(std::string name) noexcept;
    const std::string text;
};

// The name that `where` gives to what runs below it, or null. While it exists.
TWILL_API const std::string* name_given_by(const context& where) noexcept;

}  // namespace detail

// Awaits `what`, named so. Gives what it gives, throws what it throws.
template <awaitable A>
[[nodiscard]] task<await_result<A>> named(
    std::string name, A what, std::source_location where = std::source_location::current()) {
    context& owner = co_await detail::current();
    const detail::bound_name bound(std::move(name));
    detail::group below(owner, where, failure_policy::cancel_rest, &bound);
    detail::task_branch<await_result<A>> work({below, as_task(std::move(what)), where});
    co_await below.join(work.first_step());
    co_return work.take();
}

}  // namespace twill::inline TWILL_ABI
