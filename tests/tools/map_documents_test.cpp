// The man pages and the completions know the options that the helps have, and no others.
#include "tools/running_command.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace {

using namespace twill_test;

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// The long options that stand in `text`.
std::set<std::string> options_in(const std::string& text) {
    std::set<std::string> all;
    for (std::size_t at = text.find("--"); at != std::string::npos; at = text.find("--", at)) {
        const bool begins =
            at == 0 ||
            (std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0 && text[at - 1] != '-');
        const std::size_t from = at;
        at += 2;
        while (at < text.size() && (std::isalpha(static_cast<unsigned char>(text[at])) != 0 ||
                                    (text[at] == '-' && text[at - 1] != '-')))
            ++at;
        if (begins && at > from + 2) all.insert(text.substr(from, at - from));
    }
    return all;
}

// Those that lines of --help-all begin with.
std::set<std::string> known_options() {
    std::set<std::string> all;
    for (const auto& line : lines_of(run_command({"map", "--help-all"}).out)) {
        const auto at = line.find("--");
        if (at == std::string::npos || at > 6 || !line.starts_with("  ")) continue;
        const auto end = line.find(' ', at);
        if (end > at + 2) all.insert(line.substr(at, end - at));
    }
    return all;
}

TEST(map_documents, help_has_options) {
    EXPECT_GE(known_options().size(), 25U);
    EXPECT_TRUE(known_options().contains("--keep-order"));
}

TEST(map_documents, daily_help_has_no_others) {
    const auto known = known_options();
    for (const auto& each : options_in(run_command({"map", "--help"}).out))
        EXPECT_TRUE(known.contains(each)) << each;
}

TEST(map_documents, all_options_of_the_help_are_taken) {
    for (const auto& each : known_options()) {
        if (each == "--help" || each == "--help-all") continue;
        const auto end = run_command({"map", each, "1", "true", ":::"});
        EXPECT_EQ(end.err.find("no option"), std::string::npos) << end.err;
    }
}

// What stands between two words in one of the files.
std::string part_of(const std::string& file, const std::string& begin, const std::string& end) {
    const std::string text = text_of(std::string(TWILL_SHARE) + file);
    const auto from = text.find(begin);
    const auto to = text.find(end, from + begin.size());
    EXPECT_NE(to, std::string::npos) << begin;
    return from < to ? text.substr(from, to - from) : "";
}

// A page's text, without the comment at its head.
std::string page_of(const std::string& name) {
    std::string page = text_of(std::string(TWILL_SHARE) + "/man/man1/" + name + ".1");
    for (std::size_t at = 0; (at = page.find("\\-", at)) != std::string::npos;)
        page.replace(at, 2, "-");
    return page.substr(std::min(page.find('\n'), page.size()));
}

TEST(map_documents, man_page_has_all_options_and_no_others) {
    EXPECT_EQ(options_in(page_of("twill-map")), known_options());
}

TEST(map_documents, completion_of_bash_has_all_options_and_no_others) {
    EXPECT_EQ(options_in(part_of("/completions/twill.bash", "_twill_map_options='", "'")),
              known_options());
}

TEST(map_documents, completion_of_zsh_has_all_options_and_no_others) {
    EXPECT_EQ(options_in(part_of("/completions/_twill", "_twill_map()", "\n}")), known_options());
}

TEST(map_documents, pages_and_completions_of_check_have_all_its_options_and_no_others) {
    const auto known = options_in(run_command({"check", "--help"}).out);
    EXPECT_GE(known.size(), 20U);
    EXPECT_EQ(options_in(page_of("twill-check")), known);
    EXPECT_EQ(options_in(part_of("/completions/_twill", "_twill_check()", "\n}")), known);
    EXPECT_EQ(options_in(part_of("/completions/twill.bash", "_twill_check_options='", "'")), known);
}

// As bash does it: the words so far, and what it offers.
std::string offered(const std::string& words) {
    const scratch_folder folder;
    const std::string script = "source '" + std::string(TWILL_SHARE) +
                               "/completions/twill.bash'\n" + "COMP_WORDS=(" + words + ")\n" +
                               "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_twill\n" +
                               "printf '%s\\n' \"${COMPREPLY[@]}\" > '" + (folder / "out") + "'\n";
    std::ofstream(folder / "script") << script;
    EXPECT_EQ(std::system(("bash '" + (folder / "script") + "'").c_str()), 0) << script;
    return text_of(folder / "out");
}

TEST(map_documents, bash_completes_options_values_and_commands) {
    EXPECT_EQ(offered("twill ma"), "map\n");
    EXPECT_EQ(offered("twill map --keep"), "--keep-order\n");
    EXPECT_EQ(offered("twill map -j a"), "auto\n");
    EXPECT_EQ(offered("twill map --halt soon"), "soon,fail=1\n");
    EXPECT_NE(offered("twill map -k slee").find("sleep\n"), std::string::npos);
    EXPECT_EQ(offered("twill map -j 4 -- cat --keep"), "\n") << "that is an option of the command";
    EXPECT_EQ(offered("twill check --strategy ran"), "random\n");
    EXPECT_EQ(offered("twill check --seed 4 --keep"), "--keep-going\n");
    EXPECT_EQ(offered("twill help ma"), "map\n");
}

TEST(map_documents, options_of_xargs_and_parallel_are_told_as_what_they_are_here) {
    const auto refused = [](std::vector<std::string> words, const std::string& hint) {
        words.insert(words.begin(), "map");
        const auto end = run_command(words);
        EXPECT_EQ(end.status, 2) << words.at(1);
        EXPECT_NE(end.err.find(hint), std::string::npos) << end.err;
    };
    refused({"-P4", "gzip", ":::", "x"}, "no option '-P4'; how many run at a time is -j N");
    refused({"-P", "4", "gzip", ":::", "x"}, "-j N");
    refused({"-I{}", "echo", "{}", ":::", "x"}, "'{}' stands for the input");
    refused({"-n", "2", "echo", ":::", "x"}, "--batch 2");
    refused({"-n2", "echo", "{}", ":::", "x"}, "-n is --dry-run; 2 inputs a process are --batch 2");
    refused({"-n1", "echo", "{}", ":::", "x"}, "each process has one input");
    refused({"-n", "1", "echo", "{}", ":::", "x"}, "each process has one input");
    refused({"--pipe", "--block", "1M", "wc"}, "not shared out");
    refused({"--max-procs=4", "gzip", ":::", "x"}, "-j N");
    refused({"--bar", "gzip", ":::", "x"}, "progress line");
    refused({"--keep-ordr", "gzip", ":::", "x"}, "did you mean --keep-order?");
}

}  // namespace
