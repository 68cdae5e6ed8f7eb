// A braced list in the argument of what is awaited must compile. g++ 12.2 rejects it.
#include "probe.hpp"

#include <vector>

static coroutine take(std::vector<counted> taken) {
    co_await pause{};
    for (auto& one : taken)
        if (!one.alive()) ++counted::ended_twice;
}

static coroutine body() { co_await take({counted{}, counted{}}); }

int main() { return verdict(body()); }
