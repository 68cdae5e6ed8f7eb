// What the compiler probes share: the smallest coroutine type, an argument type that counts its
// lives, and a function that takes such an argument across a real suspension.
//
// A probe returns 0 when the compiler is sound. It must not crash while it finds out: `counted`
// owns nothing, so a double destruction shows as a number and not as a corrupted heap.
#pragma once

#include <coroutine>
#include <cstdio>
#include <exception>
#include <utility>

struct counted {
    static inline int made = 0;
    static inline int ended = 0;
    static inline int ended_twice = 0;

    counted() noexcept { ++made; }
    counted(const counted&) noexcept { ++made; }
    counted(counted&&) noexcept { ++made; }
    counted& operator=(const counted&) = default;
    counted& operator=(counted&&) = default;
    ~counted() {
        if (alive_ != marker) ++ended_twice;
        alive_ = 0;
        ++ended;
    }

    [[nodiscard]] bool alive() const noexcept { return alive_ == marker; }

private:
    static constexpr unsigned marker = 0x7477696cU;
    volatile unsigned alive_ = marker;
};

// A lazy coroutine that is awaited once.
struct coroutine {
    struct promise_type {
        std::coroutine_handle<> awaited_by;

        coroutine get_return_object() noexcept {
            return coroutine(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        struct hand_over {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(
                std::coroutine_handle<promise_type> ended) noexcept {
                auto next = ended.promise().awaited_by;
                return next ? next : std::noop_coroutine();
            }
            void await_resume() noexcept {}
        };
        hand_over final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
    };

    explicit coroutine(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    coroutine(coroutine&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    ~coroutine() {
        if (frame_) frame_.destroy();
    }

    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) noexcept {
        frame_.promise().awaited_by = waiter;
        return frame_;
    }
    void await_resume() noexcept {}

    void run() { frame_.resume(); }

private:
    std::coroutine_handle<promise_type> frame_;
};

// Suspends, remembers who, and goes on when the probe says so: meanwhile the temporaries of the
// awaiting expression must live.
struct pause {
    static inline std::coroutine_handle<> paused;

    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> who) noexcept { paused = who; }
    void await_resume() noexcept {}
};

// Runs `body` through its one pause and says whether every `counted` lived exactly one life.
inline int verdict(coroutine body) {
    {
        coroutine whole = std::move(body);
        whole.run();
        while (pause::paused) std::exchange(pause::paused, {}).resume();
    }
    std::printf("made %d, destroyed %d, destroyed twice %d\n", counted::made, counted::ended,
                counted::ended_twice);
    return counted::made == counted::ended && counted::ended_twice == 0 ? 0 : 1;
}
