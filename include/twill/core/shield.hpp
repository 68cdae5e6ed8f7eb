// Work that must not be cut short.
//
//     co_await twill::shield(commit(transaction), 2s);
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/group.hpp>
#include <twill/core/task.hpp>
#include <twill/core/timeout.hpp>

#include <source_location>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// Lets cancellation through to the shielded branch from its deadline on.
template <class T>
class shield_timer final : public group_timer {
public:
    using group_timer::group_timer;
    void protect(task_branch<T>& work) noexcept {
        work_ = &work;
        work.on_end(*this);
    }

private:
    void act() noexcept override { work_->lift_protection(); }
    task_branch<T>* work_ = nullptr;
};

}  // namespace detail

// Awaits `what` and keeps cancellation from it for at most `limit`, counted from here; a
// cancellation that was requested by then passes on at that moment. Starts `what` also in a task
// that is cancelled already. Gives what `what` gives, throws what it throws. A cancellation that
// was kept off is thrown by the next suspension after it.
template <awaitable A>
[[nodiscard]] task<await_result<A>> shield(
    A what, duration limit, std::source_location where = std::source_location::current()) {
    context& owner = co_await detail::current();
    detail::group guarded(owner, where);
    detail::shield_timer<await_result<A>> until(guarded, after(now(), limit));
    detail::task_branch<await_result<A>> work(
        {guarded, as_task(std::move(what)), where, detail::protection::shielded});
    until.protect(work);
    until.start();
    co_await guarded.join(work.first_step());
    co_return work.take();
}

}  // namespace twill::inline TWILL_ABI
