#include "search_service.hpp"

#include "support/denied_call.hpp"

#include <gtest/gtest.h>

#include <sys/syscall.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using search::service;
using search_test::asking;
using search_test::beside_service;
using search_test::comes_true;
using search_test::put;
using search_test::search_result;
using twill::task;
using twill_test::temporary_directory;

search::service_options over(const temporary_directory& folder) {
    search::service_options options;
    options.index.folders = search::folders_to_index({folder.path()});
    return options;
}

// Whether exactly these texts, by their paths below the folder ("a d/b"), have the word.
auto are(const temporary_directory& folder, std::string paths) {
    return [below = folder.path(), paths = std::move(paths)](const search_result& got) {
        std::string found;
        for (const auto& line : got.lines)
            found += (found.empty() ? "" : " ") +
                     line.substr(below.size() + 1, line.find(':') - below.size() - 1);
        return found == paths;
    };
}

// Each change to the files, and what must then be found, soon.
void follow_changes(const search::service_options& options, const temporary_directory& folder) {
    beside_service(options, [&](service&, asking& client) -> task<> {
        EXPECT_TRUE(co_await comes_true(client, "needle", are(folder, "a d/b")));
        put(folder, "new", "a needle\n");
        EXPECT_TRUE(co_await comes_true(client, "needle", are(folder, "a d/b new")))
            << "a new file";
        put(folder, "a", "nothing\n");
        EXPECT_TRUE(co_await comes_true(client, "needle", are(folder, "d/b new")))
            << "a changed file";
        fs::remove(folder.path() + "/new");
        EXPECT_TRUE(co_await comes_true(client, "needle", are(folder, "d/b"))) << "a removed file";
        fs::rename(folder.path() + "/d/b", folder.path() + "/d/c");
        EXPECT_TRUE(co_await comes_true(client, "needle", are(folder, "d/c"))) << "a renamed file";
        fs::rename(folder.path() + "/d", folder.path() + "/e");
        EXPECT_TRUE(co_await comes_true(client, "needle", are(folder, "e/c")))
            << "a renamed folder";
        put(folder, "e/f/g/deep", "needle\n");
        EXPECT_TRUE(co_await comes_true(client, "needle", are(folder, "e/c e/f/g/deep")))
            << "a file in new folders";
        put(folder, ".x/hidden", "needle\n");
        put(folder, "e/c", std::string("needle\0", 7));
        EXPECT_TRUE(co_await comes_true(client, "needle", are(folder, "e/f/g/deep")))
            << "a text that became binary";
        fs::remove_all(folder.path() + "/e");
        EXPECT_TRUE(co_await comes_true(client, "needle", are(folder, ""))) << "a removed folder";
    });
}

TEST(SearchIndex, follows_the_changes_that_the_kernel_tells_of) {
    const temporary_directory folder;
    put(folder, "a", "needle\n");
    put(folder, "d/b", "needle\n");
    follow_changes(over(folder), folder);
}

TEST(SearchIndex, finds_the_changes_itself_where_it_must) {
    const temporary_directory folder;
    put(folder, "a", "needle\n");
    put(folder, "d/b", "needle\n");
    auto options = over(folder);
    options.index.watch = false;
    options.index.rescan = 10ms;
    follow_changes(options, folder);
}

TEST(SearchIndex, too_many_watches_are_reported_and_made_up_for_by_looking) {
    const temporary_directory folder;
    put(folder, "a", "needle\n");
    twill_test::in_own_thread([&] {
        if (!twill_test::deny_call(SYS_inotify_add_watch, ENOSPC)) return;
        std::string reports;
        auto options = over(folder);
        options.index.rescan = 10ms;
        options.index.report = [&](std::string_view line) { reports.append(line) += '\n'; };
        beside_service(options, [&](service& here, asking& client) -> task<> {
            EXPECT_FALSE(here.files().statistics().watching);
            put(folder, "b", "needle\n");
            EXPECT_TRUE(co_await comes_true(client, "needle", are(folder, "a b")));
        });
        EXPECT_NE(reports.find("max_user_watches"), std::string::npos) << reports;
    });
}

TEST(SearchIndex, searches_go_on_while_files_change) {
    const temporary_directory folder;
    put(folder, "stays", "needle\n");
    beside_service(over(folder), [&](service& here, asking& client) -> task<> {
        int round = 0;
        const auto before = here.files().statistics().updates.load();
        while (here.files().statistics().updates < before + 5) {
            for (int i = 0; i < 20; ++i)
                put(folder, "f" + std::to_string(i), "word " + std::to_string(++round));
            const auto got = co_await client.search("needle");
            EXPECT_EQ(got.lines.size(), 1U);
            EXPECT_EQ(got.done["end"], "complete");
        }
        EXPECT_TRUE(co_await comes_true(
            client, "word", [](const search_result& got) { return got.lines.size() == 20; }));
    });
}

TEST(SearchIndex, a_look_at_all_reads_only_what_has_changed) {
    const temporary_directory folder;
    for (int i = 0; i < 100; ++i) put(folder, "f" + std::to_string(i), "needle\n");
    auto options = over(folder);
    options.index.watch = false;
    options.index.rescan = 5ms;
    beside_service(options, [&](service& here, asking& client) -> task<> {
        const auto& seen = here.files().statistics();
        while (seen.scans < 3) co_await twill::sleep(1ms);
        EXPECT_EQ(seen.read, 100U);
        EXPECT_EQ(seen.updates, 1U);
        put(folder, "f7", "changed, and longer\n");
        EXPECT_TRUE(co_await comes_true(
            client, "longer", [](const search_result& got) { return got.lines.size() == 1; }));
        EXPECT_LE(seen.read, 103U) << "one, or a few if it was seen while it was written";
    });
}

TEST(SearchIndex, a_look_at_all_does_not_read_what_was_no_text_again) {
    const temporary_directory folder;
    put(folder, "text", "a word\n");
    for (int i = 0; i < 10; ++i)
        put(folder, "binary" + std::to_string(i), std::string("needle\0", 7));
    auto options = over(folder);
    options.index.watch = false;
    options.index.rescan = 5ms;
    beside_service(options, [&](service& here, asking& client) -> task<> {
        const auto& seen = here.files().statistics();
        while (seen.scans < 3) co_await twill::sleep(1ms);
        EXPECT_EQ(seen.read, 11U);
        EXPECT_EQ(seen.binary, 10U) << "those that are known are counted, too";
        put(folder, "binary7", "now a needle in a text\n");
        EXPECT_TRUE(co_await comes_true(client, "needle", are(folder, "binary7")));
        EXPECT_LE(seen.read, 14U) << "one, or a few if it was seen while it was written";
        const auto scans = seen.scans.load();
        while (seen.scans < scans + 2) co_await twill::sleep(1ms);
        EXPECT_EQ(seen.binary, 9U);
    });
}

TEST(SearchIndex, folders_inside_of_others_are_indexed_once) {
    const temporary_directory folder;
    put(folder, "d/e/x", "");
    put(folder, "dd/x", "");
    const std::string at = fs::canonical(folder.path()).string();
    EXPECT_EQ(search::folders_to_index({at + "/d/e", at + "/dd/", at + "/d", at + "/d/../d"}),
              (std::vector<std::string>{at + "/d", at + "/dd"}));
    EXPECT_THROW(static_cast<void>(search::folders_to_index({at + "/none"})), std::runtime_error);
    EXPECT_THROW(static_cast<void>(search::folders_to_index({at + "/d/e/x"})), std::runtime_error);
}

}  // namespace
