#include <twill/io/replace_file.hpp>

#include "fixtures.hpp"
#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/denied_call.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sched.h>
#include <csignal>
#include <string>

namespace {

using namespace twill_test;
using twill::file_replacement;
using twill::read_file;
using twill::replace_file;
using twill::task;

std::size_t files_in(const std::string& folder) {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& each : fs::directory_iterator(folder)) ++count;
    return count;
}

mode_t mode_of(const std::string& path) {
    struct stat about{};
    EXPECT_EQ(::stat(path.c_str(), &about), 0);
    return about.st_mode & 07777U;
}

TEST(ReplaceFile, MakesAndReplaces) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        const std::string path = there.path() + "/a";
        co_await replace_file(path, "first");
        EXPECT_EQ(co_await read_file(path), "first");
        const std::string large = pattern(9'000'000);
        co_await replace_file(path, large, {.sync = false});
        EXPECT_TRUE(co_await read_file(path) == large);
        EXPECT_EQ(files_in(there.path()), 1U) << "nothing is left beside it";
    });
}

TEST(ReplaceFile, KeepsThePermissionsUnlessToldOthers) {
    const temporary_directory there;
    const std::string path = there.file("a", "old", 0741);
    in_runtime([&]() -> task<> {
        co_await replace_file(path, "new");
        EXPECT_EQ(mode_of(path), 0741U);
        co_await replace_file(path, "newer", {.permissions = 0600});
        EXPECT_EQ(mode_of(path), 0600U);
        const mode_t before = ::umask(027);
        co_await replace_file(there.path() + "/b", "made");
        ::umask(before);
        EXPECT_EQ(mode_of(there.path() + "/b"), 0640U);
    });
}

TEST(ReplaceFile, NewOneNeverHasMorePermissionsThanTheOldOne) {
    const temporary_directory there;
    const std::string path = there.file("a", "old", 0600);
    const mode_t before = ::umask(022);
    in_own_thread([&] {
        // Who opens the new one before its permissions are set reads all that follows.
        if (!deny_call(SYS_fchmod, EPERM)) GTEST_SKIP() << "no seccomp filters";
        in_runtime([&]() -> task<> {
            co_await replace_file(path, "new");
            EXPECT_EQ(mode_of(path), 0600U);
        });
    });
    ::umask(before);
}

TEST(ReplaceFile, UmaskTakesNothingFromWhatWasAskedFor) {
    const temporary_directory there;
    const mode_t before = ::umask(077);
    in_runtime([&]() -> task<> {
        co_await replace_file(there.path() + "/a", "new", {.permissions = 04755});
        EXPECT_EQ(mode_of(there.path() + "/a"), 04755U);
    });
    ::umask(before);
}

TEST(ReplaceFile, DanglingLinkIsReplacedItself) {
    const temporary_directory there;
    const std::string link = there.path() + "/link";
    fs::create_symlink("nowhere", link);
    in_runtime([&]() -> task<> {
        co_await replace_file(link, "new");
        EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(link)));
        EXPECT_EQ(co_await read_file(link), "new");
    });
}

TEST(ReplaceFile, FollowsALinkAndKeepsIt) {
    const temporary_directory there;
    const std::string path = there.file("below/a", "old", 0600);
    const std::string link = there.path() + "/link";
    fs::create_symlink("below/a", link);
    in_runtime([&]() -> task<> {
        co_await replace_file(link, "new");
        EXPECT_TRUE(fs::is_symlink(link));
        EXPECT_EQ(co_await read_file(path), "new");
    });
}

TEST(ReplaceFile, RelativePathsAreBesideThemselves) {
    const temporary_directory there;
    const auto before = fs::current_path();
    fs::current_path(there.path());
    in_runtime([&]() -> task<> {
        co_await replace_file("a", "here");
        EXPECT_EQ(co_await read_file(there.path() + "/a"), "here");
    });
    fs::current_path(before);
}

TEST(ReplaceFile, WithoutCommitAllStaysAsItWas) {
    const temporary_directory there;
    const std::string path = there.file("a", "old", 0600);
    in_runtime([&]() -> task<> {
        {
            auto next = co_await file_replacement::begin(path);
            co_await next.content().write_all("half of it");
            auto moved = std::move(next);
            EXPECT_EQ(files_in(there.path()), 2U);
            EXPECT_EQ(co_await read_file(path), "old");
        }
        EXPECT_EQ(files_in(there.path()), 1U);
        EXPECT_EQ(co_await read_file(path), "old");
    });
}

TEST(ReplaceFile, FolderIsNoFile) {
    const temporary_directory there;
    fs::create_directory(there.path() + "/folder");
    in_runtime([&]() -> task<> {
        EXPECT_EQ(co_await error_of(replace_file(there.path() + "/folder", "x")),
                  std::errc::invalid_argument);
        EXPECT_EQ(co_await error_of(replace_file(there.path() + "/nowhere/a", "x")),
                  std::errc::no_such_file_or_directory);
        EXPECT_EQ(files_in(there.path()), 1U);
    });
}

// A disk of 64 KiB, which only this process sees. False where that is not allowed.
bool mount_small_disk(const std::string& at) {
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("none", at.c_str(), "tmpfs", 0, "size=64k") == 0;
}

task<bool> survives_a_full_disk(std::string folder) {
    const std::string path = folder + "/a";
    co_await replace_file(path, "old");
    if (co_await error_of(replace_file(path, pattern(100'000))) != std::errc::no_space_on_device)
        co_return false;
    const bool is_whole = co_await read_file(path) == "old" && files_in(folder) == 1;
    // What is not atomic says how far it came.
    const auto out = co_await twill::file::open(folder + "/b", twill::file_mode::write);
    std::size_t progress = 0;
    const std::string much = pattern(100'000);
    const auto why = co_await error_of(out.write_all(much, &progress));
    const std::string came = co_await read_file(folder + "/b");
    co_return is_whole&& why == std::errc::no_space_on_device&& progress > 0 &&
        progress < much.size() && came == much.substr(0, progress);
}

TEST(ReplaceFile, FullDiskLeavesTheOldContent) {
    const temporary_directory there;
    if (!in_another_process([&] { return mount_small_disk(there.path()); }))
        GTEST_SKIP() << "no disk can be mounted here";
    EXPECT_TRUE(in_another_process([&] {
        return mount_small_disk(there.path()) &&
               in_runtime([&] { return survives_a_full_disk(there.path()); });
    }));
}

TEST(ReplaceFile, FileThatGrowsTooLargeLeavesTheOldContent) {
    const temporary_directory there;
    EXPECT_TRUE(in_another_process([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit small{10'000, 10'000};
        ::setrlimit(RLIMIT_FSIZE, &small);
        return in_runtime([&]() -> task<bool> {
            const std::string path = there.path() + "/a";
            co_await replace_file(path, "old");
            const auto why = co_await error_of(replace_file(path, pattern(20'000)));
            co_return why == std::errc::file_too_large&& co_await read_file(path) == "old" &&
                files_in(there.path()) == 1;
        });
    }));
}

TEST(ReplaceFile, OldOrNewIsThereWhereverItIsCancelled) {
    const temporary_directory there;
    const std::string path = there.file("a", "old", 0600);
    const std::string large = pattern(9'000'000);
    const std::size_t before = [] {
        in_runtime([]() -> task<> { co_return; });
        return open_descriptors();
    }();
    const auto content = [&] {
        std::ifstream in(path);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const unsigned suspensions = cancel_everywhere([&]() -> task<> {
        const std::string now = content();
        EXPECT_TRUE(now == "old" || now == large);
        EXPECT_EQ(files_in(there.path()), 1U);
        co_await replace_file(path, "old");
        co_await replace_file(path, large, {.sync = false});
    });
    EXPECT_EQ(suspensions, 5U) << "one, and three steps and the commit";
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
