// What `twill map` shows of a run: --explain, --report, --timeline and --trace.
#include "tools/running_command.hpp"

#include <nlohmann/json.hpp>

#include <map>

namespace {

using namespace twill_test;
using strings = std::vector<std::string>;

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(map_view, report_tells_the_gain_and_the_losses) {
    const auto end =
        run_command(map_shell({"-j2", "--report"}, "sleep 0.05", {"1", "2", "3", "4"}));
    const auto lines = lines_of(end.err);
    ASSERT_EQ(lines.size(), 3U) << end.err;
    EXPECT_TRUE(lines[0].starts_with("twill map: report: 4 jobs in ")) << lines[0];
    EXPECT_NE(lines[1].find("times as fast"), std::string::npos) << lines[1];
    for (const char* part : {"waiting for a CPU", "blocked longer", "starting processes", "tail"})
        EXPECT_NE(lines[2].find(part), std::string::npos) << lines[2];
}

TEST(map_view, explain_takes_five_lines_at_most) {
    const auto end = run_command(map_shell({"--explain"}, "sleep 0.01", strings(60, "x")));
    const auto lines = lines_of(end.err);
    EXPECT_GE(lines.size(), 1U);
    EXPECT_LE(lines.size(), 5U) << end.err;
}

TEST(map_view, timeline_has_a_row_a_slot) {
    const scratch_folder folder;
    const std::string picture = folder / "run.svg";
    const auto end = run_command(
        map_shell({"-j2", "--timeline", picture}, "sleep 0.02; exit $1", {"0", "0", "1"}));
    EXPECT_EQ(end.status, 1);
    const std::string svg = text_of(picture);
    EXPECT_TRUE(svg.starts_with("<svg ")) << svg.substr(0, 100);
    for (const char* part : {"slot 1", "slot 2", "3 jobs, 1 failed", "blocked", "on a CPU"})
        EXPECT_NE(svg.find(part), std::string::npos) << part;
    EXPECT_EQ(svg.find("slot 3"), std::string::npos);
}

TEST(map_view, trace_has_a_span_for_each_job_and_its_parts) {
    const scratch_folder folder;
    const std::string path = folder / "run.json";
    run_command(map_shell({"-j2", "--trace", path}, "sleep 0.02", {"one", "two", "three"}));
    const auto trace = nlohmann::json::parse(text_of(path), nullptr, false);
    ASSERT_TRUE(trace.is_object());
    std::map<std::string, int> slices;
    for (const auto& event : trace.at("traceEvents"))
        if (event.at("ph") == "X" || event.at("ph") == "B") ++slices[event.at("name")];
    for (const char* input : {"one", "two", "three"}) EXPECT_EQ(slices[input], 1) << input;
    EXPECT_EQ(slices["blocked"], 3);
    EXPECT_EQ(slices["on a CPU"], 3);
}

TEST(map_view, workers_have_rows_too) {
    const scratch_folder folder;
    const std::string picture = folder / "run.svg";
    strings words = {"map", "-j1", "--timeline", picture, "--worker", "sh", "-c"};
    words.emplace_back("while read -r i; do sleep 0.01; echo \"$TWILL_MAP_END 0\"; done");
    for (const char* word : {":::", "a", "b"}) words.emplace_back(word);
    EXPECT_EQ(run_command(words).status, 0);
    EXPECT_NE(text_of(picture).find("2 jobs, 0 failed"), std::string::npos);
}

TEST(map_view, picture_that_cannot_be_written_is_told_before_anything_is_run) {
    const auto end = run_command({"map", "--timeline", "/nowhere/at/all.svg", "echo", ":::", "x"});
    EXPECT_EQ(end.status, 255);
    EXPECT_EQ(end.out, "");
    EXPECT_NE(end.err.find("/nowhere/at/all.svg"), std::string::npos) << end.err;
}

}  // namespace
