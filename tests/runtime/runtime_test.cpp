#include <twill/runtime/runtime.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/shield.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/detail/compute_context.hpp>

#include "support/forked.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::runtime;
using twill::task;

TEST(Runtime, GivesWhatMainGives) {
    EXPECT_EQ(run({}, [] { return give(3); }), 3);
    EXPECT_EQ(*run({}, [] { return give_later(std::make_unique<int>(4)); }), 4);
    runtime here;
    EXPECT_EQ(here.run([](int a, int b) -> task<int> { co_return a + b; }, 2, 3), 5);
    EXPECT_EQ(here.run([] { return give(6); }), 6) << "it can run again";
}

bool names_line(const std::string& report, int line) {
    return report.find("runtime_test.cpp:" + std::to_string(line)) != std::string::npos;
}

TEST(Runtime, ReportsShowTheLineOfRunWithArgumentsToo) {
    std::string said;
    const auto dump = [&]() -> task<> { said = (co_await twill::this_runtime()).dump(); };
    const auto note = [&](auto&&...) { return dump(); };
    runtime here;
    here.run(note);
    EXPECT_TRUE(names_line(said, __LINE__ - 1)) << said;
    here.run(note, 1);
    EXPECT_TRUE(names_line(said, __LINE__ - 1)) << said;
    here.run(note, 1, 2);
    EXPECT_TRUE(names_line(said, __LINE__ - 1)) << said;
    here.run(note, 1, 2, 3);
    EXPECT_TRUE(names_line(said, __LINE__ - 1)) << said;
    run(note, 1);
    EXPECT_TRUE(names_line(said, __LINE__ - 1)) << said;
    run(note, 1, 2);
    EXPECT_TRUE(names_line(said, __LINE__ - 1)) << said;
    run(note, 1, 2, 3);
    EXPECT_TRUE(names_line(said, __LINE__ - 1)) << said;
}

// It waited for itself.
TEST(Runtime, AReportThatCausesAnotherLeavesThatToStandardError) {
    int calls = 0;
    runtime here({.shutdown_limit = 0ms, .report = [&](std::string_view) {
                      ++calls;
                      twill::detail::report_if_on_event_thread();
                  }});
    ::testing::internal::CaptureStderr();
    here.run([&]() -> task<> {
        here.stop();
        co_await twill::shield(
            [](const int& called) -> task<> {
                while (called == 0) co_await twill::yield();
            }(calls),
            1h);
    });
    const std::string said = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(calls, 1);
    EXPECT_NE(said.find("a parallel call was made on the thread that runs the tasks"),
              std::string::npos)
        << said;
}

TEST(Runtime, ThrowsWhatMainThrows) {
    EXPECT_THROW(run({}, [] { return fail(1); }), failure);
    EXPECT_THROW(run({}, []() -> task<> { throw failure(2); }), failure);
    runtime here;
    EXPECT_THROW(here.run([] { return fail(1); }), failure);
    EXPECT_EQ(here.run([] { return give(1); }), 1) << "and runs again afterwards";
}

TEST(Runtime, NestedRunIsRefusedWithAdvice) {
    run({}, []() -> task<> {
        std::string text;
        try {
            run({}, [] { return give(1); });
        } catch (const twill::usage_error& e) {
            text = e.what();
        }
        EXPECT_NE(text.find("co_await"), std::string::npos) << text;
        co_await twill::yield();
    });
}

TEST(Runtime, SecondRunFromAnotherThreadIsRefused) {
    runtime here;
    here.run([&]() -> task<> {
        co_await twill::blocking(
            [&] { EXPECT_THROW(here.run([] { return give(1); }), twill::usage_error); });
    });
}

// Both threads used to pass the check before either was noted.
TEST(Runtime, OfTwoThreadsThatRunAtOnceOneIsRefused) {
    for (int round = 0; round < 50; ++round) {
        runtime here;
        twill::atomic<int> inside{0};
        twill::atomic<int> refused{0};
        auto one = [&] {
            try {
                here.run([&]() -> task<> {
                    EXPECT_EQ(inside.fetch_add(1), 0);
                    co_await twill::yield();
                    inside.fetch_sub(1);
                });
            } catch (const twill::usage_error&) {
                refused.fetch_add(1);
            }
        };
        std::thread other(one);
        one();
        other.join();
        EXPECT_LE(refused.load(), 1);
    }
}

TEST(Runtime, SeveralRunOnSeveralThreads) {
    std::vector<std::thread> threads;
    twill::atomic<int> sum{0};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            sum.fetch_add(run({}, []() -> task<int> {
                int total = 0;
                co_await twill::scope([&](twill::scope_ref s) -> task<> {
                    for (int i = 0; i < 100; ++i)
                        s.spawn([&]() -> task<> {
                            co_await twill::sleep(10us);
                            total += co_await twill::blocking([] { return 1; });
                        });
                    co_return;
                });
                co_return total;
            }));
        });
    for (auto& each : threads) each.join();
    EXPECT_EQ(sum.load(), 400);
}

TEST(Runtime, KnowsItselfInsideATask) {
    runtime here;
    here.run([&]() -> task<> {
        EXPECT_EQ(&co_await twill::this_runtime(), &here);
        co_return;
    });
}

TEST(Runtime, StopFromAnotherThreadCancelsMain) {
    for (int round = 0; round < 50; ++round) {
        runtime here;
        twill::atomic<bool> running{false};
        std::thread other([&] {
            while (!running.load()) std::this_thread::yield();
            here.stop();
            here.stop();
        });
        EXPECT_THROW(here.run([&]() -> task<> {
            running.store(true);
            co_await for_ever();
        }),
                     twill::cancelled);
        other.join();
        EXPECT_EQ(here.run([] { return give(1); }), 1) << "a stop ends one run";
    }
}

TEST(Runtime, StopWhenNothingRunsDoesNothing) {
    runtime here;
    here.stop();
    EXPECT_EQ(here.run([] { return give_later(1); }), 1);
}

TEST(Runtime, ShutdownReportNamesTheStuckTaskAndWhatItWaitsFor) {
    manual_operation stuck(manual_operation::when_cancelled::goes_on);
    std::string report;
    runtime here({.shutdown_limit = 2ms, .report = [&](std::string_view text) {
                      report += text;
                      stuck.finish();
                  }});
    int line = 0;
    here.run([&]() -> task<> {
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            line = __LINE__ + 1;
            s.spawn([&]() -> task<> { co_await borrowed(stuck); });
            co_await twill::yield();
            here.stop();
        });
    });
    const std::string expected = "runtime_test.cpp:" + std::to_string(line) + " waits: manual, in ";
    const auto at = report.find(expected);
    ASSERT_NE(at, std::string::npos) << report;
    EXPECT_TRUE(report.substr(0, report.find('\n', at)).ends_with(", cancelled")) << report;
}

TEST(Runtime, StopInTimeReportsNothing) {
    std::string report;
    runtime here({.shutdown_limit = 1h, .report = [&](std::string_view text) { report += text; }});
    EXPECT_THROW(here.run([&]() -> task<> {
        here.stop();
        co_await for_ever();
    }),
                 twill::cancelled);
    EXPECT_EQ(report, "");
}

TEST(Runtime, ReportThatThrowsDoesNotEndTheProgram) {
    bool reported = false;
    runtime here({.shutdown_limit = 0ms, .report = [&](std::string_view) {
                      reported = true;
                      throw std::runtime_error("no");
                  }});
    here.run([&]() -> task<> {
        here.stop();
        co_await twill::shield(
            [](bool& seen) -> task<> {
                while (!seen) co_await twill::sleep(100us);
            }(reported),
            1h);
    });
    EXPECT_TRUE(reported);
}

TEST(Runtime, OptionsOutOfRangeAreRefused) {
    EXPECT_THROW(runtime({.blocking_threads = 0}), twill::usage_error);
    EXPECT_THROW(runtime({.trace_file = "/nonexistent/folder/trace.json"}), twill::io_error);
}

TEST(Runtime, WritesATraceWhenTheEnvironmentAsksForIt) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("twill-runtime-test-" + std::to_string(::getpid()) + ".json");
    ::setenv("TWILL_TRACE", path.c_str(), 1);
    twill::run([]() -> task<> { co_await twill::sleep(1us); });
    ::unsetenv("TWILL_TRACE");
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    std::filesystem::remove(path);
    EXPECT_NE(text.str().find("traceEvents"), std::string::npos) << text.str().substr(0, 200);
    EXPECT_NE(text.str().find("sleep"), std::string::npos);
}

TEST(Runtime, ForkedChildThatGoesOnIsEndedWithAMessage) {
    const pid_t parent = ::getpid();
    child_end end;
    run({}, [&]() -> task<> {
        const forked here;
        if (here.in_child()) {
            for (int i = 0; i < 1000; ++i) co_await twill::yield();
            ::_exit(0);
        }
        EXPECT_EQ(::getpid(), parent);
        end = here.wait();
        co_await twill::yield();
    });
    EXPECT_EQ(end.exit_status(), 70);
    EXPECT_NE(end.said.find("forked after its runtime"), std::string::npos) << end.said;
}

// A process that once ran a runtime could never again be forked into one that does.
TEST(Runtime, ForkedChildMayMakeARuntimeOfItsOwn) {
    run({}, [] { return give(1); });
    // Not watched: the thread sanitizer ends a forked child that starts a thread.
    const auto end = in_child(
        [] { return run({.watchdog = twill::watchdog::off}, [] { return give_later(7); }); });
    EXPECT_EQ(end.exit_status(), 7) << end.said;
}

}  // namespace
