// Limits in time.
//
//     auto row = co_await twill::with_timeout(200ms, query(db, key));      // throws timed_out
//     co_await twill::with_deadline(request.deadline, answer(request));
//
// When the limit is reached the work is cancelled, and what was awaited ends once the work has: a
// timeout never leaves anything running behind. A result that was complete by then is given all the
// same. The limit's own expiry is `timed_out`; a cancellation from outside that came first is
// `cancelled`, as everywhere.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/error.hpp>
#include <twill/core/group.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>

#include <source_location>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// A timer that belongs to a group, and does something to it when it fires. It counts as a branch,
// so that the owner never goes on while the timer is firing.
class TWILL_API group_timer : public end_listener, private timer {
public:
    group_timer(group& of, time_point when) noexcept : timer(&group_timer::expired), group_(of) {
        deadline = when;
    }
    void start() noexcept;
    // The work that was limited has ended: the timer is withdrawn.
    void branch_ended(const branch& which) noexcept final;

protected:
    ~group_timer() = default;
    group& group_;

private:
    virtual void act() noexcept = 0;
    static void expired(timer& self) noexcept;
};

// Cancels the group at the deadline.
class TWILL_API deadline_timer final : public group_timer {
public:
    using group_timer::group_timer;
    // After the join: whether it was this timer that cancelled the group.
    [[nodiscard]] bool was_first() const noexcept { return was_first_; }

private:
    void act() noexcept override;
    bool was_first_ = false;
};

}  // namespace detail

// Awaits `what`, cancelling it at `deadline`. Gives what it gives, throws what it throws; throws
// `timed_out` when the deadline cut it short.
template <awaitable A>
[[nodiscard]] task<await_result<A>> with_deadline(
    time_point deadline, A what, std::source_location where = std::source_location::current()) {
    context& owner = co_await detail::current();
    if (owner.cancel_requested()) throw cancelled();
    detail::group limited(owner, where);
    detail::deadline_timer limit(limited, deadline);
    detail::task_branch<await_result<A>> work({limited, as_task(std::move(what)), where});
    work.on_end(limit);
    limit.start();
    co_await limited.join(work.first_step());
    if (limit.was_first() && limited.cut_short())
        throw timed_out(std::string("work limited at ") + where.file_name() + ":" +
                        std::to_string(where.line()));
    co_return work.take();
}

// The same with a limit that counts from the moment of the call.
template <awaitable A>
[[nodiscard]] task<await_result<A>> with_timeout(
    duration limit, A what, std::source_location where = std::source_location::current()) {
    return with_deadline(after(now(), limit), std::move(what), where);
}

}  // namespace twill::inline TWILL_ABI
