// What twill check does for continuous integration: JUnit files, annotations, suppressions.
#include "check/checking.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using twill_test::checking;
using twill_test::finding_of;

// An element of XML, as far as these files use it.
struct element {
    std::string name;
    std::map<std::string, std::string> attributes;
    std::vector<element> children;
    std::string text;
};

// A strict reader: what is not well-formed fails the test. No comments, no CDATA, no processing
// instruction but the first line.
class xml_reader {
public:
    explicit xml_reader(std::string_view text) : rest_(text) {}

    std::optional<element> read() {
        if (!take("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")) return wrong("its first line");
        auto root = read_element();
        skip_space();
        if (root && !rest_.empty()) return wrong("something behind the root");
        return root;
    }

private:
    std::optional<element> wrong(const char* what) {
        ADD_FAILURE() << "wrong XML: " << what << " before '" << rest_.substr(0, 40) << "'";
        return std::nullopt;
    }
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void skip_space() {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
    }
    std::string take_until(std::string_view ends) {
        const auto end = rest_.find_first_of(ends);
        std::string taken(rest_.substr(0, end));
        rest_.remove_prefix(std::min(end, rest_.size()));
        return taken;
    }
    // With its references resolved.
    std::optional<std::string> characters(const std::string& raw) {
        std::string made;
        for (std::size_t i = 0; i < raw.size(); ++i) {
            const auto byte = static_cast<unsigned char>(raw[i]);
            if (byte < ' ' && raw[i] != '\n' && raw[i] != '\t') {
                ADD_FAILURE() << "a control character";
                return std::nullopt;
            }
            if (raw[i] != '&') {
                made += raw[i];
                continue;
            }
            const auto end = raw.find(';', i);
            const auto name = raw.substr(i + 1, end - i - 1);
            const std::map<std::string, char> known = {
                {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}};
            if (!known.contains(name)) {
                ADD_FAILURE() << "no reference: &" << name;
                return std::nullopt;
            }
            made += known.at(name);
            i = end;
        }
        return made;
    }
    std::optional<element> read_element() {
        skip_space();
        if (!take("<")) return wrong("no element");
        element made;
        made.name = take_until(" />\n");
        for (skip_space(); !rest_.starts_with(">") && !rest_.starts_with("/>"); skip_space()) {
            const auto name = take_until("= \n>");
            if (!take("=\"")) return wrong("an attribute without a value");
            const auto value = characters(take_until("\"<"));
            if (!value || !take("\"")) return wrong("the value of an attribute");
            if (!made.attributes.emplace(name, *value).second) return wrong("an attribute twice");
        }
        if (take("/>")) return made;
        take(">");
        while (!rest_.empty()) {
            const auto text = characters(take_until("<"));
            if (!text) return std::nullopt;
            made.text += *text;
            if (take("</" + made.name + ">")) return made;
            if (rest_.starts_with("</")) return wrong("the end of another element");
            auto child = read_element();
            if (!child) return std::nullopt;
            made.children.push_back(std::move(*child));
        }
        return wrong("no end");
    }

    std::string_view rest_;
};

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// Holds the file against what the schema of JUnit reports (that of Jenkins' xunit plugin) asks for,
// and gives the one test case in it.
std::optional<element> test_case_of(const std::string& path) {
    const auto text = content_of(path);
    const auto suite = xml_reader(text).read();
    if (!suite) return std::nullopt;
    EXPECT_EQ(suite->name, "testsuite");
    for (const char* needed : {"name", "tests", "failures", "errors", "time"})
        EXPECT_TRUE(suite->attributes.contains(needed)) << needed << " is missing in\n" << text;
    EXPECT_EQ(suite->attributes.at("tests"), std::to_string(suite->children.size()));
    EXPECT_EQ(suite->attributes.at("errors"), "0");
    EXPECT_EQ(suite->children.size(), 1U);
    if (suite->children.size() != 1) return std::nullopt;
    auto one = suite->children[0];
    EXPECT_EQ(one.name, "testcase");
    for (const char* needed : {"name", "classname", "time"})
        EXPECT_TRUE(one.attributes.contains(needed)) << needed << " is missing in\n" << text;
    std::size_t failures = 0;
    for (std::size_t i = 0; i != one.children.size(); ++i) {
        const auto& child = one.children[i];
        EXPECT_TRUE(child.children.empty());
        if (child.name == "failure") {
            ++failures;
            EXPECT_EQ(i, 0U) << "a failure comes before the output";
            EXPECT_TRUE(child.attributes.contains("type"));
            EXPECT_TRUE(child.attributes.contains("message"));
        } else {
            EXPECT_EQ(child.name, "system-out");
        }
    }
    EXPECT_LE(failures, 1U);
    EXPECT_EQ(suite->attributes.at("failures"), std::to_string(failures));
    return one;
}

TEST(check_in_ci, junit_file_of_a_failure_meets_the_schema) {
    const checking here;
    here.run({"--junit", "out.xml"}, {"opposite_order"});
    const auto one = test_case_of(here / "out.xml");
    ASSERT_TRUE(one);
    const auto& failure = one->children[0];
    EXPECT_EQ(failure.attributes.at("type"), "deadlock");
    EXPECT_NE(failure.text.find("The interleaving"), std::string::npos) << failure.text;
    EXPECT_NE(failure.text.find("twill check --replay"), std::string::npos) << failure.text;
}

TEST(check_in_ci, junit_file_of_what_passes_meets_the_schema) {
    const checking here;
    here.run({"--junit", "out.xml", "--schedules", "20"}, {"lost_update", "mended"});
    const auto one = test_case_of(here / "out.xml");
    ASSERT_TRUE(one);
    ASSERT_EQ(one->children.size(), 1U);
    EXPECT_NE(one->children[0].text.find("nothing found; this is no proof"), std::string::npos);
}

TEST(check_in_ci, junit_file_is_well_formed_whatever_the_program_wrote) {
    const checking here;
    here.run({"--junit", "out.xml"}, {"notes", "writes_anything_and_fails"});
    const auto one = test_case_of(here / "out.xml");
    ASSERT_TRUE(one);
    EXPECT_NE(one->children[0].text.find("<&\"']]>?"
                                         "?[31m?"
                                         "?(?"
                                         "?"
                                         "?"
                                         "?"
                                         "?"
                                         "? \u00e4 end"),
              std::string::npos)
        << one->children[0].text;
}

TEST(check_in_ci, picture_has_a_lane_a_thread_and_marks_steps_waits_and_the_failure) {
    const checking here;
    here.run({"--svg", "out.svg"}, {"opposite_order"});
    const auto picture = content_of(here / "out.svg");
    EXPECT_TRUE(picture.starts_with("<svg ")) << picture.substr(0, 100);
    for (const char* part : {">deadlock: no thread can go on<", ">thread 0 (main)<", ">thread 2<",
                             ">0 steps<", "opposite_order.cpp:18  locks mutex", "held by thread 1",
                             "waits for the end of thread 1", "the failure"})
        EXPECT_NE(picture.find(part), std::string::npos) << part << " is missing in\n" << picture;
    EXPECT_EQ(picture.find("busy"), std::string::npos);
    EXPECT_EQ(picture.find(" ns"), std::string::npos);
    const auto refused = here.run({"--svg", "missing/out.svg"}, {"opposite_order"});
    EXPECT_EQ(refused.status, 2);
    EXPECT_NE(refused.err.find("--svg missing/out.svg: cannot be written"), std::string::npos);
}

TEST(check_in_ci, annotations_name_file_line_and_kind) {
    const checking here;
    const auto end = here.run({"--github"}, {"opposite_order"});
    EXPECT_EQ(end.status, 1);
    std::vector<std::string> notes;
    for (const auto& line : twill_test::lines_of(end.out))
        if (line.starts_with("::")) notes.push_back(line);
    ASSERT_FALSE(notes.empty()) << end.out;
    EXPECT_TRUE(notes[0].starts_with("::error file=")) << notes[0];
    EXPECT_NE(notes[0].find("opposite_order.cpp,line="), std::string::npos) << notes[0];
    EXPECT_NE(notes[0].find(",title=twill check%3A deadlock::deadlock: no thread can go on%0A"),
              std::string::npos)
        << notes[0];
}

TEST(check_in_ci, annotations_come_by_themselves_on_github_and_leave_json_alone) {
    const checking here;
    // Where the compiler says that the source was: a compiler's cache may have it from elsewhere.
    std::string source;
    const auto said = here.json({}, {"opposite_order"});
    for (const auto& frame : said["failures"][0]["threads"][1]["stack"])
        if (frame.value("file", "").ends_with("opposite_order.cpp")) source = frame["file"];
    ASSERT_FALSE(source.empty());
    const auto root = std::filesystem::path(source).parent_path();
    twill_test::setting on_github;
    on_github.environment = {"GITHUB_ACTIONS=true", "GITHUB_WORKSPACE=" + root.string()};
    const auto text = here.run({}, {"opposite_order"}, on_github);
    EXPECT_NE(text.out.find("\n::error file=opposite_order.cpp,line="), std::string::npos)
        << text.out;
    const auto json = here.run({"--json"}, {"opposite_order"}, on_github);
    EXPECT_FALSE(nlohmann::json::parse(json.out, nullptr, false).is_discarded()) << json.out;
    EXPECT_TRUE(json.err.starts_with("::error file=")) << json.err;
    twill_test::setting elsewhere;
    elsewhere.environment = {"GITHUB_ACTIONS="};
    const auto plain = here.run({}, {"opposite_order"}, elsewhere);
    EXPECT_EQ(plain.out.find("::error"), std::string::npos) << plain.out;
}

TEST(check_in_ci, suppressed_findings_are_not_told_and_the_search_goes_on) {
    const checking here;
    std::ofstream(here / "known.txt") << "# known\n\nleaked-*   leak  # on purpose\n";
    const auto said =
        here.json({"--suppress", "known.txt", "--schedules", "100"}, {"notes", "leaks"});
    EXPECT_EQ(said["status"], 0);
    EXPECT_EQ(said["schedules"], 100);
    EXPECT_TRUE(said["failures"].empty()) << said["failures"];
    EXPECT_GE(said["suppressed"], 1);
    EXPECT_TRUE(said["unused_suppressions"].empty()) << said;
    const auto worse = here.json({"--suppress", "known.txt"}, {"notes", "leaks_and_seldom_fails"});
    EXPECT_EQ(worse["status"], 1);
    ASSERT_EQ(worse["failures"].size(), 1U) << worse;
    EXPECT_EQ(worse["failures"][0]["findings"].size(), 1U);
    EXPECT_EQ(finding_of(worse)["kind"], "crash");
}

TEST(check_in_ci, suppressed_failure_that_ends_runs_does_not_end_the_search) {
    const checking here;
    std::ofstream(here / "known.txt") << "* lost_update.cpp\n";
    const auto said = here.json({"--suppress", "known.txt", "--schedules", "100"}, {"lost_update"});
    EXPECT_EQ(said["status"], 0) << said["failures"];
    EXPECT_EQ(said["schedules"], 100);
    EXPECT_EQ(said["suppressed"], 1);
}

TEST(check_in_ci, what_is_noted_seldom_is_told_beside_what_is_suppressed) {
    const checking here;
    std::ofstream(here / "known.txt") << "exit-status *\nwrong-unlock *\n";
    for (const char* scenario :
         {"ends_with_three_and_seldom_inverts", "unlocks_wrongly_and_seldom_inverts"}) {
        const auto said = here.json({"--suppress", "known.txt", "--schedules", "1000", "--sync"},
                                    {"notes", scenario});
        EXPECT_EQ(said["status"], 1);
        ASSERT_EQ(said["failures"].size(), 1U) << said;
        EXPECT_EQ(said["failures"][0]["findings"].size(), 1U) << said;
        EXPECT_EQ(finding_of(said)["kind"], "lock-order");
        EXPECT_GE(said["suppressed"], 1);
        // It is shrunk for that, to two preemptions of some twenty; how many entries tell them
        // differs between compilers.
        const std::string schedule = said["failures"][0]["schedule"];
        EXPECT_LE(std::ranges::count(schedule, ':'), 10) << schedule;
    }
}

TEST(check_in_ci, suppression_matches_only_its_place_and_unused_ones_are_told) {
    const checking here;
    std::ofstream(here / "known.txt") << "leaked-thread other.cpp\n";
    const auto said =
        here.json({"--suppress", "known.txt", "--schedules", "50"}, {"notes", "leaks"});
    EXPECT_EQ(said["status"], 1);
    EXPECT_EQ(finding_of(said)["kind"], "leaked-thread");
    ASSERT_EQ(said["unused_suppressions"].size(), 1U) << said["unused_suppressions"];
    EXPECT_EQ(said["unused_suppressions"][0]["rule"], "known.txt:1");
    const auto text =
        here.run({"--suppress", "known.txt", "--schedules", "50"}, {"notes", "leaks"}).out;
    EXPECT_NE(text.find("known.txt:1: this rule matched nothing: leaked-thread other.cpp"),
              std::string::npos)
        << text;
}

TEST(check_in_ci, wrong_suppressions_are_refused_with_their_line) {
    const checking here;
    std::ofstream(here / "known.txt") << "\ndeadlok *\n";
    const auto typo = here.run({"--suppress", "known.txt"}, {"lost_update"});
    EXPECT_EQ(typo.status, 2);
    EXPECT_NE(typo.err.find("known.txt:2: no finding is of the kind 'deadlok'"), std::string::npos)
        << typo.err;
    std::ofstream(here / "known.txt") << "deadlock # why?\n";
    const auto no_place = here.run({"--suppress", "known.txt"}, {"lost_update"});
    EXPECT_EQ(no_place.status, 2);
    EXPECT_NE(no_place.err.find("known.txt:1:"), std::string::npos) << no_place.err;
    const auto no_file = here.run({"--suppress", "missing"}, {"lost_update"});
    EXPECT_EQ(no_file.status, 2);
    EXPECT_NE(no_file.err.find("--suppress missing: cannot be read"), std::string::npos);
}

}  // namespace
