// A lambda that captured by copy, handed to what is awaited: its capture must live until the end
// of the full expression, and die once. g++ 12.2 destroys it twice, or early.
#include "probe.hpp"

static bool seen_dead = false;

template <class Function>
static coroutine call(Function function) {
    co_await pause{};
    function();
}

// The same through a plain function that returns an awaiter.
template <class Function>
struct awaiter {
    Function function;
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> who) noexcept { pause::paused = who; }
    void await_resume() { function(); }
};
template <class Function>
static awaiter<Function> later(Function function) {
    return {std::move(function)};
}

static coroutine body() {
    counted captured;
    co_await call([captured] { seen_dead |= !captured.alive(); });
    co_await later([captured] { seen_dead |= !captured.alive(); });
}

int main() {
    const int result = verdict(body());
    return seen_dead ? 2 : result;
}
