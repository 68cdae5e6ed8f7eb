// What can be asked for at a place in two steps, awaited, waited for by a thread, or as a case of a
// select.
#pragma once

#include <twill/async/detail/waiter.hpp>
#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <concepts>
#include <coroutine>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

// What is asked for at one place. `parcel` is what is carried besides the waiter; `prepare` makes
// both ready to be queued, `result` gives what was granted, or throws.
template <class A>
concept asked_at_a_place = requires(A& what, waiter& who, typename A::parcel& with) {
    { what.place() } -> std::convertible_to<wait_place&>;
    what.prepare(who, with);
    what.result(with);
};
template <class A>
concept placed = asked_at_a_place<A> && requires(A& what) {
    { what.place() } -> std::same_as<two_phase_place&>;
};

template <placed A>
class placed_wait final : public place_wait {
public:
    placed_wait(const char* name, A what) noexcept
        : place_wait(name, what.place()), what_(std::move(what)) {
        what_.prepare(*this, parcel_);
    }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        return begin_unless(self, [this] { return take_now(what_.place(), *this); });
    }
    decltype(auto) await_resume() {
        throw_if_cut();
        return what_.result(parcel_);
    }

private:
    A what_;
    typename A::parcel parcel_{};
};

// Gives what `what` gives, or nothing if it is not to be had at once.
template <placed A>
    requires(
        !std::is_void_v<decltype(std::declval<A&>().result(std::declval<typename A::parcel&>()))>)
auto try_now(A what) {
    typename A::parcel parcel{};
    thread_waiter self;
    what.prepare(self, parcel);
    using result = decltype(what.result(parcel));
    return take_now(what.place(), self) ? std::optional<result>(what.result(parcel)) : std::nullopt;
}

// Blocks the calling thread. Throws usage_error on an event thread; `instead`: what to write there.
template <placed A>
decltype(auto) wait_blocking(A what, const char* instead) {
    thread_waiter::refuse_on_event_thread(instead);
    typename A::parcel parcel{};
    thread_waiter self;
    what.prepare(self, parcel);
    self.wait_at(what.place());
    return what.result(parcel);
}
// The same for so long. Nothing, or false: it was not to be had, and nothing was taken.
template <asked_at_a_place A>
auto wait_blocking_until(A what, time_point until, const char* instead) {
    thread_waiter::refuse_on_event_thread(instead);
    typename A::parcel parcel{};
    thread_waiter self;
    what.prepare(self, parcel);
    const bool got = self.wait_at(what.place(), until);
    using result = decltype(what.result(parcel));
    if constexpr (std::is_void_v<result>) {
        if (got) what.result(parcel);
        return got;
    } else {
        return got ? std::optional<result>(what.result(parcel)) : std::nullopt;
    }
}

}  // namespace twill::inline TWILL_ABI::detail
