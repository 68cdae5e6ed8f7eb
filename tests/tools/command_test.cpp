// The command itself: help, version, what is refused.
#include "tools/running_command.hpp"

#include <twill/core/config.hpp>

namespace {

using namespace twill_test;

std::size_t lines(const std::string& text) { return lines_of(text).size(); }

TEST(command, alone_prints_its_help_and_fails) {
    const auto end = run_command({});
    EXPECT_EQ(end.status, 2);
    EXPECT_EQ(end.out, "");
    EXPECT_NE(end.err.find("Usage: twill COMMAND"), std::string::npos);
}

TEST(command, help_and_version_go_to_standard_output) {
    const auto help = run_command({"--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_NE(help.out.find("map"), std::string::npos);
    const auto version = run_command({"--version"});
    EXPECT_EQ(version.status, 0);
    EXPECT_EQ(version.out, "twill " TWILL_VERSION "\n");
}

// Of 24 lines, one is the next prompt's.
TEST(command, daily_helps_fit_a_screen) {
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"--help"}, {"map", "--help"}, {"demo", "--help"}}) {
        const auto help = run_command(words);
        EXPECT_EQ(help.status, 0);
        EXPECT_EQ(help.err, "");
        EXPECT_GE(lines(help.out), 5U);
        EXPECT_LE(lines(help.out), 23U) << words.front();
    }
}

TEST(command, no_help_is_wider_than_a_screen) {
    setting how;
    how.in_child = [] { ::setenv("HOME", "/root", 1); };  // a default that is shown
    for (const auto& words : std::vector<std::vector<std::string>>{{"--help"},
                                                                   {"map", "--help"},
                                                                   {"map", "--help-all"},
                                                                   {"check", "--help"},
                                                                   {"c++", "--help"},
                                                                   {"demo", "--help"}})
        for (const auto& line : lines_of(run_command(words, how).out))
            EXPECT_LE(line.size(), 80U) << line;
}

TEST(command, help_is_had_in_either_order) {
    const auto asked = run_command({"map", "--help"});
    EXPECT_NE(asked.out.find("Usage: twill map"), std::string::npos);
    for (const char* word : {"help", "--help", "-h"}) {
        const auto help = run_command({word, "map"});
        EXPECT_EQ(help.status, 0);
        EXPECT_EQ(help.out, asked.out) << word;
    }
    const auto wrong = run_command({"help", "mpa"});
    EXPECT_EQ(wrong.status, 2);
    EXPECT_EQ(wrong.err, "twill: no command 'mpa'; did you mean map?\n");
}

TEST(command, demo_refuses_a_wrong_command_line_in_one_line) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> all = {
        {{"--quik"}, "no option '--quik'; did you mean --quick?"},
        {{"-x"}, "no option '-x'; see twill demo --help"},
        {{"/usr/include", "/etc"}, "'/etc' is a second folder; it takes one"},
    };
    for (const auto& [given, because] : all) {
        auto words = given;
        words.insert(words.begin(), "demo");
        const auto end = run_command(words);
        EXPECT_EQ(end.status, 2);
        EXPECT_EQ(end.out, "");
        EXPECT_EQ(end.err, "twill demo: " + because + "\n");
    }
}

TEST(command, unknown_subcommand_is_refused_with_a_suggestion) {
    const auto end = run_command({"mpa"});
    EXPECT_EQ(end.status, 2);
    EXPECT_EQ(end.err, "twill: no command 'mpa'; did you mean map?\n");
    EXPECT_EQ(run_command({"frobnicate"}).err,
              "twill: no command 'frobnicate'; see twill --help\n");
}

TEST(command, help_that_cannot_be_written_is_an_error) {
    setting how;
    how.own_output = false;
    how.in_child = [] { ::dup2(::open("/dev/full", O_WRONLY), 1); };
    const auto end = run_command({"map", "--help"}, how);
    EXPECT_EQ(end.status, 255);
    EXPECT_EQ(end.err, "twill map: write to standard output: No space left on device\n");
}

struct refused {
    std::vector<std::string> words;
    std::string because;
};

TEST(command, map_refuses_a_wrong_command_line_in_one_line) {
    const std::vector<refused> all = {
        {{"--keep-ordr", "true"}, "no option '--keep-ordr'; did you mean --keep-order?"},
        {{"-x", "true"}, "no option '-x'; see twill map --help"},
        {{"-j", "0", "true"}, "-j takes auto, or a number from 1 to 100000, not '0'"},
        {{"-j", "many", "true"}, "-j takes auto, or a number from 1 to 100000, not 'many'"},
        {{"-j-1", "true"}, "-j takes auto, or a number from 1 to 100000, not '-1'"},
        {{"--jobs=4x", "true"}, "-j takes auto, or a number from 1 to 100000, not '4x'"},
        {{"-j"}, "-j needs a value; see twill map --help"},
        {{"--timeout", "soon", "true"},
         "--timeout takes a time such as 10, 500ms, 2m, 1h, or a share of the median, above 100%; "
         "not 'soon'"},
        {{"-t", "0", "true"},
         "--timeout takes a time such as 10, 500ms, 2m, 1h, or a share of the median, above 100%; "
         "not '0'"},
        {{}, "no command; write it after the options: twill map -j 4 -- gzip -9 {}"},
        {{"-k", ":::", "a"},
         "no command; write it after the options: twill map -j 4 -- gzip -9 {}"},
        {{"echo", ":::", "a", ":::", "b"}, "a second ':::'; put all inputs behind the first"},
        {{"--env", "A=1", "true"},
         "--env takes the name of a variable, not 'A=1'; its value is what it has here"},
        {{"--env=", "true"}, "--env= needs a value; see twill map --help"},
    };
    for (const auto& each : all) {
        auto words = each.words;
        words.insert(words.begin(), "map");
        const auto end = run_command(words);
        EXPECT_EQ(end.status, 2);
        EXPECT_EQ(end.out, "");
        EXPECT_EQ(end.err, "twill map: " + each.because + "\n");
    }
}

TEST(command, map_takes_options_in_every_usual_form) {
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"-j2", "-k"},
                                               {"-kj2"},
                                               {"-kj", "2"},
                                               {"--jobs=2", "--keep-order"},
                                               {"--jobs", "2", "-k", "-t", "1.5m"},
                                               {"-k", "--timeout=1h", "-j", "2", "--"}}) {
        auto all = words;
        all.insert(all.begin(), "map");
        for (const char* word : {"echo", "-n", "{},", ":::", "1", "2", "3"}) all.emplace_back(word);
        const auto end = run_command(all);
        EXPECT_EQ(end.status, 0) << end.err;
        EXPECT_EQ(end.out, "1,2,3,");
    }
}

TEST(command, options_of_the_command_are_not_those_of_map) {
    // -k and -j belong to echo, which prints them.
    EXPECT_EQ(run_command({"map", "echo", "-k", "-j", ":::", "1"}).out, "-k -j 1\n");
}

}  // namespace
