#include "runtime/thread_state.hpp"

#include <twill/core/atomic.hpp>
#include <twill/core/time.hpp>

#include <gtest/gtest.h>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace {

using namespace std::chrono_literals;
using twill::detail::state_of;
using twill::detail::thread_state;

TEST(ThreadState, TellsASleeperFromARunner) {
    twill::atomic<pid_t> number{0};
    twill::atomic<bool> sleep{false};
    twill::atomic<bool> end{false};
    std::thread other([&] {
        number.store(::gettid());
        while (!sleep.load()) {
        }
        end.wait(false);
    });
    while (number.load() == 0) std::this_thread::yield();
    EXPECT_EQ(state_of(number.load()).is, thread_state::kind::runnable);

    clockid_t clock{};
    ASSERT_EQ(::pthread_getcpuclockid(other.native_handle(), &clock), 0);
    const auto used = twill::detail::cpu_time(clock);
    while (twill::detail::cpu_time(clock) < used + 1ms) std::this_thread::yield();

    sleep.store(true);
    thread_state state;
    const auto give_up = twill::now() + 10s;
    do state = state_of(number.load());
    while (state.is == thread_state::kind::runnable && twill::now() < give_up);
    EXPECT_EQ(state.is, thread_state::kind::asleep);
    EXPECT_EQ(state.system_call, SYS_futex);
    EXPECT_STREQ(twill::detail::name_of_system_call(state.system_call), "futex");
    end.store(true);
    end.notify_all();
    other.join();
}

TEST(ThreadState, KnowsNothingOfAThreadThatIsGone) {
    pid_t number = 0;
    std::thread([&] { number = ::gettid(); }).join();
    EXPECT_EQ(state_of(number).is, thread_state::kind::unknown);
}

}  // namespace
