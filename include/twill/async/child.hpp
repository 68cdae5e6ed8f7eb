// child<T>: what a child of a scope gives, for whoever wants it.
//
//     co_await twill::scope([&](twill::scope_ref s) -> twill::task<> {
//         auto user = twill::spawn_child(s, load_user, id);      // both have been started ...
//         auto cart = twill::spawn_child(s, load_cart, id);
//         show(co_await user.result(), co_await cart.result());  // ... before the first is awaited
//     });
//
// For a number of things that are known beforehand, `when_all` says the same in a line; a child can
// be started early, in a loop, under a condition, and be asked late, by another task, or never. It
// is a child as every other one: the scope ends after it, and its failure fails the scope, whether
// somebody asked for its result or not.
#pragma once

#include <twill/async/manual_reset_event.hpp>
#include <twill/core/config.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/task.hpp>
#include <twill/core/when_all.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class T>
struct child_outcome {
    // Written by the child before it sets the event.
    std::optional<result_or_monostate<T>> value;
    std::exception_ptr error;
    manual_reset_event ended;

    T take() {
        if (error) std::rethrow_exception(error);
        // A child whose frame found no memory has left neither.
        if (!value) throw std::bad_alloc();
        if constexpr (!std::is_void_v<T>) return std::move(*value);
    }
};

// The child's hold on its outcome. However the child goes, who waits for it is told.
template <class T>
class child_end {
public:
    explicit child_end(std::shared_ptr<child_outcome<T>> outcome) noexcept
        : outcome_(std::move(outcome)) {}
    child_end(child_end&&) noexcept = default;
    child_end& operator=(child_end&&) = delete;
    ~child_end() {
        if (outcome_ != nullptr) outcome_->ended.set();
    }
    child_outcome<T>& outcome() const noexcept { return *outcome_; }

private:
    std::shared_ptr<child_outcome<T>> outcome_;
};

template <class T, class F, class... Args>
task<> run_child(child_end<T> end, F callable, Args... arguments) {
    auto& outcome = end.outcome();
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::invoke(std::move(callable), std::move(arguments)...);
            outcome.value.emplace();
        } else {
            outcome.value.emplace(
                co_await std::invoke(std::move(callable), std::move(arguments)...));
        }
    } catch (...) {
        outcome.error = std::current_exception();
        throw;
    }
}

template <class T>
class child_wait final : public place_wait {
public:
    explicit child_wait(std::shared_ptr<child_outcome<T>> outcome) noexcept
        : place_wait("wait for a child's result", outcome->ended.where()),
          outcome_(std::move(outcome)) {}
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        return begin_unless(self, [this] { return outcome_->ended.is_set(); });
    }
    T await_resume() {
        throw_if_cut();
        return outcome_->take();
    }

private:
    std::shared_ptr<child_outcome<T>> outcome_;
};

template <class T>
struct [[nodiscard("it waits when it is awaited")]] child_asking {
    std::shared_ptr<child_outcome<T>> outcome;
    child_wait<T> operator co_await() && noexcept { return child_wait<T>(std::move(outcome)); }
};

template <class F, class... Args>
concept gives_result = spawnable<F, Args...> && awaitable<spawn_result<F, Args...>> &&
                       !std::is_reference_v<await_result<spawn_result<F, Args...>>>;

}  // namespace detail

// The result of one child. Movable; may outlive the scope.
template <class T>
class child {
public:
    // Of no child.
    child() noexcept = default;
    // Whether there is a result to be asked for.
    explicit operator bool() const noexcept { return outcome_ != nullptr; }
    // Whether the child has ended, so that `result` need not wait.
    [[nodiscard]] bool has_ended() const noexcept {
        return outcome_ != nullptr && outcome_->ended.is_set();
    }

    // `co_await result()` suspends until the child has ended, gives what it gave and throws what it
    // threw: `cancelled`, if it was cut short. Once: this names no child afterwards, even if the
    // wait is cancelled, which ends it at once; the child goes on. Throws usage_error, here, when
    // there is no child to ask.
    [[nodiscard]] detail::child_asking<T> result() {
        if (outcome_ == nullptr)
            throw usage_error(
                "the result of no child was asked for: a child's result is given once, and a "
                "moved-from child has none; ask `if (child)`");
        return {std::move(outcome_)};
    }

    // For the library.
    explicit child(std::shared_ptr<detail::child_outcome<T>> outcome) noexcept
        : outcome_(std::move(outcome)) {}

private:
    std::shared_ptr<detail::child_outcome<T>> outcome_;
};

// As `in.spawn(callable, arguments...)`, and gives access to what the child gives. Its failure
// fails the scope as any child's does, and is thrown by `result` as well. Any thread, from inside
// the scope.
template <class F, class... Args>
    requires detail::gives_result<F, Args...>
auto spawn_child_at(std::source_location where, scope_ref in, F&& callable, Args&&... arguments) {
    using result = await_result<detail::spawn_result<F, Args...>>;
    auto outcome = std::make_shared<detail::child_outcome<result>>();
    in.spawn_at(where, detail::run_child<result, std::decay_t<F>, std::decay_t<Args>...>,
                detail::child_end<result>(outcome), std::forward<F>(callable),
                std::forward<Args>(arguments)...);
    return child<result>(std::move(outcome));
}
template <class F>
    requires detail::gives_result<F>
auto spawn_child(scope_ref in, F&& callable,
                 std::source_location where = std::source_location::current()) {
    return spawn_child_at(where, in, std::forward<F>(callable));
}
template <class F, class A>
    requires detail::gives_result<F, A>
auto spawn_child(scope_ref in, F&& callable, A&& a,
                 std::source_location where = std::source_location::current()) {
    return spawn_child_at(where, in, std::forward<F>(callable), std::forward<A>(a));
}
template <class F, class A, class B>
    requires detail::gives_result<F, A, B>
auto spawn_child(scope_ref in, F&& callable, A&& a, B&& b,
                 std::source_location where = std::source_location::current()) {
    return spawn_child_at(where, in, std::forward<F>(callable), std::forward<A>(a),
                          std::forward<B>(b));
}
template <class F, class A, class B, class C>
    requires detail::gives_result<F, A, B, C>
auto spawn_child(scope_ref in, F&& callable, A&& a, B&& b, C&& c,
                 std::source_location where = std::source_location::current()) {
    return spawn_child_at(where, in, std::forward<F>(callable), std::forward<A>(a),
                          std::forward<B>(b), std::forward<C>(c));
}

}  // namespace twill::inline TWILL_ABI
