// adaptive_limiter: as many calls at a time as do good, found while they run.
//
//     twill::adaptive_limiter to_database;                        // one for all callers
//     auto row = co_await to_database.run([&] { return query(id); });
//
// A fixed limit is wrong on the next machine, and after the next change of what is called. This one
// measures how long calls take and how many get done, raises the limit while more at a time do
// more, and lowers it to what is enough when they only wait for each other, or when calls fail by
// overload. Who comes while that many are in progress waits; first come, first served. How it
// decides: runtime/adaptive_controller.hpp.
//
// For tasks on any event thread, plain threads and functions on the compute pool. It must outlive
// the calls.
#pragma once

#include <twill/async/detail/permits.hpp>
#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {

class adaptive_limiter;

namespace detail {
enum class adaptive_outcome : std::uint8_t { unknown, succeeded, overloaded };
}

// A place among the calls in progress, from `enter` until it goes. Unless it is told how the call
// ended, the limiter learns nothing from it. Movable.
class [[nodiscard("the call is counted as long as this lives")]] adaptive_call {
public:
    adaptive_call() noexcept = default;
    adaptive_call(adaptive_call&& other) noexcept
        : in_(std::exchange(other.in_, nullptr)), began_(other.began_) {}
    adaptive_call& operator=(adaptive_call&& other) noexcept {
        if (this == &other) return *this;
        end(detail::adaptive_outcome::unknown);
        in_ = std::exchange(other.in_, nullptr);
        began_ = other.began_;
        return *this;
    }
    ~adaptive_call() { end(detail::adaptive_outcome::unknown); }
    explicit operator bool() const noexcept { return in_ != nullptr; }

    // The call has come to its end now, which took as long as this lives. Nothing on an empty one.
    void succeeded() noexcept { end(detail::adaptive_outcome::succeeded); }
    // The same, where it is known what it did meanwhile: the limit then heeds `adaptive_options::
    // cpus`, too.
    void succeeded(const call_sample& did) noexcept {
        end(detail::adaptive_outcome::succeeded, &did);
    }
    // It failed in a way that says "too many at once": a timeout, a refusal.
    void overloaded() noexcept { end(detail::adaptive_outcome::overloaded); }

    // For the library.
    TWILL_API explicit adaptive_call(detail::held_permits place) noexcept;

private:
    TWILL_API void end(detail::adaptive_outcome how, const call_sample* did = nullptr) noexcept;

    adaptive_limiter* in_ = nullptr;
    time_point began_{};
};

class TWILL_API adaptive_limiter {
public:
    // Throws usage_error for bounds that contradict each other.
    explicit adaptive_limiter(const adaptive_options& options = {});

    // `co_await enter()` suspends until a call may begin, and gives its place. Cancelled at once:
    // then it has none.
    [[nodiscard]] detail::taking<adaptive_call> enter() noexcept {
        return {"enter an adaptive limiter", &places_, 1};
    }
    // The place if that needs no waiting; else an empty one. Any thread.
    adaptive_call try_enter() noexcept {
        if (!places_.try_take(1)) return {};
        return adaptive_call(detail::held_permits(places_, 1));
    }
    // Blocks the calling thread. Throws usage_error on an event thread.
    adaptive_call enter_blocking() {
        places_.take_blocking(1, "co_await enter()");
        return adaptive_call(detail::held_permits(places_, 1));
    }

    // Enters, awaits `f()`, which gives something to be awaited, and gives what that gives. A call
    // that throws is overloaded if `means_overload(error)`, which is `timed_out` unless said
    // otherwise; from other failures nothing is learnt. Cancelled: so is the call, and nothing is
    // learnt. So a time limit belongs inside, `run([&] { return with_timeout(1s, query(id)); })`:
    // one around the whole cancels it, and limits the wait for a place, too.
    template <class F>
        requires awaitable<std::invoke_result_t<F&>>
    [[nodiscard]] task<await_result<std::invoke_result_t<F&>>> run(
        F f, std::function<bool(const std::exception_ptr&)> means_overload = {});

    // How many may be in progress now. Any thread.
    [[nodiscard]] std::size_t limit() const noexcept;
    // The bound from the options.
    [[nodiscard]] std::size_t most() const noexcept { return most_; }
    // What was decided lately, oldest first. Any thread.
    [[nodiscard]] std::vector<adaptive_decision> decisions() const;

private:
    friend class adaptive_call;

    // Permits that know their limiter.
    struct places final : detail::permits {
        places(adaptive_limiter& limiter, std::size_t free) noexcept
            : permits(free), of(&limiter) {}
        adaptive_limiter* of;
    };

    time_point begun() noexcept;
    void ended(time_point began, detail::adaptive_outcome how, const call_sample* did) noexcept;

    const std::size_t most_;
    mutable futex_mutex lock_;
    adaptive_controller control_;  // guarded by lock_
    // Permits that are free or held. As many as the limit, or more while a lowered one waits for
    // calls to end.
    std::size_t permits_;  // guarded by lock_
    places places_;
};

namespace detail {
// Whether it is `timed_out`.
TWILL_API bool is_timeout(const std::exception_ptr& error) noexcept;
}  // namespace detail

template <class F>
    requires awaitable<std::invoke_result_t<F&>>
task<await_result<std::invoke_result_t<F&>>> adaptive_limiter::run(
    F f, std::function<bool(const std::exception_ptr&)> means_overload) {
    adaptive_call here = co_await enter();
    try {
        if constexpr (std::is_void_v<await_result<std::invoke_result_t<F&>>>) {
            co_await std::invoke(f);
            here.succeeded();
        } else {
            decltype(auto) result = co_await std::invoke(f);
            here.succeeded();
            co_return static_cast<decltype(result)&&>(result);
        }
    } catch (...) {
        const auto error = std::current_exception();
        if (means_overload ? means_overload(error) : detail::is_timeout(error)) here.overloaded();
        throw;
    }
}

}  // namespace twill::inline TWILL_ABI
