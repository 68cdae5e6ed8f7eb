#include <twill/io/directory.hpp>

#include "fixtures.hpp"
#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>
#include <string>

namespace {

using namespace twill_test;
using twill::directory_entry;
using twill::directory_walker;
using twill::file_kind;
using twill::task;

// All entries by their path below the root.
task<std::map<std::string, directory_entry>> all_below(std::string root,
                                                       twill::walk_options options = {}) {
    std::map<std::string, directory_entry> found;
    directory_walker walk(root, options);
    for (;;) {
        auto entry = co_await walk.next();
        if (!entry) break;
        const std::string below = entry->path.substr(root.size() + 1);
        EXPECT_TRUE(found.emplace(below, std::move(*entry)).second) << below << " twice";
    }
    co_return found;
}

TEST(DirectoryWalker, FindsAllAndSaysWhatItIs) {
    const temporary_directory there;
    static_cast<void>(there.file("a", "12345", 0600));
    static_cast<void>(there.file("below/deep/b", "", 0600));
    fs::create_directory(there.path() + "/empty");
    fs::create_symlink("below", there.path() + "/link");
    fs::create_symlink("..", there.path() + "/below/up");
    ::mkfifo((there.path() + "/fifo").c_str(), 0600);
    in_runtime([&]() -> task<> {
        const auto found = co_await all_below(there.path());
        std::map<std::string, file_kind> kinds;
        for (const auto& [path, entry] : found) kinds[path] = entry.kind;
        const std::map<std::string, file_kind> wanted = {{"a", file_kind::regular},
                                                         {"below", file_kind::directory},
                                                         {"below/deep", file_kind::directory},
                                                         {"below/deep/b", file_kind::regular},
                                                         {"below/up", file_kind::link},
                                                         {"empty", file_kind::directory},
                                                         {"link", file_kind::link},
                                                         {"fifo", file_kind::fifo}};
        EXPECT_EQ(kinds, wanted);
        EXPECT_EQ(found.at("below/deep/b").depth, 3U);
        EXPECT_EQ(found.at("below/deep/b").name(), "b");
        EXPECT_FALSE(found.at("a").status.has_value());
    });
}

TEST(DirectoryWalker, RootMayBeALinkAndEndWithASlash) {
    const temporary_directory there;
    static_cast<void>(there.file("real/a", "", 0600));
    fs::create_symlink("real", there.path() + "/link");
    in_runtime([&]() -> task<> {
        directory_walker walk(there.path() + "/link/");
        EXPECT_EQ((co_await walk.next()).value().path, there.path() + "/link/a");
        EXPECT_FALSE((co_await walk.next()).has_value());
        EXPECT_FALSE((co_await walk.next()).has_value());
    });
}

TEST(DirectoryWalker, GoesAsDeepAsItIsTold) {
    const temporary_directory there;
    static_cast<void>(there.file("1/2/3", "", 0600));
    in_runtime([&]() -> task<> {
        EXPECT_EQ((co_await all_below(there.path(), {.max_depth = 1})).size(), 1U);
        EXPECT_EQ((co_await all_below(there.path(), {.max_depth = 2})).size(), 2U);
    });
}

TEST(DirectoryWalker, SkipsWhatTheCallerDoesNotWant) {
    const temporary_directory there;
    static_cast<void>(there.file("wanted/a", "", 0600));
    static_cast<void>(there.file("unwanted/b", "", 0600));
    in_runtime([&]() -> task<> {
        directory_walker walk(there.path());
        std::set<std::string> names;
        for (;;) {
            const auto entry = co_await walk.next();
            if (!entry) break;
            names.emplace(entry->name());
            if (entry->name() == "unwanted") walk.skip();
            if (entry->name() == "a") walk.skip();
        }
        EXPECT_EQ(names, (std::set<std::string>{"wanted", "a", "unwanted"}));
    });
}

TEST(DirectoryWalker, GivesTheStatusOnRequest) {
    const temporary_directory there;
    static_cast<void>(there.file("a", "12345", 0600));
    fs::create_symlink("nowhere", there.path() + "/link");
    in_runtime([&]() -> task<> {
        const auto found = co_await all_below(there.path(), {.status = true});
        EXPECT_EQ(found.at("a").status.value().size, 5U);
        EXPECT_EQ(found.at("link").status.value().kind, file_kind::link);
        EXPECT_FALSE(found.at("link").error);
    });
}

TEST(DirectoryWalker, LargeFoldersComeInBatches) {
    const temporary_directory there;
    std::set<std::string> wanted;
    for (int i = 0; i < 1000; ++i) {
        const std::string name = "file " + std::to_string(i);
        static_cast<void>(there.file(name, "", 0600));
        wanted.insert(name);
    }
    in_runtime([&]() -> task<> {
        std::set<std::string> names;
        for (const auto& [path, entry] : co_await all_below(there.path())) names.insert(path);
        EXPECT_EQ(names, wanted);
    });
}

TEST(DirectoryWalker, RootThatCannotBeReadIsAnError) {
    const temporary_directory there;
    const std::string file = there.file("a", "", 0600);
    in_runtime([&]() -> task<> {
        directory_walker nowhere(there.path() + "/nowhere");
        EXPECT_EQ(co_await error_of(nowhere.next()), std::errc::no_such_file_or_directory);
        directory_walker no_folder(file);
        EXPECT_EQ(co_await error_of(no_folder.next()), std::errc::not_a_directory);
    });
}

// A folder that goes, or becomes a link, between its entry and its turn.
TEST(DirectoryWalker, FolderThatCannotBeReadIsToldAndTheWalkGoesOn) {
    const temporary_directory there;
    static_cast<void>(there.file("1/a", "", 0600));
    static_cast<void>(there.file("2/a", "", 0600));
    static_cast<void>(there.file("3/a", "", 0600));
    in_runtime([&]() -> task<> {
        directory_walker walk(there.path());
        for (int i = 0; i < 3; ++i) EXPECT_TRUE((co_await walk.next()).has_value());
        fs::remove_all(there.path() + "/1");
        fs::remove_all(there.path() + "/2");
        fs::create_symlink("3", there.path() + "/2");
        std::map<std::string, std::error_code> seen;
        for (;;) {
            const auto entry = co_await walk.next();
            if (!entry) break;
            seen[entry->path.substr(there.path().size() + 1)] = entry->error;
        }
        EXPECT_EQ(seen.size(), 3U);
        EXPECT_EQ(seen.at("1"), std::errc::no_such_file_or_directory);
        EXPECT_TRUE(seen.at("2")) << "a link is not followed";
        EXPECT_FALSE(seen.at("3/a"));
    });
}

TEST(DirectoryWalker, LosesNothingAndLeavesNothingOpenWhereverItIsCancelled) {
    const temporary_directory there;
    for (int i = 0; i < 300; ++i) static_cast<void>(there.file("1/" + std::to_string(i), "", 0600));
    const std::size_t before = [] {
        in_runtime([]() -> task<> { co_return; });
        return open_descriptors();
    }();
    const unsigned suspensions = cancel_everywhere([&]() -> task<> {
        const auto found = co_await all_below(there.path());
        EXPECT_EQ(found.size(), 301U);
    });
    EXPECT_GE(suspensions, 2U);
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
