#include "check/rotation.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace {

using twill::check::granularity;
using twill::check::parse;
using twill::check::plan;
using twill::check::plan_of;
using twill::check::points_wanted;
using twill::check::print;
using twill::check::run_options;
using twill::check::schedule_prefix;
using twill::check::strategy_kind;

TEST(Rotation, FirstRunOfAnInstrumentedProgramIsTheProfileRun) {
    EXPECT_TRUE(plan_of({}, true, 0).profile);
    EXPECT_EQ(plan_of({}, true, 0).points, granularity::sync);
    EXPECT_FALSE(plan_of({}, true, 1).profile);
    EXPECT_FALSE(plan_of({}, false, 0).profile);
}

TEST(Rotation, TakesTurnsOverStrategiesAndGranularities) {
    std::set<std::pair<strategy_kind, granularity>> seen;
    for (unsigned number = 1; number != 6; ++number) {
        const plan made = plan_of({}, true, number);
        seen.emplace(made.strategy, made.points);
    }
    EXPECT_EQ(seen, (decltype(seen){{strategy_kind::pos, granularity::memory},
                                    {strategy_kind::urw, granularity::memory},
                                    {strategy_kind::pct, granularity::memory},
                                    {strategy_kind::stall, granularity::memory},
                                    {strategy_kind::random, granularity::sync}}));
}

TEST(Rotation, HasPointsBehindReleasesAndNoneInTurnsForPlainPrograms) {
    std::set<granularity> seen;
    for (unsigned number = 0; number != 10; ++number)
        seen.insert(plan_of({}, false, number).points);
    EXPECT_EQ(seen, (std::set{granularity::sync, granularity::around}));
}

TEST(Rotation, HasPointsBehindReleasesForInstrumentedProgramsToo) {
    std::set<granularity> seen;
    for (unsigned number = 1; number != 11; ++number) seen.insert(plan_of({}, true, number).points);
    EXPECT_EQ(seen, (std::set{granularity::sync, granularity::around, granularity::memory}));
}

TEST(Rotation, KeepsToWhatWasAskedFor) {
    run_options options;
    options.strategy = strategy_kind::pct;
    options.wanted = points_wanted::memory;
    for (unsigned number = 1; number != 7; ++number) {
        EXPECT_EQ(plan_of(options, true, number).strategy, strategy_kind::pct);
        EXPECT_EQ(plan_of(options, true, number).points, granularity::memory);
    }
    options.wanted = points_wanted::every;
    EXPECT_EQ(plan_of(options, true, 1).points, granularity::every);
    options.wanted = points_wanted::sync;
    EXPECT_EQ(plan_of(options, true, 1).points, granularity::sync);
    options.wanted = points_wanted::any;
    for (unsigned number = 0; number != 7; ++number)
        EXPECT_EQ(plan_of(options, false, number).strategy,
                  number == 0 ? strategy_kind::random : strategy_kind::pct);
}

TEST(SchedulePrefix, ComesBackAsItWasWritten) {
    const schedule_prefix all[] = {{granularity::sync, 0},
                                   {granularity::every, 0},
                                   {granularity::around, 0},
                                   {granularity::memory, 0},
                                   {granularity::memory, ~std::uint64_t{0}}};
    for (const auto& each : all) {
        char text[64];
        const std::size_t length = print(each, text);
        ASSERT_LE(length, 40U);
        const std::string whole = std::string(text, length) + "1 0:5";
        schedule_prefix back;
        const std::size_t read = parse(whole.data(), whole.size(), back);
        EXPECT_EQ(back.points, each.points);
        EXPECT_EQ(back.seed, each.seed);
        const auto rest = std::string_view(whole).substr(read);
        EXPECT_EQ(rest.substr(rest.find_first_not_of(' ')), "1 0:5") << whole;
    }
}

}  // namespace
