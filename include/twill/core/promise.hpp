// What every twill coroutine carries: where it runs (its context), who awaits it, and its frame's
// memory. Part of `task`; awaitables reach the context through `promise.current_context()`.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/context.hpp>
#include <twill/core/frame_memory.hpp>
#include <twill/core/transfer.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>

namespace twill::inline TWILL_ABI {

class promise_base;

// A context that a task runs in side by side with others. The task that has no awaiter ends it.
class TWILL_API branch : public context {
protected:
    using context::context;
    ~branch() = default;

private:
    friend class promise_base;
    // The branch's outermost task is suspended at its end. Returns what runs next, or null. May
    // destroy the task and the branch.
    virtual std::coroutine_handle<> ended() noexcept = 0;
};

class promise_base {
public:
    static void* operator new(std::size_t size) { return detail::allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept {
        detail::free_frame(frame, size);
    }

    [[nodiscard]] context& current_context() const noexcept { return *context_; }
    // The promise of the coroutine that awaits this one; null for a branch's outermost task.
    [[nodiscard]] promise_base* caller() const noexcept {
        return continuation_ ? &of(continuation_) : nullptr;
    }
    [[nodiscard]] std::coroutine_handle<> coroutine() const noexcept {
        // Not const: a handle to something that cannot be resumed is of no use.
        return std::coroutine_handle<promise_base>::from_promise(const_cast<promise_base&>(*this));
    }
    // The promise of one of twill's coroutines, whatever its type. All promises begin with their
    // promise_base and have the same alignment (`task_promise` sees to that), so all lie at the
    // same place in their frames.
    [[nodiscard]] static promise_base& of(std::coroutine_handle<> coroutine) noexcept {
        return std::coroutine_handle<promise_base>::from_address(coroutine.address()).promise();
    }

    std::suspend_always initial_suspend() const noexcept { return {}; }

    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
            promise_base& promise = self.promise();
            if (promise.continuation_) return detail::transfer(promise.continuation_);
            return detail::transfer(static_cast<branch*>(promise.context_)->ended());
        }
        void await_resume() const noexcept {}
    };
    final_awaiter final_suspend() const noexcept { return {}; }

    [[nodiscard]] bool begun() const noexcept { return context_ != nullptr; }

    // The coroutine becomes the outermost one of `where`.
    void begin_in(branch& where) noexcept { context_ = &where; }

    // The coroutine runs in the caller's context and goes on with it at its end.
    void begin_for(const promise_base& caller, std::coroutine_handle<> handle_of_caller) noexcept {
        context_ = caller.context_;
        continuation_ = handle_of_caller;
    }

protected:
    promise_base() = default;
    ~promise_base() = default;

private:
    friend struct detail::debug_layout;
    context* context_ = nullptr;
    std::coroutine_handle<> continuation_;
};

// The coroutines that may await twill's awaitables.
template <class T>
concept twill_promise = std::derived_from<T, promise_base>;

}  // namespace twill::inline TWILL_ABI
