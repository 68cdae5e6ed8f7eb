// An aggregate built in the argument of what is awaited must be destroyed once. g++ 12.2 destroys
// it twice.
#include "probe.hpp"

struct aggregate {
    int number;
    counted part;
};

static coroutine take(aggregate taken) {
    co_await pause{};
    if (!taken.part.alive()) ++counted::ended_twice;
}

static coroutine body() {
    co_await take(aggregate{1, counted{}});
    co_await take({2, counted{}});
}

int main() { return verdict(body()); }
