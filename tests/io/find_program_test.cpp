#include <twill/io/detail/find_program.hpp>

#include "fixtures.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <tuple>

namespace {

namespace fs = std::filesystem;
using twill::detail::find_program;
using twill_test::in_another_process;
using twill_test::temporary_directory;

TEST(find_program, first_executable_file_in_the_path_wins) {
    const temporary_directory dir;
    std::ignore = dir.file("one/tool", "", 0644);
    fs::create_directories(dir.path() + "/two/tool");
    const std::string right = dir.file("three/tool", "", 0755);
    std::ignore = dir.file("four/tool", "", 0755);
    const auto path = [&](const char* names) {
        std::string joined;
        for (std::string_view rest = names; !rest.empty();) {
            const auto blank = rest.find(' ');
            joined += dir.path() + "/" + std::string(rest.substr(0, blank)) + ":";
            rest.remove_prefix(blank == std::string_view::npos ? rest.size() : blank + 1);
        }
        joined.pop_back();
        return joined;
    };
    EXPECT_EQ(find_program("tool", path("none one two three four").c_str()).path, right);
    EXPECT_EQ(find_program("tool", path("none").c_str()).error, ENOENT);
    EXPECT_EQ(find_program("tool", path("one none").c_str()).error, EACCES);
    EXPECT_EQ(find_program("tool", path("two").c_str()).error, EACCES) << "a directory";
    EXPECT_EQ(find_program("", path("three").c_str()).error, ENOENT);
    EXPECT_EQ(find_program("a/b", path("three").c_str()).path, "a/b") << "taken as it is";
}

TEST(find_program, relative_entries_of_the_path_become_absolute) {
    EXPECT_TRUE(in_another_process([] {
        const temporary_directory dir;
        std::ignore = dir.file("bin/tool", "echo found\n", 0755);
        fs::current_path(dir.path());
        const std::string here = fs::current_path().string();
        if (find_program("tool", "bin").path != here + "/bin/tool") return false;
        fs::current_path("bin");
        return find_program("tool", "/none:").path == here + "/bin/tool";
    }));
}

}  // namespace
