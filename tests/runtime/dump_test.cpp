// What runs, told on request: names, what tasks wait for, and in which coroutines.
#include <twill/runtime/runtime.hpp>

#include <runtime/dump_signal.hpp>
#include <runtime/function_names.hpp>
#include <twill/async/channel.hpp>
#include <twill/core/atomic.hpp>
#include <twill/core/error.hpp>
#include <twill/core/named.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>

#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <latch>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::scope_ref;
using twill::task;
using twill::detail::brief_function_name;

[[gnu::noinline]] task<int> read_line(twill::channel<int>& from) {
    co_return co_await from.receive() ? 1 : 0;
}
[[gnu::noinline]] task<> answer(twill::channel<int>& from) {
    if (co_await read_line(from) == 1) co_await answer(from);
}
task<> serve(twill::channel<int>& from) { co_await answer(from); }

// What the runtime says while somebody waits for a line.
std::string dump_beside(task<> (*waits)(twill::channel<int>&)) {
    std::string said;
    twill::runtime here({.report = [](std::string_view) {}});
    here.run([&]() -> task<> {
        twill::channel<int> lines(1);
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn(waits, std::ref(lines));
            co_await twill::yield();
            said = here.dump();
            lines.close();
        });
    });
    return said;
}

TEST(Dump, TellsTheCoroutinesThatATaskWaitsInInnermostFirst) {
    const std::string said = dump_beside(serve);
    EXPECT_NE(said.find("waits: receive, in read_line < answer < serve\n"), std::string::npos)
        << said;
}

// Tasks on several threads, which come, wait, are cancelled and go while they are looked at. A task
// that was forgotten by one who looked at it would wait for ever.
TEST(Dump, ForgetsNobodyWhileOthersRun) {
    twill::runtime here({.event_threads = 2, .event_delay = 0ns});
    here.run([&]() -> task<> {
        twill::atomic<bool> over{false};
        twill::channel<int> lines(0);
        std::size_t told = 0;
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                for (int i = 0; i < 2'000; ++i) co_await lines.send(i);
                lines.close();
            });
            s.spawn([&]() -> task<> {
                while (!over) {
                    co_await twill::scope([](scope_ref inner) -> task<> {
                        inner.spawn(twill::sleep, 1h);
                        inner.spawn(twill::sleep, 1us);
                        co_await twill::yield();
                        inner.cancel();
                    });
                    co_await twill::yield();
                }
            });
            s.spawn([&]() -> task<> {
                while (!over) {
                    told += here.dump().size();
                    co_await twill::yield();
                }
            });
            while (co_await lines.receive()) co_await twill::yield();
            over = true;
        });
        EXPECT_GT(told, 0U);
    });
}

TEST(Dump, LeavesOutTheCoroutinesOfTheLibrary) {
    const std::string said = dump_beside(serve);
    EXPECT_EQ(said.find("twill::detail"), std::string::npos) << said;
}

TEST(Dump, TellsScopesFromTasksThatAreReady) {
    std::string said;
    twill::runtime here({.report = [](std::string_view) {}});
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn(give<int>, 1);
            said = here.dump();
            co_return;
        });
    });
    const auto lines_with = [&](std::string_view what) {
        int found = 0;
        for (auto at = said.find(what); at != std::string::npos; at = said.find(what, at + 1))
            ++found;
        return found;
    };
    EXPECT_EQ(lines_with(" is a scope\n"), 1) << said;
    EXPECT_EQ(lines_with(" is ready or running\n"), 2) << "the child and the body: " << said;
}

// For the thread sanitizer: whoever looks at the tree may see a scope as soon as it is in there.
TEST(Dump, MayBeMadeWhileTasksOnOtherThreadsGetNames) {
    twill::runtime here(
        {.event_threads = 3, .event_delay = 1ns, .report = [](std::string_view) {}});
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn([]() -> task<> {
                    for (int n = 0; n < 1'000; ++n) co_await twill::named("a name", twill::yield());
                });
            for (int i = 0; i < 200; ++i) {
                EXPECT_NE(here.dump().find("dump_test.cpp"), std::string::npos);
                co_await twill::yield();
            }
        });
    });
}

TEST(Dump, ShowsNamesOfTasks) {
    const std::string said = dump_beside([](twill::channel<int>& from) -> task<> {
        co_await twill::named("the reader", serve(from));
    });
    EXPECT_NE(said.find("\"the reader\""), std::string::npos) << said;
    EXPECT_NE(said.find("in read_line"), std::string::npos) << said;
}

TEST(Named, PassesOnWhatTheTaskGivesAndThrows) {
    twill::run({}, []() -> task<> {
        EXPECT_EQ(co_await twill::named("three", give(3)), 3);
        bool caught = false;
        try {
            co_await twill::named("fails", []() -> task<> {
                co_await twill::yield();
                throw twill::usage_error("no");
            }());
        } catch (const twill::usage_error&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    });
}

TEST(FunctionNames, AreShort) {
    EXPECT_EQ(brief_function_name("main"), "main");
    EXPECT_EQ(brief_function_name("a::b(int, c<d>)"), "a::b");
    EXPECT_EQ(brief_function_name("(anonymous namespace)::read_line(long*)"), "read_line");
    EXPECT_EQ(brief_function_name("twill::v9::task<int> a<b(*)(c)>::d<e>(f) const"), "a::d");
    EXPECT_EQ(brief_function_name("main::{lambda(int)#1}::operator()(int) const"), "main::lambda");
    EXPECT_EQ(brief_function_name("a::b(int) const::{lambda()#2}::operator()() const"),
              "a::b::lambda");
    EXPECT_EQ(brief_function_name("a::b[abi:cxx11](void (*)(c&))"), "a::b");
}

TEST(FunctionNames, OfWhatIsNoFunctionIsTheFileAndAnAddress) {
    twill::detail::function_names names;
    static int data = 0;
    EXPECT_NE(names.of(&data).find("+0x"), std::string::npos) << names.of(&data);
    int local = 0;
    EXPECT_EQ(names.of(&local), "code of no file");
}

// The signal is this thread's, before it runs tasks; the report comes while it waits for it.
std::string report_after(int number, twill::runtime_options how) {
    std::string said;
    std::latch reported(1);
    how.report = [&](std::string_view text) {
        said = text;
        reported.count_down();
    };
    how.dump_signal = number;
    how.watchdog =
        twill::watchdog::off;  // whose report would be taken for the one that is asked for
    twill::runtime here(std::move(how));
    here.run([&]() -> task<> {
        twill::channel<int> lines(1);
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn(serve, std::ref(lines));
            co_await twill::yield();
            ::raise(number);
            while (!reported.try_wait()) co_await twill::sleep(1ms);
            lines.close();
        });
    });
    return said;
}

TEST(DumpSignal, ReportsTheTasks) {
    const std::string said = report_after(SIGUSR2, {});
    EXPECT_TRUE(said.starts_with("twill: the tasks, as asked for by a signal:\n")) << said;
    EXPECT_NE(said.find("in read_line < answer < serve"), std::string::npos) << said;
}

TEST(DumpSignal, IsAnsweredByACrewToo) {
    const std::string said = report_after(SIGUSR2, {.event_threads = 2});
    EXPECT_NE(said.find("waits: receive, in read_line < answer < serve\n"), std::string::npos)
        << said;
}

void own_handler(int /*number*/) {}

// Another thread raises the signal all the time, also while the one that answers begins and ends.
TEST(DumpSignal, IsAnsweredHoweverEarlyItComes) {
    struct sigaction mine{};
    mine.sa_handler = &own_handler;
    ASSERT_EQ(::sigaction(SIGUSR2, &mine, nullptr), 0);
    twill::atomic<bool> over{false};
    std::thread storm([&] {
        while (!over.load()) ::raise(SIGUSR2);
    });
    bool always = true;
    for (int i = 0; i < 200 && always; ++i) {
        std::mutex lock;
        std::condition_variable changed;
        bool asked = false;
        const auto ask = [&] {
            const std::lock_guard hold(lock);
            asked = true;
            changed.notify_one();
        };
        const twill::detail::dump_signal one(SIGUSR2, ask);
        std::unique_lock hold(lock);
        always = changed.wait_for(hold, 30s, [&] { return asked; });
    }
    EXPECT_TRUE(always) << "nobody answers any more";
    over.store(true);
    storm.join();
}

TEST(DumpSignal, LeavesTheDispositionAsItWas) {
    struct sigaction mine{};
    mine.sa_handler = &own_handler;
    ASSERT_EQ(::sigaction(SIGUSR2, &mine, nullptr), 0);
    report_after(SIGUSR2, {});
    struct sigaction after{};
    ASSERT_EQ(::sigaction(SIGUSR2, nullptr, &after), 0);
    EXPECT_EQ(after.sa_handler, &own_handler);
}

TEST(DumpSignal, OfARuntimeThatIsIdleSaysNothing) {
    int reports = 0;
    {
        twill::runtime idle({.dump_signal = SIGUSR2, .report = [&](auto) { ++reports; }});
        report_after(SIGUSR2, {});
    }
    EXPECT_EQ(reports, 0);
}

TEST(DumpSignal, ThatCannotBeCaughtIsRefused) {
    EXPECT_THROW(twill::runtime({.dump_signal = SIGKILL}), twill::usage_error);
    EXPECT_THROW(twill::runtime({.dump_signal = 1000}), twill::usage_error);
}

}  // namespace
