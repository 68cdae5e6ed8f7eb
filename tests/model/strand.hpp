// Pieces for models of tasks: a strand of execution, an operation that another thread completes,
// and the event thread as an executor that takes what is posted to it.
#pragma once

#include <explore/model/model.hpp>
#include <runtime/compute_parker.hpp>
#include <twill/core/promise.hpp>

#include <coroutine>
#include <cstdlib>
#include <optional>

namespace model_test {

namespace model = twill::explore::model;

// Takes one piece of work at a time.
class event_thread : public twill::executor {
public:
    void post(twill::runnable& work) noexcept override {
        twill::runnable* const before = posted_.exchange(&work, std::memory_order_acq_rel);
        model::check(before == nullptr, "a task was made ready twice");
        parker_.unpark();
    }
    // Waits for the next one.
    twill::runnable& take() noexcept {
        for (;;) {
            if (auto* const work = posted_.exchange(nullptr, std::memory_order_acq_rel))
                return *work;
            parker_.park();
        }
    }
    [[nodiscard]] bool idle() noexcept {
        return posted_.load(std::memory_order_acquire) == nullptr;
    }

    bool arm(twill::timer& /*what*/) noexcept override { std::abort(); }
    bool disarm(twill::timer& /*what*/) noexcept override { std::abort(); }
    bool may_continue() noexcept override { return continues; }
    bool may_resume() noexcept override { return true; }
    twill::reactor& io() noexcept override { std::abort(); }

    // What operations that complete before they suspend are told.
    bool continues = false;

private:
    twill::atomic<twill::runnable*> posted_{nullptr};
    twill::detail::compute_parker parker_;
};

// The same with a timer, which goes off when the test says so.
class timed_thread final : public event_thread {
public:
    bool arm(twill::timer& what) noexcept override {
        model::check(timer_.exchange(&what, std::memory_order_acq_rel) == nullptr, "one at a time");
        return true;
    }
    bool disarm(twill::timer& what) noexcept override {
        twill::timer* pending = &what;
        return timer_.compare_exchange_strong(pending, nullptr, std::memory_order_acq_rel);
    }
    void go_off() noexcept {
        twill::timer* const it = timer_.exchange(nullptr, std::memory_order_acq_rel);
        if (it != nullptr) it->fire(*it);
    }

private:
    twill::atomic<twill::timer*> timer_{nullptr};
};

// With the coroutine that waits in its operations: as compilers lay out a frame, and never resumed.
class strand final : public twill::branch {
public:
    explicit strand(twill::executor& home) noexcept
        : branch(home, std::source_location::current()) {
        frame_.promise.begin_in(*this);
    }
    [[nodiscard]] std::coroutine_handle<> coroutine() noexcept {
        return std::coroutine_handle<>::from_address(&frame_);
    }
    using context::attach_to;
    using context::detach;
    using context::shield;
    using context::unshield;

private:
    struct frame {
        void* resume = nullptr;
        void* destroy = nullptr;
        struct : twill::promise_base {
        } promise;
    };
    std::coroutine_handle<> ended() noexcept override { return nullptr; }
    frame frame_;
};

// An operation that a further thread completes; a cancellation completes it at once, unless that
// thread was quicker. As those of the reactor and of timers do, it may be told to cancel before it
// has started.
class far_operation final : public twill::operation {
public:
    far_operation() noexcept : operation("far") {}

    // As `co_await` does. True: the strand is suspended, and will be posted.
    bool begin_in(strand& owner) noexcept { return begin(owner.coroutine(), owner); }
    [[nodiscard]] bool refused() const noexcept {
        try {
            throw_if_refused();
            return false;
        } catch (const twill::cancelled&) {
            return true;
        }
    }
    int result = 0;  // plain: written by whoever completes it
    int whole = 42;  // plain: for who looks at it
    bool was_told = false;

private:
    bool start() noexcept override {
        completer_.emplace([this] { finish(1); });
        if (told_.exchange(started, std::memory_order_acq_rel) == cancelled && win()) {
            result = 2;
            return true;
        }
        return false;
    }
    void cancel() noexcept override {
        was_told = true;
        if (told_.exchange(cancelled, std::memory_order_acq_rel) == started) finish(2);
    }
    bool win() noexcept { return !finished_.exchange(true, std::memory_order_acq_rel); }
    void finish(int with) noexcept {
        if (!win()) return;
        result = with;
        complete();
    }

    static constexpr int fresh = 0, started = 1, cancelled = 2;
    twill::atomic<int> told_{fresh};
    twill::atomic<bool> finished_{false};
    std::optional<model::thread> completer_;
};

}  // namespace model_test
