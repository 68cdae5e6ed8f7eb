// Which threads take signals.
#include <twill/core/scope.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <latch>
#include <string_view>

namespace {

using twill::runtime;
using twill::runtime_options;
using twill::scope_ref;
using twill::task;

bool blocks(int number) {
    sigset_t blocked;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    return ::sigismember(&blocked, number) == 1;
}

// Runs `body` in two tasks, each of which needs a thread of its own.
template <class Body>
void on_two_threads(runtime& here, const Body& body) {
    std::latch both(2);
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 2; ++i)
                s.spawn([&] {
                    both.arrive_and_wait();
                    body();
                });
            co_return;
        });
    });
}

runtime_options several_threads() { return {.event_threads = 2}; }
runtime_options taking_over() {
    return {.watchdog = twill::watchdog::hand_over, .report = [](std::string_view) {}};
}

TEST(Signals, ATaskTakesThoseThatTheCallerOfRunTakesOnWhicheverThreadItIs) {
    sigset_t one;
    sigset_t before;
    ::sigemptyset(&one);
    ::sigaddset(&one, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &one, &before);
    for (auto* options : {&several_threads, &taking_over}) {
        runtime here(options());
        on_two_threads(here, [] {
            EXPECT_FALSE(blocks(SIGUSR1));
            EXPECT_TRUE(blocks(SIGUSR2));
        });
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(Signals, OtherThreadsOfThePoolsTakeNone) {
    int asked = 0;
    twill::run([&]() -> task<> {
        const auto ask = [&] {
            EXPECT_TRUE(blocks(SIGUSR1));
            ++asked;
        };
        co_await twill::blocking(ask);
        co_await twill::compute(ask);
    });
    EXPECT_EQ(asked, 2);
}

// A crash reporter's handler is called on the thread that crashes, or the kernel ends the program.
TEST(Signals, ThreadsOfThePoolsTakeFaults) {
    const auto crash = [](auto pool) {
        std::signal(SIGSEGV, [](int) { ::_exit(7); });
        twill::run([&]() -> task<> { co_await pool([] { std::raise(SIGSEGV); }); });
        ::_exit(0);
    };
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(crash([](auto f) { return twill::compute(f); }), testing::ExitedWithCode(7), "");
    EXPECT_EXIT(crash([](auto f) { return twill::blocking(f); }), testing::ExitedWithCode(7), "");
}

}  // namespace
