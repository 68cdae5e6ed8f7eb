// A toy client of the engine: programs of a few threads, as lists of steps, so that no real threads
// are needed.
#pragma once

#include <explore/execution.hpp>

#include <cstdlib>
#include <functional>
#include <utility>
#include <vector>

namespace explore_test {

using namespace twill::explore;

inline void* from_the_heap(std::size_t bytes) noexcept {
    void* const memory = std::malloc(bytes);
    if (memory == nullptr) std::abort();
    return memory;
}

// An arena that ends.
struct test_arena : arena {
    test_arena() noexcept : arena(&from_the_heap) {}
    ~test_arena() {
        give_back([](void* gone, std::size_t) noexcept { std::free(gone); });
    }
};

// What earlier runs showed: nothing.
inline const profile nothing_known;

// What a thread announces, asked for when it does, and what it does when it is chosen: true if it
// is through, false if it announces the same step again.
struct step {
    std::function<operation()> what;
    std::function<bool(execution&, thread_id)> act;
};

class program {
public:
    void thread(std::vector<step> steps) { threads_.push_back(std::move(steps)); }

    // Runs all threads to the end, or to where the engine says stop.
    decision run(execution& under) {
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
            else if (steps[at[current]].act(under, current))
                ++at[current];
            if (at[current] == steps.size())
                under.exit(current);
            else
                under.announce(current, steps[at[current]].what());
        }
    }

private:
    std::vector<std::vector<step>> threads_;
};

inline step load(object_id object, std::function<void()> act) {
    return {[=] { return operation{.kind = op_kind::load, .writes = false, .object = object}; },
            [act = std::move(act)](execution&, thread_id) {
                act();
                return true;
            }};
}
inline step store(object_id object, std::function<void()> act) {
    return {[=] { return operation{.kind = op_kind::store, .object = object}; },
            [act = std::move(act)](execution&, thread_id) {
                act();
                return true;
            }};
}
// Goes round until `flag` is set.
inline step spin(object_id object, const bool& flag, op_kind kind = op_kind::load) {
    return {[=] { return operation{.kind = kind, .writes = false, .object = object}; },
            [&flag](execution&, thread_id) { return flag; }};
}
inline step sleep(execution& under, virtual_time length) {
    return {[&under, length] {
                return operation{.kind = op_kind::sleep,
                                 .writes = false,
                                 .blocked = true,
                                 .deadline = under.now() + length};
            },
            [](execution&, thread_id) { return true; }};
}

struct mutex {
    object_id object;
    bool held = false;
};
inline step lock(mutex& m) {
    return {
        [&m] { return operation{.kind = op_kind::lock, .blocked = m.held, .object = m.object}; },
        [&m](execution& under, thread_id) {
            m.held = true;
            under.block_all(m.object);
            return true;
        }};
}
inline step unlock(mutex& m) {
    return {[&m] { return operation{.kind = op_kind::unlock, .object = m.object}; },
            [&m](execution& under, thread_id) {
                m.held = false;
                under.wake_all(m.object);
                return true;
            }};
}

// Threads that each read a counter and write back one more.
struct lost_update {
    int counter = 0;
    std::vector<int> read;
    program steps;

    explicit lost_update(int threads = 2) : read(static_cast<std::size_t>(threads)) {
        for (int& mine : read)
            steps.thread({load(1, [this, &mine] { mine = counter; }),
                          store(1, [this, &mine] { counter = mine + 1; })});
    }
};

}  // namespace explore_test
