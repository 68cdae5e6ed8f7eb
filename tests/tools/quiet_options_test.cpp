#include "twill/common/quiet_options.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace {

using twill::watchdog;

TEST(QuietOptions, AskForTheWatchdogOnlyByTheVariable) {
    ::unsetenv("TWILL_WATCHDOG");
    EXPECT_EQ(twill_command::quiet_options().watchdog, watchdog::off);
    ::setenv("TWILL_WATCHDOG", "report", 1);
    EXPECT_EQ(twill_command::quiet_options().watchdog, watchdog::report);
    ::setenv("TWILL_WATCHDOG", "off", 1);
    EXPECT_EQ(twill_command::quiet_options().watchdog, watchdog::off);
}

// A substitute's thread comes and goes, and children die with the thread that started them.
TEST(QuietOptions, NeverHandTheEventThreadOver) {
    ::setenv("TWILL_WATCHDOG", "hand_over", 1);
    EXPECT_EQ(twill_command::quiet_options().watchdog, watchdog::off);
}

}  // namespace
