// The joint behind scope, when_all, when_any, with_timeout and shield: some branches that run side
// by side, and one task that waits until the last has ended.
//
// The life of a group:
//   1. It is made in the frame of the waiting task, as a child of that task's context.
//   2. Each branch is counted (`expect`), links itself below the group and is queued.
//   3. `co_await group.join()` suspends the owner. A join cannot be cancelled: cancelling the owner
//      cancels the branches through the tree, and they end by themselves.
//   4. A branch ends: it takes itself out of the tree, then counts down. The last one resumes the
//      owner. `pending_` counts the owner as one until it waits, so it never reaches zero before.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/promise.hpp>
#include <twill/core/task.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {

enum class failure_policy : bool {
    cancel_rest,  // the first failure cancels the siblings
    leave_rest,
};

}  // namespace twill::inline TWILL_ABI

namespace twill::inline TWILL_ABI::detail {

class admission;

// A value bound for all that runs below a group; see task_local.hpp.
struct binding {
    const void* key;
};

class TWILL_API group final : public context {
public:
    // `value`, if not null, for all that runs below it; must outlive the group.
    group(context& owner, std::source_location where,
          failure_policy policy = failure_policy::cancel_rest,
          const binding* value = nullptr) noexcept;
    ~group();

    // Counts one more branch. By the owner before it waits, or by a running branch. The branch then
    // attaches itself, is queued, and ends in `child_ended`.
    void expect() noexcept {
        // Relaxed: the caller's own count keeps the number above zero.
        pending_.fetch_add(1, std::memory_order_relaxed);
    }

    // A branch, out of the tree already, has ended by `error` (null: well). Returns who runs next,
    // or null.
    std::coroutine_handle<> child_ended(const std::exception_ptr& error) noexcept;

    [[nodiscard]] const binding* bound() const noexcept { return bound_; }

    // How many spawned children may run at a time; null: all. Before the first one; must outlive
    // them.
    void limit_to(admission& some) noexcept { limit_ = &some; }
    [[nodiscard]] admission* limit() const noexcept { return limit_; }

    // Awaitable by the owner, once: suspends until all branches have ended. When `first` is given,
    // it is run at once instead of being queued.
    class joiner final : public suspension {
    public:
        joiner(group& who, std::coroutine_handle<> first) noexcept : who_(who), first_(first) {}
        [[nodiscard]] const char* what() const noexcept override { return "join"; }
        [[nodiscard]] bool waits_for_others() const noexcept override { return true; }
        template <twill_promise Owner>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Owner> owner) noexcept {
            return transfer(who_.suspend_owner(*this, owner, owner.promise().current_context()));
        }
        void await_resume() const noexcept {}

    private:
        friend class group;
        bool start() noexcept override { return false; }
        void cancel() noexcept override {}
        group& who_;
        std::coroutine_handle<> first_;
    };
    joiner join(std::coroutine_handle<> first = nullptr) noexcept { return {*this, first}; }

    // After the join: the first failure, or null; and the others, oldest first, at most
    // `most_kept_failures` of them.
    [[nodiscard]] const std::exception_ptr& first_failure() const noexcept {
        return first_failure_;
    }
    [[nodiscard]] std::vector<std::exception_ptr>& other_failures() noexcept { return others_; }
    static constexpr std::size_t most_kept_failures = 32;
    // Whether a branch ended by `cancelled`.
    [[nodiscard]] bool cut_short() const noexcept { return cut_short_; }

private:
    friend struct debug_layout;
    std::coroutine_handle<> suspend_owner(joiner& join, std::coroutine_handle<> owner,
                                          context& where) noexcept;
    void keep(const std::exception_ptr& failure) noexcept;

    // Branches not ended yet, and the owner while it does not wait. Decrements are acquire-release:
    // the one that reaches zero sees everything that the others did.
    atomic<std::size_t> pending_{1};
    joiner* joining_ = nullptr;  // written by the owner before its decrement
    const binding* const bound_;
    admission* limit_ = nullptr;
    failure_policy policy_;
    std::exception_ptr first_failure_;        // guarded by lock_
    std::vector<std::exception_ptr> others_;  // guarded by lock_
    bool cut_short_ = false;                  // guarded by lock_
};

// The innermost value that is bound to `key` for the task that runs in `from`, or null. On the
// thread that runs it.
TWILL_API const binding* find_binding(const context& from, const void* key) noexcept;

// Whether `error`, which is not null, is `cancelled`.
TWILL_API bool is_cancellation(const std::exception_ptr& error) noexcept;

enum class protection : bool { none, shielded };

// Wants to know which branch ended, on the event thread where it did.
class end_listener {
public:
    virtual void branch_ended(const branch& which) noexcept = 0;

protected:
    ~end_listener() = default;
};

// One task of a group, embedded in whoever waits for it (when_all and the like).
template <class T>
class task_branch final : public branch, private runnable {
public:
    // One argument, so that tuples of branches can be made in place.
    struct seed {
        group& in;
        task<T> what;
        std::source_location where;
        protection kind = protection::none;
    };

    // Once made, it must be started or run, and joined. The task is one that can be begun:
    // `as_task` has looked.
    explicit task_branch(seed from) noexcept
        : branch(from.in.home(), from.where),
          runnable(&task_branch::begin),
          task_(std::move(from.what)) {
        from.in.expect();
        if (from.kind == protection::shielded) shield();
        attach_to(from.in);
        task_.handle().promise().begin_in(*this);
    }

    // Queues the task.
    void start() noexcept { home().post(*this); }
    // The task itself, for `group::join(first)`.
    [[nodiscard]] std::coroutine_handle<> first_step() const noexcept { return task_.handle(); }

    // Told when it has ended, before the group learns of it.
    void on_end(end_listener& listener) noexcept { listener_ = &listener; }

    // Ends `protection::shielded`: a cancellation that was kept off passes on now. Harmless after
    // the branch has ended. Any thread, while the branch exists.
    void lift_protection() noexcept { unshield(); }

    // After the join:
    [[nodiscard]] const std::exception_ptr& error() const noexcept {
        return task_.handle().promise().error();
    }
    T take() { return task_.handle().promise().take(); }

private:
    static void begin(runnable& self) noexcept {
        auto& branch = static_cast<task_branch&>(self);
        note_running(branch.place());
        resume(branch.task_.handle());
    }
    std::coroutine_handle<> ended() noexcept override {
        auto& in = static_cast<group&>(*parent());
        const std::exception_ptr how = error();
        if (listener_ != nullptr) listener_->branch_ended(*this);
        detach();
        return in.child_ended(how);
    }

    task<T> task_;
    end_listener* listener_ = nullptr;
};

// `co_await current()` gives the context of the running task, without suspending.
struct current {
    bool await_ready() const noexcept { return false; }
    template <twill_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        context_ = &self.promise().current_context();
        return false;
    }
    [[nodiscard]] context& await_resume() const noexcept { return *context_; }

private:
    context* context_ = nullptr;
};

}  // namespace twill::inline TWILL_ABI::detail
