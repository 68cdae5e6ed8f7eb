#include "io/fixtures.hpp"
#include "search.hpp"

#include <gtest/gtest.h>

#include <search/scan.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using search::corpus;
using search::found_document;
using search::letter_case;
using search::matcher;
using search::scan_options;
using search::scan_progress;
using search_test::corpus_of;
using search_test::document_of;
using search_test::literal_query;
using search_test::regex_query;
using twill::task;

struct line_place {
    std::string path;
    std::uint64_t number;
    bool operator==(const line_place&) const = default;
};

std::vector<line_place> search_slowly(const corpus& all, const std::string& needle) {
    std::vector<line_place> found;
    for (const auto& each : all.documents) {
        std::uint64_t number = 1;
        for (std::size_t from = 0; from < each->text.size(); ++number) {
            const auto end = std::min(each->text.find('\n', from), each->text.size());
            if (each->text.substr(from, end - from).find(needle) != std::string::npos)
                found.push_back({each->path, number});
            from = end + 1;
        }
    }
    return found;
}

struct outcome {
    std::vector<line_place> lines;
    std::vector<search::found_line> shown;
    scan_progress progress;
    int waves = 0;
};

task<> search_all(const corpus& all, const matcher& what, const scan_options& options,
                  outcome& into) {
    // A function and not a coroutine lambda's temporary: it must live until the end.
    const search::take_found take = [&](const std::vector<found_document>& found,
                                        const scan_progress&) -> task<> {
        ++into.waves;
        for (const auto& each : found) {
            for (const auto& line : each.lines) {
                into.lines.push_back({each.in->path, line.number});
                into.shown.push_back(line);
            }
        }
        co_return;
    };
    into.progress = co_await search::scan(all, what, options, take);
}

outcome search_in(const corpus& all, const search::query& what, const scan_options& options = {}) {
    outcome made;
    const matcher how(what);
    twill::run([&]() -> task<> { co_await search_all(all, how, options, made); });
    return made;
}

corpus random_corpus(std::mt19937& random, std::size_t count) {
    std::vector<search::document_ptr> documents;
    for (std::size_t i = 0; i < count; ++i) {
        // Some are longer than several pieces.
        const std::size_t size = i % 16 == 0 ? random() % 600'000 : random() % 3000;
        std::string text(size, ' ');
        for (char& each : text) each = "abcdefgh \n"[random() % 10];
        documents.push_back(document_of("d/" + std::to_string(1000 + i), std::move(text)));
    }
    return corpus_of(std::move(documents));
}

TEST(SearchScan, finds_every_line_in_the_order_of_paths) {
    std::mt19937 random(3);
    for (int round = 0; round < 5; ++round) {
        const corpus all = random_corpus(random, 200);
        for (const char* needle : {"abcd", "a b", "hgfe", "ab", "abcdefgh"}) {
            const auto made = search_in(all, literal_query(needle, letter_case::exact),
                                        {.most_lines = 10'000'000});
            EXPECT_EQ(made.lines, search_slowly(all, needle)) << needle;
            EXPECT_TRUE(made.progress.complete);
            EXPECT_EQ(made.progress.bytes, all.bytes);
        }
    }
}

TEST(SearchScan, a_limit_gives_the_first_lines_and_no_others) {
    std::mt19937 random(5);
    const corpus all = random_corpus(random, 100);
    auto expected = search_slowly(all, "ab");
    ASSERT_GT(expected.size(), 1000U);
    for (const std::size_t most : {1U, 10U, 999U}) {
        const auto made =
            search_in(all, literal_query("ab", letter_case::exact), {.most_lines = most});
        EXPECT_EQ(made.lines, std::vector(expected.begin(),
                                          expected.begin() + static_cast<std::ptrdiff_t>(most)));
        EXPECT_FALSE(made.progress.complete) << "there are more";
        EXPECT_LT(made.progress.bytes, all.bytes) << "what is not wanted is not looked at";
    }
}

TEST(SearchScan, shows_of_a_long_line_what_is_around_the_match) {
    std::string line(100'000, 'x');
    line.replace(70'000, 6, "needle");
    const auto made = search_in(corpus_of({document_of("a", "first\n" + line + "\nlast\n")}),
                                literal_query("needle", letter_case::smart));
    ASSERT_EQ(made.shown.size(), 1U);
    const auto& shown = made.shown[0];
    EXPECT_EQ(shown.number, 2U);
    EXPECT_LE(shown.text.size(), 300U);
    ASSERT_EQ(shown.marks.size(), 1U);
    EXPECT_EQ(shown.text.substr(shown.marks[0].begin, shown.marks[0].end - shown.marks[0].begin),
              "needle");
}

TEST(SearchScan, does_not_cut_letters_in_two) {
    std::string line;
    for (int i = 0; i < 500; ++i) line += "ö";
    for (std::size_t shift = 0; shift < 4; ++shift) {
        const auto made = search_in(
            corpus_of({document_of("a", line + std::string(shift, '.') + "needle" + line)}),
            literal_query("needle", letter_case::smart));
        ASSERT_EQ(made.shown.size(), 1U);
        const auto& text = made.shown[0].text;
        EXPECT_NE(static_cast<unsigned char>(text.front()) & 0xc0, 0x80);
        const auto count = [&](char c) {
            return static_cast<std::size_t>(std::count(text.begin(), text.end(), c));
        };
        EXPECT_EQ(text.size() - count('.') - 6, 2 * count('\xb6')) << "halves of an o umlaut";
    }
}

TEST(SearchScan, marks_all_matches_of_a_line_without_its_carriage_return) {
    const auto made = search_in(corpus_of({document_of("a", "one two one\r\n")}),
                                regex_query("o[a-z]e", letter_case::exact));
    ASSERT_EQ(made.shown.size(), 1U);
    EXPECT_EQ(made.shown[0], (search::found_line{1, "one two one", {{0, 3}, {8, 11}}}));
}

TEST(SearchScan, what_is_not_in_memory_is_read_again) {
    const twill_test::temporary_directory folder;
    const auto path = folder.file("a", "first\nneedle\n", 0644);
    const auto kept = search::load(path, 1000, true);
    const auto dropped = search::load(path, 1000, false);
    ASSERT_TRUE(kept.made && dropped.made);
    EXPECT_TRUE(dropped.made->text.empty());
    for (const auto& each : {kept.made, dropped.made}) {
        const auto made = search_in(corpus_of({each}), literal_query("needle", letter_case::smart));
        EXPECT_EQ(made.lines, (std::vector<line_place>{{path, 2}}));
    }
    std::filesystem::remove(path);
    EXPECT_TRUE(search_in(corpus_of({dropped.made}), literal_query("needle", letter_case::smart))
                    .lines.empty());
}

TEST(SearchScan, a_file_that_is_no_text_is_no_document) {
    const twill_test::temporary_directory folder;
    const auto why = [&](const std::string& path) { return search::load(path, 1000, true).why; };
    using search::not_a_document;
    EXPECT_EQ(why(folder.file("text", "text", 0644)), not_a_document::none);
    EXPECT_EQ(why(folder.file("empty", "", 0644)), not_a_document::none);
    EXPECT_EQ(why(folder.file("binary", std::string("te\0xt", 5), 0644)), not_a_document::binary);
    EXPECT_EQ(why(folder.file("large", std::string(1001, 'x'), 0644)), not_a_document::too_large);
    EXPECT_EQ(why(folder.path()), not_a_document::no_file);
    EXPECT_EQ(why(folder.path() + "/none"), not_a_document::no_file);
    std::filesystem::create_symlink("text", folder.path() + "/link");
    EXPECT_EQ(why(folder.path() + "/link"), not_a_document::no_file);
}

TEST(SearchScan, is_no_faster_than_what_it_finds_is_taken) {
    std::vector<search::document_ptr> documents;
    for (int i = 0; i < 64; ++i)
        documents.push_back(
            document_of(std::to_string(i), "needle\n" + std::string(1 << 20, 'x') + '\n'));
    const corpus all = corpus_of(std::move(documents));
    const matcher what(literal_query("needle", letter_case::exact));
    int waves = 0;
    std::uint64_t looked_at = 0;
    twill::run([&]() -> task<> {
        const search::take_found take = [&](const std::vector<found_document>&,
                                            const scan_progress& now) -> task<> {
            ++waves;
            looked_at = now.bytes;
            co_await twill::sleep(1h);  // who takes it has stopped
        };
        try {
            co_await twill::with_timeout(200ms, search::scan(all, what, {}, take));
            ADD_FAILURE() << "it went on without being taken from";
        } catch (const twill::timed_out&) {
        }
    });
    EXPECT_EQ(waves, 1);
    EXPECT_LE(looked_at, 3U << 20);
}

// A search that would take minutes, cancelled in the middle of a wave.
TEST(SearchScan, ends_within_a_beat_of_being_cancelled) {
    std::vector<search::document_ptr> documents;
    std::string text;
    for (int i = 0; i < 40'000; ++i) text += "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";
    const auto one = document_of("x", text);
    for (int i = 0; i < 10'000; ++i) {
        documents.push_back(one);  // the same text, ten thousand times
    }
    corpus all;
    all.documents = std::move(documents);
    const matcher what(regex_query("(a|b)*[bc][de][a-z]{20}z", letter_case::exact));
    scan_options options;
    options.wave = 1h;  // one wave is all of it, nearly
    twill::duration took{};
    twill::run([&]() -> task<> {
        const search::take_found take = [](const std::vector<found_document>&,
                                           const scan_progress&) -> task<> { co_return; };
        twill::time_point asked;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                try {
                    static_cast<void>(co_await search::scan(all, what, options, take));
                    ADD_FAILURE() << "the test's search is too short";
                } catch (const twill::cancelled&) {
                    took = twill::now() - asked;
                    throw;
                }
            });
            co_await twill::sleep(300ms);
            asked = twill::now();
            s.cancel();
        });
    });
    EXPECT_GT(took, 0ns);
    EXPECT_LT(took, 2s) << "far more than a piece of text takes, on any machine";
    RecordProperty(
        "microseconds",
        static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
}

TEST(SearchCorpus, changes_replace_add_and_remove) {
    const corpus before =
        corpus_of({document_of("a", "1"), document_of("b/x", "22"), document_of("b/y", "333"),
                   document_of("bb", "4444"), document_of("c", "55555")});
    const auto after = search::changed(before,
                                       {{"a", document_of("a", "new")},
                                        {"aa", document_of("aa", "added")},
                                        {"b/y", document_of("b/y", "again")},
                                        {"c", nullptr},
                                        {"d", nullptr},
                                        {"e", document_of("e", "last")}},
                                       {"b"});
    std::string paths;
    std::uint64_t bytes = 0;
    for (const auto& each : after.documents) {
        paths += each->path + ' ';
        bytes += each->size;
    }
    EXPECT_EQ(paths, "a aa b/y bb e ");
    EXPECT_EQ(after.bytes, bytes);
    EXPECT_EQ(after.find("a")->text, "new");
    EXPECT_EQ(after.find("bb"), before.find("bb")) << "what stays is shared";
    EXPECT_EQ(after.find("b/x"), nullptr);
    EXPECT_EQ(after.find("b"), nullptr);
}

}  // namespace
