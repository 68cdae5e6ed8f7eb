// Guards of `twill map` at work: with a reading of the memory that the test writes, and limits of
// the system.
#include "tools/running_command.hpp"

#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>

namespace {

using namespace twill_test;

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// What the command finds in /proc/meminfo, in a file system of its own.
class told_memory {
public:
    explicit told_memory(const scratch_folder& folder) : path_(folder / "meminfo") {
        say(8'000'000);
    }

    void say(long available_kib) const {
        std::ofstream(path_) << "MemTotal:       16000000 kB\nMemFree:        " << available_kib
                             << " kB\nMemAvailable:   " << available_kib << " kB\n";
    }
    [[nodiscard]] setting how() const {
        setting made;
        made.in_child = [path = path_] {
            if (::unshare(CLONE_NEWNS) != 0 ||
                ::mount("none", "/proc", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
                ::mount(path.c_str(), "/proc/meminfo", nullptr, MS_BIND, nullptr) != 0)
                ::_exit(124);
        };
        return made;
    }

private:
    std::string path_;
};

TEST(map_guard, youngest_job_makes_room_and_runs_again_without_counting_a_try) {
    if (::getuid() != 0) GTEST_SKIP() << "another /proc/meminfo takes root";
    const scratch_folder folder;
    const told_memory memory(folder);
    const std::string script =
        "echo x >> '" + (folder / "began-") + "'$1; " + until(folder / "go") + " echo $1";
    running_command twill(
        map_shell({"-kj2", "--explain", "--joblog", folder / "log.jsonl"}, script, {"1", "2"}),
        memory.how());
    ASSERT_TRUE(eventually([&] { return folder.has("began-1") && folder.has("began-2"); }));
    memory.say(100);
    ASSERT_TRUE(eventually([&] { return twill.children().size() == 1; }));
    memory.say(8'000'000);
    folder.make("go");
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, "1\n2\n");
    EXPECT_EQ(text_of(folder / "began-1"), "x\n") << "the older one was left alone";
    EXPECT_EQ(text_of(folder / "began-2"), "x\nx\n");
    const auto log = lines_of(text_of(folder / "log.jsonl"));
    ASSERT_EQ(log.size(), 2U);
    for (const auto& line : log) EXPECT_NE(line.find(R"("tries":1,)"), std::string::npos) << line;
    EXPECT_NE(end.err.find("1 job stopped for want of memory"), std::string::npos) << end.err;
}

// The youngest is root's by then, and the command another user's: it must not stop that one.
TEST(map_guard, job_that_became_another_users_is_left_alone_and_the_next_makes_room) {
    if (::getuid() != 0) GTEST_SKIP() << "another /proc/meminfo takes root";
    if (!std::filesystem::exists("/usr/bin/setpriv")) GTEST_SKIP() << "there is no setpriv";
    const scratch_folder folder;
    const told_memory memory(folder);
    ::chmod((folder / "").c_str(), 0777);
    const std::string become_root = folder / "become-root";
    std::filesystem::copy_file("/usr/bin/setpriv", become_root);
    ::chmod(become_root.c_str(), 04755);
    std::ofstream(folder / "job") << "[ $1 = 2 ] && [ $(id -u) != 0 ] && exec '" << become_root
                                  << "' --reuid=0 sh \"$0\" $1\necho x >> '" << folder / "began-"
                                  << "'$1; " << until(folder / "go") << "echo $1\n";
    setting how = memory.how();
    how.in_child = [alone = how.in_child] {
        constexpr uid_t nobody = 65534;
        alone();
        if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0)
            ::_exit(124);
    };
    running_command twill({"map", "-kj2", "sh", folder / "job", ":::", "1", "2"}, how);
    const bool begun = eventually([&] { return folder.has("began-1") && folder.has("began-2"); });
    ASSERT_TRUE(begun);
    memory.say(100);
    ASSERT_TRUE(eventually([&] { return twill.children().size() == 1; }));
    memory.say(8'000'000);
    folder.make("go");
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, "1\n2\n");
    EXPECT_EQ(text_of(folder / "began-1"), "x\nx\n");
    EXPECT_EQ(text_of(folder / "began-2"), "x\n");
}

TEST(map_guard, short_memory_lets_one_job_run_at_a_time) {
    if (::getuid() != 0) GTEST_SKIP() << "another /proc/meminfo takes root";
    const scratch_folder folder;
    const told_memory memory(folder);
    memory.say(500'000);  // of which a twentieth of all, 800 MB, is to be left alone
    const std::string script = "mkdir '" + (folder / "alone") + "' && sleep 0.05 && rmdir '" +
                               (folder / "alone") + "' && echo $1";
    const auto end =
        run_command(map_shell({"-kj3", "--explain"}, script, {"1", "2", "3"}), memory.how());
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, "1\n2\n3\n");
    EXPECT_NE(end.err.find("guards held back starts: memory ("), std::string::npos) << end.err;
}

TEST(map_guard, few_descriptors_are_told_by_explain) {
    setting how;
    how.in_child = [] {
        const rlimit limit{40, 40};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    };
    const auto end = run_command({"map", "--explain", "true", ":::", "1", "2"}, how);
    EXPECT_EQ(end.status, 0);
    EXPECT_NE(end.err.find("open files (ulimit -n) leave room for "), std::string::npos) << end.err;
    EXPECT_LE(lines_of(end.err).size(), 5U);
}

}  // namespace
