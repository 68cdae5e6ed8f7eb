// scope: a place that tasks are spawned into and that ends when all of them have ended.
//
//     co_await twill::scope([&](twill::scope_ref s) -> twill::task<> {
//         for (auto& url : urls) s.spawn(fetch, std::ref(cache), url);
//         co_await twill::sleep(1min);
//         s.cancel();                     // the children see it at their next suspension
//     });                                 // all of them have ended here
#pragma once

#include <twill/core/admission.hpp>
#include <twill/core/config.hpp>
#include <twill/core/event.hpp>
#include <twill/core/group.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/core/timeout.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail {

// What a spawned callable gives: an awaitable that is run, or nothing.
template <class F, class... Args>
using spawn_result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;

template <class T>
concept awaited_by_itself = awaitable<T> && std::constructible_from<std::remove_cvref_t<T>, T>;

template <class F, class... Args>
concept spawnable =
    std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...> &&
    (std::is_void_v<spawn_result<F, Args...>> || awaited_by_itself<spawn_result<F, Args...>>);

// What is not spawnable: fails to compile, and says why.
template <class F, class... Args>
constexpr void refuse_to_spawn() {
    constexpr bool is_callable = std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...>;
    if constexpr (spawnable<F, Args...>) {
        static_assert(!spawnable<F, Args...>,
                      "spawn takes at most three arguments beside the callable: for more write "
                      "spawn_at(std::source_location::current(), callable, arguments...)");
    } else if constexpr (!is_callable && awaitable<F>) {
        static_assert(is_callable,
                      "spawn takes the function and its arguments, not the task or awaitable that "
                      "a call of it gives: write spawn(f, x) or spawn([] { return f(x); }) for "
                      "spawn(f(x))");
    } else if constexpr (!is_callable) {
        static_assert(is_callable,
                      "the callable cannot be called with copies of these arguments, which is what "
                      "spawn does: pass std::ref(x) where it takes a reference to x");
    } else {
        static_assert(spawnable<F, Args...>,
                      "the callable gives something that cannot be awaited, and that would be "
                      "dropped: spawn what gives a task or another awaitable, or nothing (for a "
                      "child's result there is spawn_child)");
    }
}

// A spawned task: the callable and its arguments, kept until the task has ended.
template <class F, class... Args>
class spawned final : public branch, private runnable {
    using result = spawn_result<F, Args...>;
    static constexpr bool runs_task = !std::is_void_v<result>;
    struct nothing {};
    template <class T>
    struct task_for {
        using type = task<await_result<T>>;
    };
    template <class T>
        requires std::is_void_v<T>
    struct task_for<T> {
        using type = nothing;
    };

public:
    template <class G, class... As>
    spawned(executor& home, std::source_location where, G&& callable, As&&... arguments)
        : branch(home, where),
          runnable(&spawned::begin),
          callable_(std::forward<G>(callable)),
          arguments_(std::forward<As>(arguments)...) {}

    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }

    void start_in(group& in) noexcept {
        in.expect();
        attach_to(in);
        note(event_kind::task_spawn, static_cast<context*>(this), place().file_name(),
             place().line());
        if (in.limit() == nullptr)
            home().post(*this);
        else
            in.limit()->enter(home(), *this);
    }

private:
    static void begin(runnable& node) noexcept {
        auto& self = static_cast<spawned&>(node);
        note_running(self.place());
        std::coroutine_handle<> first;
        std::exception_ptr failure;
        try {
            if constexpr (runs_task) {
                self.task_ = as_task(self.invoke());
                first = self.task_.unbegun();
                self.task_.handle().promise().begin_in(self);
            } else {
                self.invoke();
            }
        } catch (...) {
            failure = std::current_exception();
        }
        if (!first) first = self.finish(failure);
        if (first) resume(first);
    }

    result invoke() {
        return std::apply(
            [this](Args&... arguments) -> result {
                return std::invoke(std::move(callable_), std::move(arguments)...);
            },
            arguments_);
    }

    std::coroutine_handle<> ended() noexcept override {
        if constexpr (runs_task)
            return finish(std::exception_ptr(task_.handle().promise().error()));
        else
            return nullptr;
    }

    // `how` is a copy: the task that it came from goes with this node.
    std::coroutine_handle<> finish(const std::exception_ptr& how) noexcept {
        auto& in = static_cast<group&>(*parent());
        note(event_kind::task_end, static_cast<context*>(this), "", how ? 1 : 0);
        detach();
        delete this;
        if (in.limit() != nullptr) in.limit()->leave(in.home());
        return in.child_ended(how);
    }

    F callable_;
    std::tuple<Args...> arguments_;
    // Destroyed before what it may refer to.
    [[no_unique_address]] typename task_for<result>::type task_;
};

}  // namespace detail

// Names a scope. Copyable; valid until the scope has ended, so: inside its body and its children.
class scope_ref {
public:
    // Runs `callable(arguments...)` as a child of the scope, side by side with the others. Copies
    // of both are kept until the child has ended (pass std::ref for a reference), so a lambda's
    // captures outlive its coroutine. The callable gives a task or anything else that can be
    // awaited, or is a plain function that returns nothing and does not block.
    //
    //     s.spawn(fetch, url);    s.spawn(twill::sleep, 10ms);    s.spawn([&] { return m.lock();
    //     });
    //
    // The child starts later, not inside this call. In a cancelled scope it still starts, and is
    // cancelled at its first suspension. What it throws cancels the scope; see `scope`.
    // Throws what copying the callable and its arguments throws, and std::bad_alloc: then nothing
    // was spawned. Any thread, from inside the scope.
    template <class F>
        requires detail::spawnable<F>
    void spawn(F&& callable, std::source_location where = std::source_location::current()) const {
        spawn_at(where, std::forward<F>(callable));
    }
    template <class F, class A>
        requires detail::spawnable<F, A>
    void spawn(F&& callable, A&& a,
               std::source_location where = std::source_location::current()) const {
        spawn_at(where, std::forward<F>(callable), std::forward<A>(a));
    }
    template <class F, class A, class B>
        requires detail::spawnable<F, A, B>
    void spawn(F&& callable, A&& a, B&& b,
               std::source_location where = std::source_location::current()) const {
        spawn_at(where, std::forward<F>(callable), std::forward<A>(a), std::forward<B>(b));
    }
    template <class F, class A, class B, class C>
        requires detail::spawnable<F, A, B, C>
    void spawn(F&& callable, A&& a, B&& b, C&& c,
               std::source_location where = std::source_location::current()) const {
        spawn_at(where, std::forward<F>(callable), std::forward<A>(a), std::forward<B>(b),
                 std::forward<C>(c));
    }

    // What cannot be spawned: the compiler says why.
    template <class F, class... Args>
        requires(!detail::spawnable<F, Args...> || sizeof...(Args) > 3)
    void spawn(F&& /*callable*/, Args&&... /*arguments*/) const {
        detail::refuse_to_spawn<F, Args...>();
    }

    // The same with the place that reports show given by the caller, and any number of arguments.
    template <class F, class... Args>
        requires detail::spawnable<F, Args...>
    void spawn_at(std::source_location where, F&& callable, Args&&... arguments) const {
        auto* child = new detail::spawned<std::decay_t<F>, std::decay_t<Args>...>(
            group_->home(), where, std::forward<F>(callable), std::forward<Args>(arguments)...);
        child->start_in(*group_);
    }

    // Requests cancellation of the body and all children. The scope then ends without an error once
    // they have. Any thread, from inside the scope.
    void cancel() const noexcept { group_->request_cancel(); }
    [[nodiscard]] bool cancel_requested() const noexcept { return group_->cancel_requested(); }

    // For the library.
    explicit scope_ref(detail::group& g) noexcept : group_(&g) {}

private:
    detail::group* group_;
};

struct scope_options {
    // At most so many of the children run at a time; the others begin in the order in which they
    // were spawned, as running ones end. 0: no limit. The body is not counted, nor is it held up by
    // `spawn`. A child that waits for another one of the same scope may wait for ever under a
    // limit: the other may not have begun.
    std::size_t max_concurrency = 0;
    // leave_rest: a failure cancels nobody. The first one is thrown at the end all the same.
    failure_policy on_failure = failure_policy::cancel_rest;
    // When it is reached, body and children are cancelled, and once they have ended `timed_out` is
    // thrown if that cut any of them short.
    time_point deadline = never;
    // Where failures after the first go, oldest first; at most 32 are kept.
    std::vector<std::exception_ptr>* other_failures = nullptr;
};

namespace detail {

template <class Body>
using scope_result = typename std::invoke_result_t<Body&, scope_ref>::value_type;

// What ends a scope, given how its parts did: returns, or throws.
TWILL_API void finish_scope(group& of, const context& owner, const std::exception_ptr& body_error,
                            std::vector<std::exception_ptr>* others);

template <class Body>
task<scope_result<Body>> run_scope(Body body, scope_options options, std::source_location where) {
    context& owner = co_await current();
    if (owner.cancel_requested()) throw cancelled();
    group children(owner, where, options.on_failure);
    std::optional<admission> limit;
    if (options.max_concurrency != 0) children.limit_to(limit.emplace(options.max_concurrency));
    const scope_ref here(children);
    using main_branch = task_branch<scope_result<Body>>;
    std::optional<main_branch> main;
    std::exception_ptr not_begun;
    try {
        main.emplace(typename main_branch::seed{children, as_task(std::invoke(body, here)), where});
    } catch (...) {
        // A plain function that gives a task may have spawned before it threw.
        not_begun = std::current_exception();
        children.request_cancel();
    }
    co_await children.join(main ? main->first_step() : nullptr);
    if (not_begun) std::rethrow_exception(not_begun);
    finish_scope(children, owner, main->error(), options.other_failures);
    if constexpr (std::is_void_v<scope_result<Body>>)
        co_return;
    else
        co_return main->take();
}

}  // namespace detail

// Runs `body(scope_ref)`, which gives a task, and ends when it and everything spawned into the
// scope have ended. Gives what the body gives. The body may end before its children: what they
// refer to must live outside of it, or be among the arguments that `spawn` keeps.
//
// Failure: the first exception of the body or a child cancels all others (or not: see
// `options.on_failure`), and is thrown here once they have ended; further ones go to
// `options.other_failures`. Cancellation from outside: passes
// to the body and the children; once they have ended, `cancelled` is thrown if it cut any of them
// short. A scope that was cancelled by `scope_ref::cancel` ends without an error; only if its body
// was to give a value and was cut short, `cancelled` is thrown.
template <class Body>
    requires is_task<std::invoke_result_t<Body&, scope_ref>>
[[nodiscard]] task<detail::scope_result<Body>> scope(
    Body body, scope_options options = {},
    std::source_location where = std::source_location::current()) {
    auto whole = detail::run_scope(std::move(body), options, where);
    if (options.deadline == never) return whole;
    return with_deadline(options.deadline, std::move(whole), where);
}

}  // namespace twill::inline TWILL_ABI
