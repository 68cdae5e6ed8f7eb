#include "../../src/trace/text.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using twill::detail::code_points;
using twill::detail::readable;
using twill::detail::shortened;

TEST(trace_text, durations_read_well) {
    EXPECT_EQ(readable(0ns), "0 ns");
    EXPECT_EQ(readable(999ns), "999 ns");
    EXPECT_EQ(readable(1000ns), "1 \xC2\xB5s");
    EXPECT_EQ(readable(1234567ns), "1.23 ms");
    EXPECT_EQ(readable(12'345us), "12.3 ms");
    EXPECT_EQ(readable(999'900us), "1 s");
    EXPECT_EQ(readable(3600s), "3600 s");
    EXPECT_EQ(readable(-5ms), "-5 ms");
}

TEST(trace_text, shortens_at_code_points) {
    EXPECT_EQ(shortened("short", 5), "short");
    EXPECT_EQ(shortened("longer", 5), "long\xE2\x80\xA6");
    EXPECT_EQ(shortened("\xC3\xA9\xC3\xA9\xC3\xA9", 3), "\xC3\xA9\xC3\xA9\xC3\xA9");
    EXPECT_EQ(shortened("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 3), "\xC3\xA9\xC3\xA9\xE2\x80\xA6");
    EXPECT_EQ(code_points("\xFF\xC3"), 2U);
}

}  // namespace
