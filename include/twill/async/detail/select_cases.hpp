// The cases of a select with their types; how one is chosen is in choosing.hpp.
#pragma once

#include <twill/async/detail/choosing.hpp>
#include <twill/async/detail/placed.hpp>
#include <twill/async/detail/waiter.hpp>
#include <twill/core/config.hpp>
#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/task.hpp>
#include <twill/core/when_all.hpp>

#include <array>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace twill::inline TWILL_ABI::detail {

template <class A>
concept selectable = placed<A> || std::same_as<A, sleeping>;

// Sends a value of its own, which cannot be copied before.
template <class A>
concept only_copy = requires { typename A::sends_a_copy; } && !A::sends_a_copy::value;

template <class A>
class arm;
template <placed A>
class arm<A> final : public select_arm {
public:
    arm(choosing& by, A& what) noexcept : select_arm(by, &what.place()), what_(&what) {
        what.prepare(*this, parcel_);
    }
    decltype(auto) result() { return what_->result(parcel_); }

private:
    A* what_;
    typename A::parcel parcel_{};
};
template <>
class arm<sleeping> final : public select_arm {
public:
    arm(choosing& by, const sleeping& what) noexcept : select_arm(by, nullptr) {
        deadline_ = what.deadline;
    }
    void result() const noexcept {}
};

template <class A, class H>
struct select_case {
    static_assert(selectable<A>,
                  "select takes what can be asked for in two steps, so that nothing is lost: see "
                  "select.hpp; for other awaitables there is when_any");
    static_assert(!only_copy<A>,
                  "a value that cannot be copied would be lost with a case that is not chosen: "
                  "use send_from(variable)");
    A what;
    [[no_unique_address]] H handler;
};
template <class Case>
struct optional_case {
    std::optional<Case> inner;
};
template <class H>
struct otherwise_case {
    [[no_unique_address]] H handler;
};

// Awaitables that stand for themselves get no handler.
struct no_handler {};
template <class A>
select_case<A, no_handler> to_case(A what) {
    return {std::move(what), {}};
}
template <class A, class H>
select_case<A, H> to_case(select_case<A, H> one) {
    return one;
}
template <class C>
auto to_case(optional_case<C> one) -> optional_case<decltype(to_case(std::move(*one.inner)))> {
    if (!one.inner) return {};
    return {to_case(std::move(*one.inner))};
}
template <class H>
otherwise_case<H> to_case(otherwise_case<H> one) {
    return one;
}
template <class T>
using as_case = decltype(to_case(std::declval<T>()));

// What is known of a case: what it gives, and its handler.
template <class Case>
struct case_traits;
template <class A, class H>
struct case_traits<select_case<A, H>> {
    using value = await_result<A>;
    using handler = H;
    static constexpr bool is_default = false;
};
template <class C>
struct case_traits<optional_case<C>> : case_traits<C> {};
template <class H>
struct case_traits<otherwise_case<H>> {
    using value = void;
    using handler = H;
    static constexpr bool is_default = true;
};

template <class Value, class H>
struct handled {
    static_assert(std::invocable<H&, Value>, "a handler takes what its case gives");
    using type = std::invoke_result_t<H&, Value>;
};
template <class H>
struct handled<void, H> {
    static_assert(std::invocable<H&>, "the handler of a case that gives nothing takes nothing");
    using type = std::invoke_result_t<H&>;
};
template <class Value>
struct handled<Value, no_handler> {
    using type = no_handler;
};
template <>
struct handled<void, no_handler> {
    using type = no_handler;
};
// What the handler gives, a task included.
template <class Case>
using handler_result =
    typename handled<typename case_traits<Case>::value, typename case_traits<Case>::handler>::type;

template <class T>
struct awaited {
    using type = T;
};
template <class T>
struct awaited<task<T>> {
    using type = T;
};

template <class... Cases>
inline constexpr bool has_coroutine = (is_task<handler_result<Cases>> || ...);

template <class First, class... Rest>
struct common_result {
    using type = typename awaited<handler_result<First>>::type;
    static_assert((std::is_same_v<type, typename awaited<handler_result<Rest>>::type> && ...),
                  "the handlers of a select all give the same type, and all cases have one, or "
                  "none has");
};
template <class... Cases>
struct result_for {
    using type = typename common_result<Cases...>::type;
};
template <class... Cases>
    requires(std::same_as<handler_result<Cases>, no_handler> && ...)
struct result_for<Cases...> {
    using type = std::variant<result_or_monostate<typename case_traits<Cases>::value>...>;
};
template <class... Cases>
using select_result = typename result_for<Cases...>::type;

// A case while it waits.
template <class Case>
class case_slot;
template <class Case>
struct case_seed {
    choosing& by;
    Case& from;
};
template <class A, class H>
class case_slot<select_case<A, H>> {
public:
    case_slot(case_seed<select_case<A, H>> seed) noexcept  // NOLINT(google-explicit-constructor)
        : arm_(seed.by, seed.from.what), handler_(&seed.from.handler) {}
    [[nodiscard]] select_arm* enabled() noexcept { return &arm_; }
    decltype(auto) result() { return arm_.result(); }
    [[nodiscard]] H& handler() const noexcept { return *handler_; }

private:
    arm<A> arm_;
    H* handler_;
};
template <class C>
class case_slot<optional_case<C>> {
public:
    case_slot(case_seed<optional_case<C>> seed) noexcept {  // NOLINT(google-explicit-constructor)
        if (seed.from.inner) slot_.emplace(case_seed<C>{seed.by, *seed.from.inner});
    }
    [[nodiscard]] select_arm* enabled() noexcept { return slot_ ? slot_->enabled() : nullptr; }
    decltype(auto) result() { return slot_->result(); }
    [[nodiscard]] auto& handler() const noexcept { return slot_->handler(); }

private:
    std::optional<case_slot<C>> slot_;
};
template <class H>
class case_slot<otherwise_case<H>> {
public:
    case_slot(case_seed<otherwise_case<H>> seed) noexcept  // NOLINT(google-explicit-constructor)
        : handler_(&seed.from.handler) {}
    [[nodiscard]] static select_arm* enabled() noexcept { return nullptr; }
    void result() const noexcept {}
    [[nodiscard]] H& handler() const noexcept { return *handler_; }

private:
    H* handler_;
};

template <class R, class H, class Value>
task<R> handle_in_task(H& handler, Value value) {
    if constexpr (is_task<std::invoke_result_t<H&, Value>>)
        co_return co_await handler(std::move(value));
    else
        co_return handler(std::move(value));
}
template <class R, class H>
task<R> handle_in_task(H& handler) {
    if constexpr (is_task<std::invoke_result_t<H&>>)
        co_return co_await handler();
    else
        co_return handler();
}

// All of them. Base: choosing_task or choosing_thread.
template <class Base, class R, class... Cases>
class select_base : public Base {
    static constexpr std::size_t size = sizeof...(Cases);
    static_assert(size <= choosing::most, "a select has at most 64 cases");
    static constexpr std::size_t defaults = (std::size_t{case_traits<Cases>::is_default} + ...);
    static_assert(
        defaults == 0 ||
            (defaults == 1 &&
             case_traits<std::tuple_element_t<size - 1, std::tuple<Cases...>>>::is_default),
        "`otherwise` is the last case of a select, and is there once");

public:
    static constexpr bool has_default = defaults != 0;

    explicit select_base(std::tuple<Cases...>& cases)
        : select_base(cases, std::index_sequence_for<Cases...>()) {}

    // Calls the handler of the case that was chosen, if any, and gives what it gives.
    R finish() { return finish_from<0>(); }
    task<R> finish_in_task() { return finish_in_task_from<0>(); }

private:
    template <std::size_t... I>
    select_base(std::tuple<Cases...>& cases, std::index_sequence<I...> /*each*/)
        : slots_(case_seed<Cases>{*this, std::get<I>(cases)}...) {
        std::size_t n = 0;
        const auto add = [&](select_arm* one) {
            if (one != nullptr) arms_[n++] = one;
        };
        (add(std::get<I>(slots_).enabled()), ...);
        if (n == 0 && !has_default)
            throw usage_error("select with no case that is enabled would wait for ever");
        this->use({arms_.data(), n});
    }

    template <std::size_t I>
    [[nodiscard]] bool is_it() noexcept {
        return I + 1 == size ||
               (this->chosen() != nullptr && std::get<I>(slots_).enabled() == this->chosen());
    }
    template <std::size_t I>
    R finish_from() {
        if constexpr (I + 1 < size)
            if (!is_it<I>()) return finish_from<I + 1>();
        using one = std::tuple_element_t<I, std::tuple<Cases...>>;
        constexpr bool gives = !std::is_void_v<typename case_traits<one>::value>;
        auto& slot = std::get<I>(slots_);
        if constexpr (std::is_same_v<typename case_traits<one>::handler, no_handler>) {
            if constexpr (gives) {
                return R(std::in_place_index<I>, slot.result());
            } else {
                slot.result();
                return R(std::in_place_index<I>);
            }
        } else if constexpr (gives) {
            return std::invoke(slot.handler(), slot.result());
        } else {
            slot.result();
            return std::invoke(slot.handler());
        }
    }
    template <std::size_t I>
    task<R> finish_in_task_from() {
        if constexpr (I + 1 < size)
            if (!is_it<I>()) return finish_in_task_from<I + 1>();
        using one = std::tuple_element_t<I, std::tuple<Cases...>>;
        auto& slot = std::get<I>(slots_);
        if constexpr (std::is_void_v<typename case_traits<one>::value>) {
            slot.result();
            return handle_in_task<R>(slot.handler());
        } else {
            return handle_in_task<R>(slot.handler(), slot.result());
        }
    }

    std::tuple<case_slot<Cases>...> slots_;
    std::array<select_arm*, size> arms_{};
};

template <class R, class... Cases>
class select_operation : public select_base<choosing_task, R, Cases...> {
public:
    using select_base<choosing_task, R, Cases...>::select_base;
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        context& owner = self.promise().current_context();
        if (owner.cancel_requested()) return this->begin(self, owner);
        if (this->try_each() || this->has_default) return this->begin_complete(self, owner);
        return this->begin(self, owner);
    }
    R await_resume() {
        this->conclude();
        return this->finish();
    }
};

// Leaves the handler to who awaits it.
template <class R, class... Cases>
class select_choice final : public select_operation<R, Cases...> {
public:
    using select_operation<R, Cases...>::select_operation;
    void await_resume() { this->conclude(); }
};

template <class R, class... Cases>
struct [[nodiscard("it waits when it is awaited")]] selecting {
    std::tuple<Cases...> cases;
    select_operation<R, Cases...> operator co_await() {
        return select_operation<R, Cases...>(cases);
    }
};

template <class R, class... Cases>
task<R> select_task(std::tuple<Cases...> cases) {
    select_choice<R, Cases...> choice(cases);
    co_await choice;
    co_return co_await choice.finish_in_task();
}

template <class R, class... Cases>
class blocked_select final : public select_base<choosing_thread, R, Cases...> {
public:
    using select_base<choosing_thread, R, Cases...>::select_base;
    R run() {
        if constexpr (!blocked_select::has_default)
            thread_waiter::refuse_on_event_thread("co_await select()");
        if (!this->try_each() && !this->has_default) this->wait();
        return this->finish();
    }
};

}  // namespace twill::inline TWILL_ABI::detail
