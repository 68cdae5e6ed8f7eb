// The tree of what runs, and how cancellation travels in it.
//
// A context is one strand of execution: a task together with all tasks that it awaits in turn. It
// has a parent, children (scopes and branches below it), and one slot for the operation that it is
// suspended in. Cancelling a context cancels that operation and all children; it is a request,
// level triggered: it stays, and every later suspension throws `cancelled`.
//
// An operation, or suspension, is one wait: a sleep, a receive, a wait for children. Its kind
// brings `start` and `cancel`; whoever finishes it calls `complete`, once, from any thread.
//
// These are the building blocks of awaitables; programs use the functions made from them (sleep,
// scope, with_timeout, ...).
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/cancelled.hpp>
#include <twill/core/config.hpp>
#include <twill/core/executor.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/runnable.hpp>

#include <coroutine>
#include <cstdint>
#include <source_location>

namespace twill::inline TWILL_ABI {

class suspension;
namespace detail {
struct debug_layout;
}

class TWILL_API context {
public:
    context(const context&) = delete;
    context& operator=(const context&) = delete;

    [[nodiscard]] executor& home() const noexcept { return *home_; }
    [[nodiscard]] context* parent() const noexcept { return parent_; }
    // Where it was spawned.
    [[nodiscard]] const std::source_location& place() const noexcept { return place_; }

    // Whether cancellation was requested. Any thread.
    [[nodiscard]] bool cancel_requested() const noexcept {
        return (slot_.load(std::memory_order_acquire) & flags) != 0;
    }

    // Requests cancellation of this context and everything below it. Nothing is resumed inside the
    // call. Linear in the number of contexts below it the first time, constant afterwards. Any
    // thread, while the context exists.
    void request_cancel() noexcept;

    // Whether it is a group: the joint of those below it, which runs nothing and is suspended in
    // nothing itself.
    [[nodiscard]] bool is_joint() const noexcept { return joint_; }
    // Whether it is one that binds a value for what runs below it: see task_local.hpp.
    [[nodiscard]] bool is_binding() const noexcept { return binding_; }

    // What it is suspended in, or null. Only on the event thread that runs it.
    [[nodiscard]] suspension* suspended_in() const noexcept;

    // Calls `look(suspension&)`, which is short and throws nothing, for what it is suspended in,
    // and returns true. Meanwhile nobody resumes who waits, so that it and its callers can be
    // looked at. False: it is not suspended, or somebody else is at it just now. Any thread, while
    // the context exists.
    template <class Look>
    bool visit_suspension(const Look& look) noexcept {
        suspension* const op = begin_visit();
        if (op == nullptr) return false;
        look(*op);
        end_visit(*op);
        return true;
    }

    // Calls `visit(context&, depth)` for this context and all below it, parents first; what it
    // throws ends the walk. Only on the event thread that runs them.
    template <class Visitor>
    void for_each_below(const Visitor& visit) {
        walk([&](context& each, unsigned depth) {
            visit(each, depth);
            return true;
        });
    }

protected:
    context(executor& home, std::source_location where) noexcept : home_(&home), place_(where) {}
    ~context() = default;

    // Links this context below `parent`. Inherits a cancellation that was requested before.
    void attach_to(context& parent) noexcept;
    // After it, no cancellation from above reaches this context, and none is under way.
    void detach() noexcept;

    // A shielded context lets no cancellation from above pass until `unshield`. Call shield before
    // attach_to.
    void shield() noexcept { shielded_ = true; }
    void unshield() noexcept;

    // By a group, before attach_to: others may look at what is in the tree.
    void mark_joint(bool binds) noexcept {
        joint_ = true;
        binding_ = binds;
    }

    // Guards the list of children and, in derived classes, what is shared between siblings. The
    // lock of a parent is taken before that of its child; under it nothing of the user's runs but,
    // when a cancellation makes a task of a main_loop ready, the loop's `poke`.
    futex_mutex lock_;

private:
    friend class suspension;
    friend struct detail::debug_layout;

    // Beside the lock, where they take no room. The first two are guarded by the parent's.
    bool shielded_ = false;
    bool cancel_deferred_ = false;
    bool joint_ = false;
    bool binding_ = false;

    // The slot. `op` is the address of the operation that the context is suspended in:
    //   0                   not suspended, not cancelled
    //   requested           not suspended, cancelled
    //   op                  suspended
    //   op|requested|busy   suspended; a canceller is inside op->cancel()
    //   op|requested        suspended; the operation was told, and will complete by itself
    //   op|busy             complete, but the canceller is still inside: it resumes the waiter
    // So whoever completes an operation never lets its memory go while a canceller uses it, and
    // exactly one of the two makes the waiter ready. All changes are read-modify-writes with
    // acquire-release order: the canceller's and the completer's writes to the operation are seen
    // by whoever resumes the waiter.
    //   Each of the states with an operation may have `visited` besides: a visitor looks at it and
    // at the waiter. One comes only where no canceller is inside, though one may follow. Then
    //   visited, visited|requested   complete, and the visitor is still inside: it resumes the
    //                                waiter, and knows which that is
    //   op|busy|visited              complete, and both are inside: the first to leave takes its
    //                                flag away, so the other finds itself in a state from above
    static constexpr std::uintptr_t requested = 1;
    static constexpr std::uintptr_t busy = 2;
    static constexpr std::uintptr_t flags = requested | busy;
    static constexpr std::uintptr_t visited = 4;

    bool enter(suspension& op, bool even_if_cancelled) noexcept;
    // By who has completed it. True: the caller goes on with the waiter. False: a canceller or
    // visitor, still inside, will make it ready.
    bool leave() noexcept;
    // True: this call is the one that cancelled the context.
    bool cancel_operation() noexcept;
    suspension* begin_visit() noexcept;
    void end_visit(suspension& op) noexcept;

    // Calls `enter(context&, depth)` for this context and, where it returns true, for those below.
    // No recursion: a tree may be deeper than a stack. The locks of all contexts on the way down
    // are held; the links that lead back up belong to the lock of the parent, which still is.
    template <class Enter>
    void walk(const Enter& enter) {
        if (!enter(*this, 0U)) return;
        lock_.lock();
        context* above = this;
        context* at = first_child_;
        for (unsigned depth = 1;;) {
            if (at != nullptr) {
                bool further = false;
                try {
                    further = enter(*at, depth);
                } catch (...) {
                    unlock_up_from(above);
                    throw;
                }
                if (!further) {
                    at = at->next_;
                    continue;
                }
                at->lock_.lock();
                above = at;
                at = above->first_child_;
                ++depth;
            } else {
                above->lock_.unlock();
                if (above == this) return;
                at = above->next_;
                above = above->parent_;
                --depth;
            }
        }
    }

    // The locks that a walk from this context holds when it has come to a child of `lowest`.
    void unlock_up_from(context* lowest) noexcept;

    atomic<std::uintptr_t> slot_{0};
    executor* home_;
    context* parent_ = nullptr;
    context* next_ = nullptr;
    context* previous_ = nullptr;
    context* first_child_ = nullptr;
    // Last, beside the `runnable` of a derived class, with which it is read.
    std::source_location place_;
};

// What an awaiting coroutine leaves in the slot. The coroutine is one of twill's (its promise is a
// promise_base): the context is found by it, and the whole is five words, because a program may
// have a million of them.
class TWILL_API suspension : public runnable {
public:
    // What it is, for reports: "sleep", "receive", ... Never changes.
    [[nodiscard]] virtual const char* what() const noexcept = 0;
    // Whether only something that other tasks (or plain threads) do can end it: a lock, a channel,
    // a join; and no timer, no I/O and no call.
    [[nodiscard]] virtual bool waits_for_others() const noexcept { return false; }
    // The context of the coroutine that waits. From `begin` until it is complete.
    [[nodiscard]] context& owner() const noexcept;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return begin(waiter, waiter.promise().current_context());
    }

    // For the library: the coroutine that waits.
    [[nodiscard]] std::coroutine_handle<> waiting() const noexcept { return waiter_; }

protected:
    suspension() noexcept : runnable(&suspension::resume) {}
    ~suspension() = default;

    // Starts it. True: it is complete already, and `complete` is not called. False: `complete` is
    // called later, or was called meanwhile, and the operation may be gone.
    virtual bool start() noexcept = 0;

    // Asks for an early end; `complete` must still be called once, on whatever thread, also from
    // here. Called at most once, on any thread, also before or during `start`. Must not block and
    // not run anything of the user's.
    virtual void cancel() noexcept = 0;

    // It has ended; the waiter becomes ready. Nothing of it may be touched afterwards.
    void complete() noexcept;

    // True: suspend. False: go on at once. `owner`: the waiter's context.
    bool begin(std::coroutine_handle<> waiter, context& owner) noexcept;

    // For what turned out to be complete without having been started, in a context that is not
    // cancelled. True: suspend all the same, behind the others, because the turn has used up its
    // budget. False: go on at once.
    bool begin_complete(std::coroutine_handle<> waiter, context& owner) noexcept {
        if (owner.home().may_continue()) [[likely]]
            return false;
        queue_up(waiter, owner);
        return true;
    }

    // For waits that must happen even in a cancelled context (children are always joined): suspends
    // without `start` and without the check.
    void begin_join(std::coroutine_handle<> waiter, context& owner) noexcept;
    // Ends it on the event thread that runs the owner: the waiter if the caller may resume it, else
    // null: a canceller makes it ready.
    std::coroutine_handle<> end_join() noexcept;

    // Throws `cancelled` when cancellation had been requested before it could start.
    void throw_if_refused() const {
        if (waiter_.address() == this) throw cancelled();
    }

private:
    friend class context;
    friend struct detail::debug_layout;
    static void resume(runnable& self) noexcept;
    void queue_up(std::coroutine_handle<> waiter, context& owner) noexcept;
    void note_suspended(const context& owner) const noexcept;

    std::coroutine_handle<> waiter_;  // to itself: it was refused
};

// One that is given its name.
class TWILL_API operation : public suspension {
public:
    [[nodiscard]] const char* what() const noexcept final { return what_; }

protected:
    explicit operation(const char* what) noexcept : what_(what) {}
    ~operation() = default;

private:
    const char* what_;
};

}  // namespace twill::inline TWILL_ABI
