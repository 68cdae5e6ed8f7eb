#include <twill/core/error.hpp>
#include <twill/trace/file.hpp>
#include <twill/trace/span.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include <unistd.h>

namespace {

namespace trace = twill::trace;

class trace_file : public testing::Test {
protected:
    trace_file() {
        std::string pattern = (std::filesystem::temp_directory_path() / "twill-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = pattern;
        ::unsetenv("TWILL_TRACE");
        ::unsetenv("TWILL_TRACE_EVENTS");
    }
    ~trace_file() override {
        ::unsetenv("TWILL_TRACE");
        ::unsetenv("TWILL_TRACE_EVENTS");
        std::filesystem::remove_all(folder_);
    }
    [[nodiscard]] std::string in_folder(const char* name) const {
        return (folder_ / name).string();
    }
    static std::string content(const std::string& path) {
        std::ostringstream all;
        all << std::ifstream(path, std::ios::binary).rdbuf();
        return all.str();
    }

    std::filesystem::path folder_;
};

TEST_F(trace_file, environment_without_the_variable_asks_for_nothing) {
    EXPECT_EQ(trace::start_from_environment(), nullptr);
    ::setenv("TWILL_TRACE", "", 1);
    EXPECT_EQ(trace::start_from_environment(), nullptr);
}

TEST_F(trace_file, environment_variable_gives_a_trace_of_the_program) {
    const std::string path = in_folder("run.json");
    ::setenv("TWILL_TRACE", path.c_str(), 1);
    auto running = trace::start_from_environment();
    ASSERT_NE(running, nullptr);
    {
        trace::span work("work");
    }
    running.reset();
    const auto parsed = nlohmann::json::parse(content(path));
    bool found = false;
    for (const auto& one : parsed.at("traceEvents")) found |= one.at("name") == "work";
    EXPECT_TRUE(found);
}

TEST_F(trace_file, second_runtime_of_a_process_leaves_the_first_ones_trace_alone) {
    const std::string path = in_folder("run.json");
    ::setenv("TWILL_TRACE", path.c_str(), 1);
    auto first = trace::start_from_environment();
    ::setenv("TWILL_TRACE", in_folder("second.json").c_str(), 1);
    EXPECT_EQ(trace::start_from_environment(), nullptr);
    EXPECT_FALSE(std::filesystem::exists(in_folder("second.json")));
    trace::mark("still recorded");
    first.reset();
    EXPECT_NE(content(path).find("still recorded"), std::string::npos);
}

TEST_F(trace_file, number_of_events_can_be_set) {
    ::setenv("TWILL_TRACE", in_folder("run.json").c_str(), 1);
    ::setenv("TWILL_TRACE_EVENTS", "32", 1);
    auto running = trace::start_from_environment();
    for (int i = 0; i < 100; ++i) trace::mark("m");
    EXPECT_EQ(running->its_recorder().take().threads.at(0).events.size(), 32U);
}

TEST_F(trace_file, wrong_number_of_events_is_refused) {
    ::setenv("TWILL_TRACE", in_folder("run.json").c_str(), 1);
    for (const char* wrong : {"many", "-1", "1e6", "12 ", "99999999999999999999"}) {
        ::setenv("TWILL_TRACE_EVENTS", wrong, 1);
        EXPECT_THROW(auto running = trace::start_from_environment(), twill::usage_error) << wrong;
    }
}

TEST_F(trace_file, svg_by_the_ending_of_the_path) {
    const std::string path = in_folder("run.svg");
    {
        trace::file_trace running(path);
        trace::span work("work");
    }
    EXPECT_EQ(content(path).substr(0, 5), "<svg ");
}

TEST_F(trace_file, wrong_path_is_told_at_the_start) {
    EXPECT_THROW(trace::file_trace(in_folder("no/such/folder.json")), twill::io_error);
    EXPECT_THROW(trace::save({}, "/"), twill::io_error);
    trace::recorder still_free;
}

TEST_F(trace_file, full_disk_is_told) {
    if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
    EXPECT_THROW(trace::save({}, "/dev/full"), twill::io_error);
    testing::internal::CaptureStderr();
    {
        trace::file_trace running("/dev/full");
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "twill: the trace is lost: write /dev/full: No space left on device\n");
}

}  // namespace
