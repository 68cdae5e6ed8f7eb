#include <twill/runtime/options.hpp>

#include <twill/core/error.hpp>

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <string>

namespace {

using namespace std::chrono_literals;
using twill::runtime_options;

class variable {
public:
    variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    variable(const variable&) = delete;
    variable& operator=(const variable&) = delete;
    ~variable() { ::unsetenv(name_); }

private:
    const char* name_;
};

TEST(RuntimeOptions, WithoutVariablesAreTheDefaults) {
    for (const char* name :
         {"TWILL_EVENT_THREADS", "TWILL_EVENT_DELAY", "TWILL_COMPUTE_THREADS",
          "TWILL_BLOCKING_THREADS", "TWILL_LANES", "TWILL_WATCHDOG", "TWILL_WATCHDOG_LIMIT",
          "TWILL_SHUTDOWN_LIMIT", "TWILL_TRACE", "TWILL_DUMP_SIGNAL", "TWILL_STALL_LIMIT",
          "TWILL_TIMER_COALESCING", "TWILL_REACTOR"})
        ::unsetenv(name);
    const auto options = runtime_options::from_environment();
    const runtime_options defaults;
    EXPECT_EQ(options.event_threads, 1U);
    EXPECT_EQ(options.event_delay, 200us);
    EXPECT_EQ(options.compute_threads, defaults.compute_threads);
    EXPECT_EQ(options.blocking_threads, defaults.blocking_threads);
    EXPECT_EQ(options.shutdown_limit, defaults.shutdown_limit);
    EXPECT_EQ(options.lanes, twill::lanes::give_way);
    EXPECT_EQ(options.watchdog, twill::watchdog::report);
    EXPECT_EQ(options.watchdog_limit, 1ms);
    EXPECT_EQ(options.trace_file, "");
    EXPECT_EQ(options.dump_signal, 0);
    EXPECT_EQ(options.stall_limit, 10s);
    EXPECT_EQ(options.timer_coalescing, 0s);
    EXPECT_EQ(options.reactor, twill::reactor_kind::automatic);
}

TEST(RuntimeOptions, AreReadFromVariables) {
    const variable compute("TWILL_COMPUTE_THREADS", "3");
    const variable blocking("TWILL_BLOCKING_THREADS", "17");
    const variable limit("TWILL_SHUTDOWN_LIMIT", "0.25");
    const variable lanes("TWILL_LANES", "none");
    const variable watchdog("TWILL_WATCHDOG", "off");
    const variable watchdog_limit("TWILL_WATCHDOG_LIMIT", "0.005");
    const variable trace("TWILL_TRACE", "/some/where.json");
    const variable dump("TWILL_DUMP_SIGNAL", "QUIT");
    const variable stall("TWILL_STALL_LIMIT", "2");
    const variable coalescing("TWILL_TIMER_COALESCING", "0.004");
    const auto options = runtime_options::from_environment();
    EXPECT_EQ(options.compute_threads, 3U);
    EXPECT_EQ(options.blocking_threads, 17U);
    EXPECT_EQ(options.shutdown_limit, 250ms);
    EXPECT_EQ(options.lanes, twill::lanes::none);
    EXPECT_EQ(options.watchdog, twill::watchdog::off);
    EXPECT_EQ(options.watchdog_limit, 5ms);
    EXPECT_EQ(options.trace_file, "/some/where.json");
    EXPECT_EQ(options.dump_signal, SIGQUIT);
    EXPECT_EQ(options.stall_limit, 2s);
    EXPECT_EQ(options.timer_coalescing, 4ms);
}

TEST(RuntimeOptions, EventThreadsAreANumberOrAuto) {
    {
        const variable threads("TWILL_EVENT_THREADS", "4");
        const variable delay("TWILL_EVENT_DELAY", "0.001");
        EXPECT_EQ(runtime_options::from_environment().event_threads, 4U);
        EXPECT_EQ(runtime_options::from_environment().event_delay, 1ms);
    }
    const variable automatic("TWILL_EVENT_THREADS", "auto");
    EXPECT_EQ(runtime_options::from_environment().event_threads, 0U);
    const variable wrong("TWILL_EVENT_THREADS", "many");
    EXPECT_THROW(static_cast<void>(runtime_options::from_environment()), twill::usage_error);
}

TEST(RuntimeOptions, LanesAreReadByTheirNames) {
    struct named {
        const char* value;
        twill::lanes lanes;
    };
    for (const auto& [value, wanted] :
         {named{"give_way", twill::lanes::give_way}, named{"none", twill::lanes::none},
          named{"idle", twill::lanes::idle}, named{"nice:1", twill::lanes::nice(1)},
          named{"nice:19", twill::lanes::nice(19)}}) {
        const variable set("TWILL_LANES", value);
        EXPECT_EQ(runtime_options::from_environment().lanes, wanted) << value;
    }
}

TEST(RuntimeOptions, ReactorIsReadByItsName) {
    struct named {
        const char* value;
        twill::reactor_kind kind;
    };
    for (const auto& [value, wanted] :
         {named{"auto", twill::reactor_kind::automatic}, named{"epoll", twill::reactor_kind::epoll},
          named{"io_uring", twill::reactor_kind::io_uring}}) {
        const variable set("TWILL_REACTOR", value);
        EXPECT_EQ(runtime_options::from_environment().reactor, wanted) << value;
    }
}

TEST(RuntimeOptions, EmptyVariablesCountAsUnset) {
    const variable compute("TWILL_COMPUTE_THREADS", "");
    EXPECT_EQ(runtime_options::from_environment().compute_threads, 0U);
}

TEST(RuntimeOptions, BadVariablesAreRefusedByName) {
    struct bad {
        const char* name;
        const char* value;
    };
    for (const auto& [name, value] : {bad{"TWILL_COMPUTE_THREADS", "many"},
                                      bad{"TWILL_COMPUTE_THREADS", "-1"},
                                      bad{"TWILL_COMPUTE_THREADS", "0"},
                                      bad{"TWILL_COMPUTE_THREADS", "4 "},
                                      bad{"TWILL_COMPUTE_THREADS", "99999999999999999999"},
                                      bad{"TWILL_BLOCKING_THREADS", "0"},
                                      bad{"TWILL_BLOCKING_THREADS", "1e3"},
                                      bad{"TWILL_SHUTDOWN_LIMIT", "-1"},
                                      bad{"TWILL_SHUTDOWN_LIMIT", "nan"},
                                      bad{"TWILL_SHUTDOWN_LIMIT", "inf"},
                                      bad{"TWILL_SHUTDOWN_LIMIT", "1s"},
                                      bad{"TWILL_REACTOR", "uring"},
                                      bad{"TWILL_LANES", "both"},
                                      bad{"TWILL_LANES", "nice"},
                                      bad{"TWILL_LANES", "nice:0"},
                                      bad{"TWILL_LANES", "nice:20"},
                                      bad{"TWILL_LANES", "nice:5x"},
                                      bad{"TWILL_WATCHDOG", "bark"},
                                      bad{"TWILL_WATCHDOG_LIMIT", "0"},
                                      bad{"TWILL_DUMP_SIGNAL", "KILL"},
                                      bad{"TWILL_STALL_LIMIT", "never"},
                                      bad{"TWILL_TIMER_COALESCING", "-1"}}) {
        const variable set(name, value);
        std::string text;
        try {
            static_cast<void>(runtime_options::from_environment());
        } catch (const twill::usage_error& e) {
            text = e.what();
        }
        EXPECT_NE(text.find(std::string(name) + "=" + value), std::string::npos)
            << name << "=" << value << ": " << text;
    }
}

}  // namespace
