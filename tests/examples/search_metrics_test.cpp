#include <gtest/gtest.h>

#include <search/json.hpp>
#include <search/metrics.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <random>
#include <string>

namespace {

using namespace std::chrono_literals;
using search::durations;

TEST(SearchMetrics, quantiles_are_right_to_an_eighth) {
    for (const twill::duration length :
         {twill::duration(1us), twill::duration(7us), twill::duration(8us), twill::duration(100us),
          twill::duration(1ms), twill::duration(123ms), twill::duration(9s)}) {
        durations some;
        for (int i = 0; i < 99; ++i) some.add(length);
        some.add(100 * length);
        const double seconds = std::chrono::duration<double>(length).count();
        const double middle = durations::quantile(some.read(), 0.5);
        EXPECT_GE(middle, seconds);
        EXPECT_LE(middle, seconds * 1.126 + 1e-6);
        EXPECT_LT(durations::quantile(some.read(), 0.99), seconds * 1.126 + 1e-6);
        EXPECT_GE(durations::quantile(some.read(), 1), 99 * seconds);
    }
    EXPECT_EQ(durations::quantile(durations().read(), 0.5), 0);
}

TEST(SearchMetrics, what_takes_for_ever_is_counted_in_the_last_bucket) {
    durations some;
    some.add(100h);
    some.add(-1s);
    EXPECT_EQ(some.read().back(), 1U);
    EXPECT_EQ(some.read().front(), 1U);
}

TEST(SearchJson, any_bytes_become_valid_json) {
    std::mt19937 random(1);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes(random() % 12, ' ');
        // Around the limits of what UTF-8 allows.
        for (char& each : bytes)
            each = "\x00\x1f\"\\az\x7f\x80\xbf\xc0\xc2\xe0\xa0\xed\x9f\xf0\x90\xf4\x8f\xf5\xff"
                [random() % 21];
        std::string text;
        search::append_json(text, bytes);
        const auto read = nlohmann::json::parse(text, nullptr, false);
        ASSERT_TRUE(read.is_string()) << text;
    }
}

TEST(SearchJson, letters_stay_as_they_are) {
    std::string text;
    search::append_json(text, "aé\u20ac\U0001F600\n\"\\");
    EXPECT_EQ(nlohmann::json::parse(text).get<std::string>(), "aé\u20ac\U0001F600\n\"\\");
    std::string broken;
    search::append_json(broken, "a\xe2\x82z");
    EXPECT_EQ(nlohmann::json::parse(broken).get<std::string>(), "a\uFFFD\uFFFDz");
}

}  // namespace
