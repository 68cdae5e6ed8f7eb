#include <twill/io/file_watcher.hpp>

#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>
#include <twill/runtime/blocking.hpp>

#include "fixtures.hpp"
#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/denied_call.hpp"
#include "support/tasks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::change_kind;
using twill::file_change;
using twill::file_watcher;
using twill::task;

// The kinds and paths of changes, below a folder.
using seen = std::vector<std::pair<change_kind, std::string>>;

void touch(const std::string& path) { std::ofstream(path) << "x"; }

// All that is told until `last` was.
task<std::vector<file_change>> changes_until(file_watcher& watch, change_kind kind,
                                             std::string path) {
    std::vector<file_change> all;
    do {
        all.push_back(co_await watch.next());
    } while (all.back().kind != kind || all.back().path != path);
    co_return all;
}

seen below(const std::string& folder, const std::vector<file_change>& all) {
    seen found;
    for (const auto& each : all) found.emplace_back(each.kind, each.path.substr(folder.size() + 1));
    return found;
}

// An instance is closed a little later than its watcher.
bool come_down_to(std::size_t descriptors) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (open_descriptors() > descriptors && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    return open_descriptors() == descriptors;
}

TEST(FileWatcher, TellsWhatHappensInAFolder) {
    const temporary_directory there;
    const std::string root = there.path();
    fs::create_directory(root + "/below");
    in_runtime([&]() -> task<> {
        file_watcher watch;
        co_await watch.add(root);
        touch(root + "/a");
        touch(root + "/below/not told");
        ::chmod((root + "/a").c_str(), 0600);
        fs::rename(root + "/a", root + "/b");
        fs::create_directory(root + "/c");
        fs::remove(root + "/b");
        const auto all = co_await changes_until(watch, change_kind::removed, root + "/b");
        const seen wanted = {{change_kind::created, "a"},    {change_kind::written, "a"},
                             {change_kind::attributes, "a"}, {change_kind::moved_away, "a"},
                             {change_kind::moved_here, "b"}, {change_kind::created, "c"},
                             {change_kind::removed, "b"}};
        EXPECT_EQ(below(root, all), wanted);
        EXPECT_NE(all[3].move, 0U);
        EXPECT_EQ(all[3].move, all[4].move) << "the halves of a move know each other";
        EXPECT_FALSE(all[0].is_folder);
        EXPECT_TRUE(all[5].is_folder);
    });
}

TEST(FileWatcher, WaitsForAChange) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        file_watcher watch;
        co_await watch.add(there.path());
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(2ms, watch.next())));
        auto make = [&]() -> task<> {
            co_await twill::yield();
            touch(there.path() + "/a");
        };
        auto wait = [&]() -> task<> {
            EXPECT_EQ((co_await watch.next()).path, there.path() + "/a");
        };
        co_await twill::when_all(wait(), make());
    });
}

TEST(FileWatcher, TellsEachWriteOnRequest) {
    const temporary_directory there;
    const std::string path = there.file("a", "", 0600);
    in_runtime([&]() -> task<> {
        file_watcher watch;
        co_await watch.add(there.path(), {.modified = true});
        touch(path);
        const auto all = co_await changes_until(watch, change_kind::written, path);
        EXPECT_EQ(all.front().kind, change_kind::modified);
    });
}

TEST(FileWatcher, FileIsToldOfByItsNameWhateverFileHasIt) {
    const temporary_directory there;
    const std::string path = there.path() + "/app.conf";
    in_runtime([&]() -> task<> {
        file_watcher watch;
        co_await watch.add(path);
        touch(there.path() + "/other");
        touch(path);
        auto all = co_await changes_until(watch, change_kind::written, path);
        EXPECT_EQ(all.size(), 2U) << "made and written, and nothing of the other";
        fs::rename(there.path() + "/other", path);
        all = co_await changes_until(watch, change_kind::moved_here, path);
        touch(path);
        all = co_await changes_until(watch, change_kind::written, path);
        EXPECT_EQ(all.size(), 1U) << "the new one is told of, too";
    });
}

TEST(FileWatcher, RelativeNamesAreToldAsTheyWereGiven) {
    const temporary_directory there;
    const auto before = fs::current_path();
    fs::current_path(there.path());
    in_runtime([]() -> task<> {
        file_watcher watch;
        co_await watch.add("a");
        touch("a");
        EXPECT_EQ((co_await watch.next()).path, "a");
    });
    fs::current_path(before);
}

TEST(FileWatcher, RecursiveOneFollowsFoldersThatComeAndGo) {
    const temporary_directory there;
    const std::string root = there.path() + "/root";
    fs::create_directories(root + "/old/deep");
    in_runtime([&]() -> task<> {
        file_watcher watch;
        co_await watch.add(root, {.recursive = true});
        touch(root + "/old/deep/a");
        static_cast<void>(
            co_await changes_until(watch, change_kind::written, root + "/old/deep/a"));

        // What is made in it before anybody can watch it.
        fs::create_directories(root + "/new/deep");
        touch(root + "/new/deep/b");
        auto all = co_await changes_until(watch, change_kind::created, root + "/new/deep/b");
        EXPECT_EQ(all.front().path, root + "/new");

        // The names change with the folder.
        fs::rename(root + "/old", root + "/renamed");
        static_cast<void>(
            co_await changes_until(watch, change_kind::created, root + "/renamed/deep/a"));
        touch(root + "/renamed/deep/c");
        all = co_await changes_until(watch, change_kind::written, root + "/renamed/deep/c");
        for (const auto& each : all) EXPECT_FALSE(each.path.starts_with(root + "/old/"));

        // One that has left is not told of any more.
        fs::rename(root + "/renamed", there.path() + "/outside");
        static_cast<void>(
            co_await changes_until(watch, change_kind::moved_away, root + "/renamed"));
        touch(there.path() + "/outside/deep/d");
        touch(root + "/last");
        all = co_await changes_until(watch, change_kind::written, root + "/last");
        for (const auto& each : all)
            EXPECT_TRUE(each.path.starts_with(root + "/last")) << each.path;
    });
}

TEST(FileWatcher, SaysThatTheFolderIsGone) {
    const temporary_directory there;
    const std::string root = there.path() + "/root";
    fs::create_directory(root);
    in_runtime([&]() -> task<> {
        file_watcher watch;
        co_await watch.add(root);
        fs::remove(root);
        const auto change = co_await watch.next();
        EXPECT_EQ(change.kind, change_kind::unwatched);
        EXPECT_EQ(change.path, root);
    });
}

TEST(FileWatcher, TellsOfAnOverflowAndGoesOn) {
    const temporary_directory there;
    const std::string root = there.path();
    std::size_t most = 0;
    std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
    if (most == 0 || most > 50'000) GTEST_SKIP() << "the queue holds " << most << " changes";
    in_runtime([&]() -> task<> {
        file_watcher watch;
        co_await watch.add(root, {.recursive = true});
        // The kernel makes one of equal changes that follow each other.
        for (std::size_t i = 0; i <= most; ++i) {
            const std::string path = root + (i % 2 == 0 ? "/a" : "/b");
            const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
            ::close(fd);
        }
        fs::create_directory(root + "/nobody was told");
        std::size_t told = 0;
        while ((co_await watch.next()).kind != change_kind::overflow) ++told;
        EXPECT_LE(told, most);
        touch(root + "/nobody was told/c");
        static_cast<void>(
            co_await changes_until(watch, change_kind::written, root + "/nobody was told/c"));
    });
}

TEST(FileWatcher, MissingFolderIsAnError) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        file_watcher watch;
        EXPECT_EQ(co_await error_of(watch.add(there.path() + "/no folder/a")),
                  std::errc::no_such_file_or_directory);
        EXPECT_EQ(co_await error_of(watch.add("")), std::errc::no_such_file_or_directory);
    });
}

TEST(FileWatcher, LimitsOfTheUserAreNamed) {
    in_own_thread([] {
        if (!deny_call(SYS_inotify_init1, EMFILE)) GTEST_SKIP() << "no seccomp filters";
        try {
            file_watcher watch;
            ADD_FAILURE() << "made without an instance";
        } catch (const twill::too_many_watches& failure) {
            EXPECT_NE(std::string(failure.what()).find("fs.inotify.max_user_instances"),
                      std::string::npos);
        }
    });
    in_own_thread([] {
        if (!deny_call(SYS_inotify_add_watch, ENOSPC)) GTEST_SKIP() << "no seccomp filters";
        in_runtime([]() -> task<> {
            file_watcher watch;
            try {
                co_await watch.add("/");
                ADD_FAILURE() << "watched without a watch";
            } catch (const twill::too_many_watches& failure) {
                EXPECT_NE(std::string(failure.what()).find("fs.inotify.max_user_watches"),
                          std::string::npos);
            }
        });
    });
}

TEST(FileWatcher, LosesNothingAndLeavesNothingOpenWhereverItIsCancelled) {
    const std::size_t before = [] {
        in_runtime([]() -> task<> { co_return; });
        return open_descriptors();
    }();
    const unsigned suspensions = cancel_everywhere([]() -> task<> {
        const temporary_directory there;
        file_watcher watch;
        co_await watch.add(there.path(), {.recursive = true});
        fs::create_directory(there.path() + "/new");
        touch(there.path() + "/new/a");
        static_cast<void>(
            co_await changes_until(watch, change_kind::created, there.path() + "/new/a"));
    });
    EXPECT_GE(suspensions, 2U);
    EXPECT_TRUE(come_down_to(before));
}

// The kernel takes milliseconds to let go of a watch.
TEST(FileWatcher, TaskDoesNotWaitForItsEnd) {
    const temporary_directory there;
    using clock = std::chrono::steady_clock;
    const std::size_t before = [] {
        in_runtime([]() -> task<> { co_return; });
        return open_descriptors();
    }();
    std::vector<clock::duration> took;
    std::vector<clock::duration> took_by_hand;
    in_runtime([&]() -> task<> {
        for (int i = 0; i < 11; ++i) {
            // A kernel that is busy letting go of others lets go of these sooner.
            co_await twill::sleep(20ms);
            std::optional<file_watcher> watch(std::in_place);
            co_await watch->add(there.path());
            auto began = clock::now();
            watch.reset();
            took.push_back(clock::now() - began);

            co_await twill::sleep(20ms);
            const int instance = ::inotify_init1(IN_CLOEXEC);
            ::inotify_add_watch(instance, there.path().c_str(), IN_CREATE);
            began = clock::now();
            ::close(instance);
            took_by_hand.push_back(clock::now() - began);
        }
    });
    EXPECT_TRUE(come_down_to(before)) << "it is closed all the same";
    std::sort(took.begin(), took.end());
    std::sort(took_by_hand.begin(), took_by_hand.end());
    if (took_by_hand[5] < 1ms) GTEST_SKIP() << "on this kernel nobody waits";
    EXPECT_LT(took[5], took_by_hand[5]);
}

TEST(FileWatcher, OnesThatAreBeingClosedTakeNobodysPlace) {
    const temporary_directory there;
    EXPECT_TRUE(in_another_process([&] {
        return in_runtime([&]() -> task<bool> {
            co_await twill::blocking([] {});
            const auto room = static_cast<rlim_t>(open_descriptors()) + 3;
            const rlimit few{room, room};
            ::setrlimit(RLIMIT_NOFILE, &few);
            for (int i = 0; i < 30; ++i) {
                file_watcher watch;
                co_await watch.add(there.path());
            }
            co_return true;
        });
    }));
}

}  // namespace
