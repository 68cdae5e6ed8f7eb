// A toy client of the engine: programs of a few threads over a few words, as lists of steps.
//
// Each thread is a function that is called once a step and says what comes next, so that no real
// threads are needed.
#pragma once

#include <explore/execution.hpp>

#include <cstdlib>
#include <functional>
#include <new>
#include <vector>

namespace explore_test {

using namespace twill::explore;

inline void* from_the_heap(std::size_t bytes) noexcept {
    void* const memory = std::malloc(bytes);  // freed with the process: arenas keep what they have
    if (memory == nullptr) std::abort();
    return memory;
}

// One step of a thread: what it announces, and what it does when it is chosen. The operation is
// asked for at announcement, so that it can depend on what happened so far.
struct step {
    std::function<operation()> what;
    std::function<void(execution&, thread_id)> act = {};
};

class program {
public:
    // Runs all threads to the end, or to where the engine says stop.
    template <class Setup>
    decision run(execution& under, const Setup& setup) {
        threads_.clear();
        setup(*this);
        for (std::size_t i = 0; i != threads_.size(); ++i) under.spawn(no_thread);
        std::vector<std::size_t> at(threads_.size(), 0);
        std::vector<bool> begun(threads_.size(), false);
        thread_id current = no_thread;
        for (;;) {
            const decision d = under.next(current);
            if (d.outcome != decision::what::run) return d;
            current = d.thread;
            auto& steps = threads_[current];
            if (!begun[current])
                begun[current] = true;
            else if (const auto& act = steps[at[current]++].act)
                act(under, current);
            if (at[current] == steps.size())
                under.exit(current);
            else
                under.announce(current, steps[at[current]].what());
        }
    }

    void thread(std::vector<step> steps) { threads_.push_back(std::move(steps)); }

private:
    std::vector<std::vector<step>> threads_;
};

inline step load(object_id object, std::function<void()> act) {
    return {[=] { return operation{.kind = op_kind::load, .writes = false, .object = object}; },
            [act](execution&, thread_id) { act(); }};
}
inline step store(object_id object, std::function<void()> act) {
    return {[=] { return operation{.kind = op_kind::store, .object = object}; },
            [act](execution&, thread_id) { act(); }};
}

}  // namespace explore_test
