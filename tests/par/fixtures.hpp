// What the tests of parallel calls share.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/cancelled.hpp>
#include <twill/core/time.hpp>
#include <twill/par/context.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/ticker.hpp>

#include <gtest/gtest.h>

#include <semaphore>
#include <thread>

namespace par_test {

// A pool of its own size, and the test's thread as its guest.
struct pool_of {
    explicit pool_of(unsigned workers, unsigned max_threads = 0)
        : pool({.workers = workers, .max_threads = max_threads}), here(pool) {}
    twill::compute_pool pool;
    twill::compute_pool::membership here;
};

// Foreign code: it reaches no beat. True when the condition came true; gives up after half a
// minute, so that a failing test ends.
template <class Condition>
bool wait_without_beat(Condition&& holds) {
    const auto limit = twill::after(twill::now(), std::chrono::seconds(30));
    while (!holds()) {
        if (twill::now() > limit) return false;
        std::this_thread::yield();
    }
    return true;
}

// Foreign work of that length.
inline void spin(twill::duration length) {
    const auto until = twill::after(twill::now(), length);
    wait_without_beat([&] { return twill::now() >= until; });
}

// A region that a test submits and waits for.
template <class F>
class test_region final : public twill::region {
public:
    explicit test_region(F body, twill::priority urgency = twill::priority::normal,
                         twill::lane lane = twill::lane::normal)
        : region(&test_region::run, &test_region::end, "test", 0, urgency, lane),
          body_(std::move(body)) {}

    void wait() { ended_.acquire(); }
    [[nodiscard]] int completions() const { return completions_.load(); }
    [[nodiscard]] bool was_cancelled() const { return cancelled_; }

private:
    static void run(twill::region& self, twill::par::context& here) noexcept {
        auto& me = static_cast<test_region&>(self);
        try {
            twill::detail::invoke_branch(here, me.body_);
        } catch (const twill::cancelled&) {
            me.cancelled_ = true;
        }
    }
    static void end(twill::region& self) noexcept {
        auto& me = static_cast<test_region&>(self);
        me.completions_.fetch_add(1);
        me.ended_.release();
    }

    F body_;
    bool cancelled_ = false;
    twill::atomic<int> completions_{0};
    std::counting_semaphore<> ended_{0};
};

// While it lives, the ticker's thread is inside of a tick of this client: no other client has one.
// Pools are made before and destroyed after it.
class held_ticker final : twill::detail::ticker_client {
public:
    held_ticker() {
        twill::detail::ticker::process().enrol(*this);
        twill::detail::ticker::process().arm(working_);
        held_.acquire();
    }
    ~held_ticker() {
        go_on_.release();
        twill::detail::ticker::process().leave(*this);
    }
    held_ticker(const held_ticker&) = delete;
    held_ticker& operator=(const held_ticker&) = delete;

private:
    twill::detail::pulse tick() noexcept override {
        if (!once_) {
            once_ = true;
            held_.release();
            go_on_.acquire();
        }
        return twill::detail::pulse::none;
    }

    twill::atomic<int> working_{1};
    bool once_ = false;
    std::binary_semaphore held_{0};
    std::binary_semaphore go_on_{0};
};

}  // namespace par_test
