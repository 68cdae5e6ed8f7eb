// No wake-up is lost: a thread and a task that wait for each other in turn, each mostly asleep when
// it is called. A lost one hangs.
#include <twill/async/auto_reset_event.hpp>
#include <twill/runtime/runtime.hpp>

#include "stress/length.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace {

using twill::task;

TEST(wake, of_a_thread_and_of_a_task_is_never_lost) {
    const long rounds = twill_test::times_stress(10'000);
    twill::auto_reset_event to_task;
    twill::auto_reset_event to_thread;
    std::thread other([&] {
        for (long i = 0; i < rounds; ++i) {
            to_task.set();
            to_thread.wait_blocking();
        }
    });
    twill::run({}, [&]() -> task<> {
        for (long i = 0; i < rounds; ++i) {
            co_await to_task.wait();
            to_thread.set();
        }
    });
    other.join();
    EXPECT_FALSE(to_task.try_wait());
    EXPECT_FALSE(to_thread.try_wait());
}

}  // namespace
