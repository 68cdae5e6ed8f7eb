// An awaitable that cannot be moved and whose operator co_await returns a reference must compile.
// g++ 12.2 wants to copy it.
#include "probe.hpp"

struct immovable {
    immovable() = default;
    immovable(immovable&&) = delete;

    immovable& operator co_await() && noexcept { return *this; }
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> who) noexcept { pause::paused = who; }
    void await_resume() noexcept {}

private:
    counted life_;
};

static immovable make() { return {}; }

static coroutine body() { co_await make(); }

int main() { return verdict(body()); }
