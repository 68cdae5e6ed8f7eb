// Schedules: repeated, written, read, made smaller.
#include <explore/random_walk.hpp>
#include <explore/replay.hpp>
#include <explore/schedule_text.hpp>
#include <explore/shrinking.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "program.hpp"

namespace explore_test {
namespace {

using what = decision::what;

test_arena memory;

// The counter at the end; the record goes to `kept`.
int run_counter(strategy& decides, std::uint64_t seed, schedule& kept, int threads = 2) {
    memory.clear();
    execution run(memory, decides, seed, {}, nothing_known);
    lost_update bug(threads);
    EXPECT_EQ(bug.steps.run(run).outcome, what::finished);
    kept.assign(run.record());
    return bug.counter;
}

std::string text_of(const schedule& each) {
    std::string text(print(each, nullptr, 0), '\0');
    EXPECT_EQ(print(each, text.data(), text.size() + 1), text.size());
    return text;
}

TEST(replay, repeats_each_run) {
    random_walk decides;
    test_arena elsewhere;
    for (std::uint64_t seed = 0; seed != 50; ++seed) {
        schedule kept(elsewhere), repeated(elsewhere);
        const int result = run_counter(decides, seed, kept, 3);
        replay again(kept);
        EXPECT_EQ(run_counter(again, 0, repeated, 3), result) << text_of(kept);
        EXPECT_FALSE(again.diverged());
        EXPECT_EQ(repeated.fingerprint, kept.fingerprint);
    }
}

TEST(replay, repeats_values_and_early_timeouts) {
    random_walk decides(/*timeout_odds=*/2);
    test_arena elsewhere;
    const auto result = [&](strategy& with, std::uint64_t seed, schedule& kept) {
        memory.clear();
        execution run(memory, with, seed, {}, nothing_known);
        std::string happened;
        program p;
        for (const char name : {'a', 'b'})
            p.thread({sleep(run, 10),
                      {[] { return operation{}; },
                       [&happened, name](execution& under, thread_id self) {
                           happened += name;
                           happened += std::to_string(under.pick(self, 3));
                           return true;
                       }}});
        p.thread({store(1, [&] { happened += 'c'; })});
        EXPECT_EQ(p.run(run).outcome, what::finished);
        kept.assign(run.record());
        return happened;
    };
    for (std::uint64_t seed = 0; seed != 50; ++seed) {
        schedule kept(elsewhere), repeated(elsewhere);
        const std::string first = result(decides, seed, kept);
        replay again(kept);
        EXPECT_EQ(result(again, 0, repeated), first) << text_of(kept);
        EXPECT_EQ(repeated.fingerprint, kept.fingerprint);
    }
}

TEST(replay, says_when_the_program_is_another) {
    random_walk decides;
    test_arena elsewhere;
    schedule kept(elsewhere), repeated(elsewhere);
    run_counter(decides, 1, kept, 3);
    replay shorter(kept);
    run_counter(shorter, 0, repeated, 2);
    EXPECT_TRUE(shorter.diverged());
    replay longer(kept);
    run_counter(longer, 0, repeated, 4);
    EXPECT_TRUE(longer.diverged());
}

TEST(schedule_text, reads_what_it_wrote) {
    random_walk decides;
    test_arena elsewhere;
    schedule kept(elsewhere);
    run_counter(decides, 7, kept, 3);
    kept.values.push_back({1, 3, 2});
    const std::string text = text_of(kept);
    schedule back(elsewhere);
    EXPECT_EQ(parse(text.data(), text.size(), back).what, nullptr);
    EXPECT_EQ(text_of(back), text);
    EXPECT_EQ(back.fingerprint, kept.fingerprint);
}

TEST(schedule_text, writes_no_more_than_there_is_room_for) {
    test_arena elsewhere;
    schedule some(elsewhere);
    some.stretches.push_back({.thread = 0, .until = 14});
    some.values.push_back({1, 3, 2});
    some.fingerprint = 0x9f3a;
    EXPECT_EQ(text_of(some), "1 0:14 1@3=2 #9f3a");
    char room[6] = "?????";
    EXPECT_EQ(print(some, room, sizeof room), 18U);
    EXPECT_STREQ(room, "1 0:1");
}

TEST(schedule_text, says_where_it_is_wrong) {
    test_arena elsewhere;
    const struct {
        std::string_view text;
        std::size_t at;
        const char* what;
    } wrong[] = {
        {"", 0, "the version of the format"},
        {"x", 0, "the version of the format"},
        {"2 0:1", 0, "version 1 of the format"},
        {"1 0", 3, "':' or '@'"},
        {"1 0:1 y", 6, "the number of a thread"},
        {"1 0:", 4, "a number of steps"},
        {"1 0:99999999999", 13, "a number of steps"},
        {"1 0@1:2", 5, "'='"},
        {"1 #g", 3, "a fingerprint"},
    };
    for (const auto& each : wrong) {
        schedule into(elsewhere);
        const parse_error error = parse(each.text.data(), each.text.size(), into);
        ASSERT_NE(error.what, nullptr) << each.text;
        EXPECT_STREQ(error.what, each.what) << each.text;
        EXPECT_EQ(error.at - each.text.data(), static_cast<std::ptrdiff_t>(each.at)) << each.text;
    }
}

TEST(shrinking, leaves_the_preemptions_that_it_takes) {
    // Six threads on one counter under a random walk: only one update has to be lost, which takes
    // one preemption.
    random_walk decides;
    test_arena elsewhere;
    schedule failing(elsewhere), recorded(elsewhere);
    std::uint64_t seed = 0;
    while (run_counter(decides, seed, failing, 6) == 6 || failing.preemptions < 4) ++seed;

    shrinking less(elsewhere, failing);
    int attempts = 0;
    while (const schedule* attempt = less.propose()) {
        replay loosely(*attempt, replay::how::loose);
        const bool fails = run_counter(loosely, 0, recorded, 6) != 6;
        less.tried(fails, recorded);
        ASSERT_LT(++attempts, 1000);
    }
    EXPECT_EQ(less.best().preemptions, 1U);
    replay again(less.best());
    EXPECT_NE(run_counter(again, 0, recorded, 6), 6);
    EXPECT_FALSE(again.diverged());
}

TEST(shrinking, leaves_the_values_that_it_takes) {
    // Fails if the third of five free choices is option 2.
    random_walk decides;
    test_arena elsewhere;
    const auto fails = [&](strategy& with, std::uint64_t seed, schedule& kept) {
        memory.clear();
        execution run(memory, with, seed, {}, nothing_known);
        const thread_id one = run.spawn(no_thread);
        run.next(no_thread);
        std::uint32_t third = 0;
        for (int i = 0; i != 5; ++i) {
            const std::uint32_t option = run.pick(one, 4);
            if (i == 2) third = option;
        }
        kept.assign(run.record());
        return third == 2;
    };
    schedule failing(elsewhere), recorded(elsewhere);
    for (std::uint64_t seed = 0; !fails(decides, seed, failing); ++seed) {
    }
    shrinking less(elsewhere, failing);
    while (const schedule* attempt = less.propose()) {
        replay loosely(*attempt, replay::how::loose);
        const bool same = fails(loosely, 0, recorded);
        less.tried(same, recorded);
    }
    ASSERT_EQ(less.best().values.size(), 1U);
    EXPECT_EQ(less.best().values[0].index, 2U);
}

TEST(shrinking, of_what_needs_no_preemption_ends_at_once) {
    test_arena elsewhere;
    schedule serial(elsewhere);
    serial.stretches.push_back({.thread = 0, .until = 3});
    shrinking less(elsewhere, serial);
    EXPECT_EQ(less.propose(), nullptr);
}

}  // namespace
}  // namespace explore_test
