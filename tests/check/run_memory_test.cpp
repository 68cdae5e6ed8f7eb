// Memory mode as a whole, with a program that was instrumented by each compiler that is there.
#include "check/checking.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace {

using nlohmann::json;
using twill_test::checking;
using twill_test::finding_of;

// The line of the program's source that ends in that comment.
unsigned line_of(const std::string& comment) {
    std::ifstream source(TWILL_MEMORY_BUGS_SOURCE);
    std::string line;
    for (unsigned number = 1; std::getline(source, line); ++number)
        if (line.ends_with("// " + comment)) return number;
    ADD_FAILURE() << "no line says " << comment;
    return 0;
}

bool is_at(const json& stack, const std::string& comment) {
    const unsigned line = line_of(comment);
    for (const auto& frame : stack)
        if (frame.value("line", 0U) == line &&
            frame.value("file", "").find("memory_bugs") != std::string::npos)
            return true;
    return false;
}

// By compiler: the program is memory_bugs.clang or memory_bugs.gcc.
class CheckMemory : public testing::TestWithParam<const char*> {
protected:
    json check(const std::string& story, std::vector<std::string> options = {}) const {
        return here_.json(std::move(options), {std::string("memory_bugs.") + GetParam(), story});
    }
    void expect_nothing(const std::string& story) const {
        const json said = check(story, {"--schedules", "300"});
        EXPECT_EQ(said["status"], 0);
        EXPECT_EQ(said["schedules"], 300);
        EXPECT_TRUE(said["failures"].empty()) << said;
    }

private:
    checking here_;
};

TEST_P(CheckMemory, race_is_found_with_both_places_and_the_variable) {
    const json found = finding_of(check("race"));
    ASSERT_EQ(found["kind"], "data-race") << found;
    EXPECT_TRUE(is_at(found["stack"], "race")) << found;
    EXPECT_TRUE(is_at(found["other_stack"], "race")) << found;
    EXPECT_NE(found["thread"], found["other_thread"]);
    EXPECT_NE(found["memory"].get<std::string>().find("counter"), std::string::npos) << found;
}

TEST_P(CheckMemory, accesses_that_race_are_among_the_steps) {
    const json said = check("race", {"--sync"});
    ASSERT_EQ(finding_of(said)["kind"], "data-race") << said;
    const json again =
        check("race", {"--replay", said["failures"][0]["schedule"].get<std::string>()});
    for (const json& each : {said, again}) {
        std::set<unsigned> threads;
        for (const auto& step : each["failures"][0]["steps"])
            if (is_at(step["stack"], "race")) threads.insert(step["thread"].get<unsigned>());
        EXPECT_EQ(threads, (std::set{1U, 2U})) << each;
    }
}

TEST_P(CheckMemory, mutex_orders) { expect_nothing("race-mended"); }

TEST_P(CheckMemory, read_locks_do_not_order_readers) {
    const json found = finding_of(check("readers-write"));
    ASSERT_EQ(found["kind"], "data-race") << found;
    EXPECT_TRUE(is_at(found["stack"], "counts as a reader")) << found;
    expect_nothing("readers-and-writers");
}

TEST_P(CheckMemory, sleepers_behind_a_spin_loop_are_reached) {
    const json found = finding_of(check("gate-for-one", {"--schedules", "3000"}));
    ASSERT_FALSE(found.is_null());
    EXPECT_EQ(found["kind"], "deadlock") << found;
    expect_nothing("gate-for-all");
}

TEST_P(CheckMemory, pipe_orders_what_was_written_before) {
    expect_nothing("pipe");
    const json found = finding_of(check("pipe-too-late"));
    ASSERT_EQ(found["kind"], "data-race") << found;
    EXPECT_TRUE(is_at(found["stack"], "piped too late") ||
                is_at(found["other_stack"], "piped too late"))
        << found;
}

TEST_P(CheckMemory, release_and_acquire_order) { expect_nothing("release-acquire"); }

TEST_P(CheckMemory, initialisation_of_a_local_static_orders) { expect_nothing("local-static"); }

TEST_P(CheckMemory, call_once_orders_and_happens_once) { expect_nothing("call-once"); }

TEST_P(CheckMemory, fences_order) { expect_nothing("fences"); }

TEST_P(CheckMemory, relaxed_does_not_order) {
    const json found = finding_of(check("relaxed"));
    ASSERT_EQ(found["kind"], "data-race") << found;
    EXPECT_TRUE(is_at(found["stack"], "message read")) << found;
    EXPECT_TRUE(is_at(found["other_stack"], "message written")) << found;
}

TEST_P(CheckMemory, loop_on_a_plain_flag_ends_and_is_a_race) {
    for (const char* mode : {"--sync", "--memory"}) {
        const json found = finding_of(check("plain-flag", {mode}));
        ASSERT_EQ(found["kind"], "data-race") << found;
        EXPECT_NE(found["memory"].get<std::string>().find("plain_flag"), std::string::npos);
    }
}

TEST_P(CheckMemory, use_after_free_has_three_stacks) {
    const json found = finding_of(check("use-after-free"));
    ASSERT_EQ(found["kind"], "use-after-free") << found;
    EXPECT_TRUE(is_at(found["stack"], "used")) << found;
    EXPECT_TRUE(is_at(found["other_stack"], "freed")) << found;
    EXPECT_TRUE(is_at(found["allocated"], "allocated")) << found;
    EXPECT_NE(found["summary"].get<std::string>().find("at byte 8 of a block of 16 bytes"),
              std::string::npos)
        << found;
}

TEST_P(CheckMemory, double_free_is_found) {
    const json found = finding_of(check("double-free"));
    ASSERT_EQ(found["kind"], "double-free") << found;
    EXPECT_TRUE(is_at(found["stack"], "freed twice")) << found;
    EXPECT_TRUE(is_at(found["other_stack"], "freed twice")) << found;
}

TEST_P(CheckMemory, guarded_use_of_what_is_freed_passes) { expect_nothing("free-mended"); }

TEST_P(CheckMemory, write_behind_a_block_is_found) {
    const json found = finding_of(check("out-of-bounds"));
    ASSERT_EQ(found["kind"], "out-of-bounds") << found;
    EXPECT_TRUE(is_at(found["stack"], "behind")) << found;
    EXPECT_NE(found["summary"].get<std::string>().find("at byte 20 of a block of 20 bytes"),
              std::string::npos)
        << found;
}

TEST_P(CheckMemory, race_on_a_stack_names_whose) {
    const json found = finding_of(check("stack"));
    ASSERT_EQ(found["kind"], "data-race") << found;
    EXPECT_TRUE(is_at(found["stack"], "one local") != is_at(found["stack"], "other local"));
    EXPECT_EQ(found["memory"], "on the stack of thread 0");
}

TEST_P(CheckMemory, copies_are_accesses) {
    const json found = finding_of(check("ranges"));
    ASSERT_EQ(found["kind"], "data-race") << found;
    const bool copied_last = is_at(found["stack"], "copied");
    EXPECT_TRUE(is_at(found[copied_last ? "stack" : "other_stack"], "copied")) << found;
    EXPECT_TRUE(is_at(found[copied_last ? "other_stack" : "stack"], "looked at")) << found;
    EXPECT_NE(found["memory"].get<std::string>().find("buffer+40"), std::string::npos) << found;
}

TEST_P(CheckMemory, functions_on_strings_read_and_write) {
    for (const auto& [story, one, other] :
         {std::tuple{"text-copied", "text written", "text measured"},
          std::tuple{"text-printed", "text printed", "text compared"}}) {
        const json found = finding_of(check(story));
        ASSERT_EQ(found["kind"], "data-race") << story << found;
        const bool written_last = is_at(found["stack"], one);
        EXPECT_TRUE(is_at(found[written_last ? "stack" : "other_stack"], one)) << found;
        EXPECT_TRUE(is_at(found[written_last ? "other_stack" : "stack"], other)) << found;
    }
}

TEST_P(CheckMemory, mapped_pages_begin_a_new_life) { expect_nothing("fresh-pages"); }

TEST_P(CheckMemory, unmapping_is_a_use) {
    const json found = finding_of(check("page-unmapped"));
    ASSERT_EQ(found["kind"], "data-race") << found;
    EXPECT_TRUE(is_at(found["stack"], "page unmapped")) << found;
    EXPECT_TRUE(is_at(found["other_stack"], "page read")) << found;
}

TEST_P(CheckMemory, handler_runs_in_a_thread_that_only_looks_at_an_atomic) {
    expect_nothing("signalled-spinner");
}

TEST_P(CheckMemory, atomic_operations_of_all_sizes_do_what_they_should) {
    expect_nothing("atomics");
}

TEST_P(CheckMemory, replay_finds_the_same_again) {
    const json found = check("use-after-free");
    ASSERT_EQ(finding_of(found)["kind"], "use-after-free") << found;
    const json again =
        check("use-after-free", {"--replay", found["failures"][0]["schedule"].get<std::string>()});
    EXPECT_EQ(again["schedules"], 1);
    EXPECT_EQ(finding_of(again), finding_of(found));
}

TEST_P(CheckMemory, update_lost_between_two_accesses_is_found_and_repeated_elsewhere) {
    const json found = check("lost-update");
    ASSERT_EQ(finding_of(found)["kind"], "crash") << found;
    EXPECT_TRUE(is_at(finding_of(found)["stack"], "lost")) << found;
    const auto schedule = found["failures"][0]["schedule"].get<std::string>();
    EXPECT_TRUE(schedule.starts_with("memory@1 ")) << schedule;
    for (int i = 0; i != 3; ++i) {
        const json again = check("lost-update", {"--replay", schedule});
        ASSERT_EQ(finding_of(again)["kind"], "crash") << again;
        EXPECT_EQ(again["failures"][0]["steps"], found["failures"][0]["steps"]);
    }
}

TEST_P(CheckMemory, update_lost_between_two_accesses_is_not_seen_at_locks_alone) {
    const json said = check("lost-update", {"--sync", "--schedules", "200"});
    EXPECT_EQ(said["status"], 0) << said;
}

TEST_P(CheckMemory, each_strategy_finds_the_lost_update) {
    for (const char* strategy : {"random", "pct", "pct:2", "pos", "urw"})
        EXPECT_EQ(finding_of(check("lost-update", {"--memory", "--strategy", strategy}))["kind"],
                  "crash")
            << strategy;
    const json every = check("lost-update", {"--every-access"});
    EXPECT_EQ(finding_of(every)["kind"], "crash");
    EXPECT_TRUE(every["failures"][0]["schedule"].get<std::string>().starts_with("every "));
}

TEST(CheckMemoryMode, program_that_is_not_instrumented_has_no_memory_mode) {
    const auto end = checking().run({"--memory"}, {"lost_update"});
    EXPECT_EQ(end.status, 2);
    EXPECT_NE(end.err.find("twill c++"), std::string::npos) << end.err;
}

INSTANTIATE_TEST_SUITE_P(, CheckMemory, testing::Values(TWILL_INSTRUMENTING_COMPILERS),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
