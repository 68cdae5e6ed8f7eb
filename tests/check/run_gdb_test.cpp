// twill check --replay FILE --gdb.
#include "check/checking.hpp"

#include <twill/io/process.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using twill_test::checking;

TEST(check_gdb, stops_before_the_last_context_switch) {
    if (!twill::find_program("gdb")) GTEST_SKIP() << "there is no gdb here";
    const checking here;
    const auto found = here.json({}, {"opposite_order"});
    // The last one is to the thread of the last step.
    const auto& steps = found["failures"][0]["steps"];
    const unsigned last = steps.back()["thread"].get<unsigned>();
    unsigned before = last;
    for (auto i = steps.size(); i-- != 0 && before == last;)
        before = steps[i]["thread"].get<unsigned>();
    ASSERT_NE(before, last);
    const auto end = here.run({"--replay", found["failures"][0]["replay_file"], "--gdb-command",
                               "info threads", "--gdb-command", "backtrace"},
                              {"opposite_order"});
    if (end.out.find("ptrace: Operation not permitted") != std::string::npos ||
        end.err.find("ptrace: Operation not permitted") != std::string::npos)
        GTEST_SKIP() << "debugging is not allowed here";
    EXPECT_EQ(end.status, 0) << end.err;
    // Behind the list of threads.
    const auto stack = end.out.rfind("\n#0 ");
    ASSERT_NE(stack, std::string::npos) << end.out << end.err;
    EXPECT_NE(end.out.find("twill_check_before_last_switch", stack), std::string::npos) << end.out;
    // It is in the thread that is about to lose its turn.
    const char* const functions[] = {"main (", "forwards", "backwards"};
    ASSERT_LT(before, 3U);
    EXPECT_NE(end.out.find(functions[before], stack), std::string::npos) << end.out;
}

TEST(check_gdb, is_for_replays) {
    const checking here;
    const auto end = here.run({"--gdb"}, {"opposite_order"});
    EXPECT_EQ(end.status, 2);
    EXPECT_NE(end.err.find("--gdb is for a schedule to --replay"), std::string::npos) << end.err;
}

}  // namespace
