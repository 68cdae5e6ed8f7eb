// Tasks, plain threads and a function on the compute pool, all at the same thing at once.
#pragma once

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/task.hpp>
#include <twill/par/for_each.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include <functional>
#include <thread>
#include <vector>

namespace twill_test {

struct crowd_size {
    int tasks = 3;
    int threads = 2;
    int computing = 2;  // parts of one parallel loop
};
inline int all_of(const crowd_size& n) { return n.tasks + n.threads + n.computing; }

// Calls `awaiting(i)`, which gives a task, and `blocking(i)`, each member of the crowd once, with
// its number. Returns when all have ended.
template <class Awaiting, class Blocking>
void crowd(const crowd_size& n, Awaiting awaiting, Blocking blocking) {
    std::vector<std::thread> threads;
    threads.reserve(static_cast<std::size_t>(n.threads));
    for (int i = 0; i < n.threads; ++i)
        threads.emplace_back([&blocking, number = n.tasks + i] { blocking(number); });
    twill::run({.compute_threads = 2}, [&]() -> twill::task<> {
        co_await twill::scope([&](twill::scope_ref s) -> twill::task<> {
            for (int i = 0; i < n.tasks; ++i) s.spawn(std::ref(awaiting), i);
            const auto loop = [&] {
                twill::par::for_each_index(
                    0, static_cast<std::size_t>(n.computing),
                    [&](std::size_t i) { blocking(n.tasks + n.threads + static_cast<int>(i)); });
            };
            if (n.computing > 0) co_await twill::compute(loop);
        });
    });
    for (auto& each : threads) each.join();
}

}  // namespace twill_test
