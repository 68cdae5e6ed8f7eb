// task<T>: a coroutine that produces a T.
//
//     twill::task<std::string> greeting(std::string name) {
//         co_await twill::sleep(10ms);
//         co_return "hello " + name;
//     }
//     std::string text = co_await greeting("twill");
//
// Lazy: nothing runs before it is awaited. Move-only, awaited once, as an rvalue; awaiting it
// again, or an empty one, throws usage_error. What it throws is thrown where it is awaited. T may
// be void, a reference, or move-only. A chain of tasks that return at once uses no stack, however
// long.
//
// Calling the coroutine allocates its frame, and throws std::bad_alloc there when memory is out.
//
// A task that nobody awaits never ran: `[[nodiscard]]` warns. To run tasks side by side use
// `scope`, `when_all` or `map`.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/promise.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

template <class T = void>
class task;

namespace detail {

template <class T>
class task_promise;

// Throws the usage_error of awaiting what cannot be awaited.
[[noreturn]] TWILL_API void refuse_task(bool is_empty);

// What a task left behind: nothing yet, a value, or an exception.
template <class T>
class task_result : public promise_base {
    using stored = std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>;
    static_assert(alignof(stored) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "compilers do not align coroutines so far: give it by a pointer or a container");

public:
    task_result() noexcept {}
    ~task_result() {
        if (state_ == state::value) std::destroy_at(&value_);
    }

    template <class U = T>
        requires std::is_convertible_v<U&&, T>
    void return_value(U&& value) noexcept(std::is_nothrow_constructible_v<T, U&&>) {
        if constexpr (std::is_reference_v<T>)
            std::construct_at(&value_, std::addressof(static_cast<T>(value)));
        else
            std::construct_at(&value_, std::forward<U>(value));
        state_ = state::value;
    }
    void unhandled_exception() noexcept { error_ = std::current_exception(); }

    [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }
    T take() {
        if (error_) std::rethrow_exception(std::move(error_));
        if constexpr (std::is_reference_v<T>)
            return static_cast<T>(*value_);
        else
            return std::move(value_);
    }

private:
    enum class state : bool { none, value };
    union {
        stored value_;
    };
    std::exception_ptr error_;
    state state_ = state::none;
};

template <>
class task_result<void> : public promise_base {
public:
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }
    void take() {
        if (error_) std::rethrow_exception(std::move(error_));
    }

private:
    std::exception_ptr error_;
};

template <class T>
class task_promise final : public task_result<T> {
public:
    task<T> get_return_object() noexcept;
};

}  // namespace detail

template <class T>
class [[nodiscard("a task does nothing until it is awaited")]] task {
public:
    using promise_type = detail::task_promise<T>;
    using value_type = T;
    using handle_type = std::coroutine_handle<promise_type>;

    // An empty task.
    task() noexcept = default;
    task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        task moved(std::move(other));
        std::swap(handle_, moved.handle_);
        return *this;
    }
    ~task() {
        if (handle_) handle_.destroy();
    }

    [[nodiscard]] bool empty() const noexcept { return !handle_; }

    class awaiter {
    public:
        bool await_ready() const noexcept { return false; }
        template <twill_promise Caller>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Caller> caller) noexcept {
            handle_.promise().begin_for(caller.promise(), caller);
            return detail::transfer(handle_);
        }
        T await_resume() { return handle_.promise().take(); }

    private:
        friend class task;
        explicit awaiter(handle_type handle) noexcept : handle_(handle) {}
        handle_type handle_;
    };
    awaiter operator co_await() && { return awaiter(unbegun()); }

    // For the library: the coroutine, which stays owned by the task.
    [[nodiscard]] handle_type handle() const noexcept { return handle_; }
    // The same before it is begun. Throws usage_error when it was, or when the task is empty.
    [[nodiscard]] handle_type unbegun() const {
        if (!handle_ || handle_.promise().begun()) [[unlikely]]
            detail::refuse_task(empty());
        return handle_;
    }

private:
    friend class detail::task_promise<T>;
    explicit task(handle_type handle) noexcept : handle_(handle) {}

    handle_type handle_;
};

template <class T>
task<T> detail::task_promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

// True for task<T> of any T.
template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

namespace detail {
template <class A>
decltype(auto) awaiter_of(A&& awaitable) {
    if constexpr (requires { std::forward<A>(awaitable).operator co_await(); })
        return std::forward<A>(awaitable).operator co_await();
    else
        return std::forward<A>(awaitable);
}
}  // namespace detail

// What `co_await` gives for an awaitable of type A.
template <class A>
using await_result = decltype(detail::awaiter_of(std::declval<A>()).await_resume());

// Anything that can be awaited in a task, once, as an rvalue.
template <class A>
concept awaitable = std::move_constructible<std::remove_cvref_t<A>> &&
                    requires { typename await_result<std::remove_cvref_t<A>>; };

// Any awaitable as a task. Throws usage_error for a task that cannot be awaited.
template <awaitable A>
task<await_result<std::remove_cvref_t<A>>> as_task(A what) {
    co_return co_await std::move(what);
}
template <class T>
task<T> as_task(task<T> what) {
    static_cast<void>(what.unbegun());
    return what;
}

}  // namespace twill::inline TWILL_ABI
