#include "search_service.hpp"

#include "net/http.hpp"
#include "search.hpp"

#include <twill/runtime/blocking.hpp>

#include <gtest/gtest.h>

#include <search/page.hpp>

#include <latch>
#include <regex>
#include <string>

namespace {

using namespace std::chrono_literals;
using search::service;
using search_test::asking;
using search_test::beside_service;
using search_test::json;
using search_test::put;
using twill::task;
using twill_test::temporary_directory;

search::service_options over(const temporary_directory& folder) {
    search::service_options options;
    options.index.folders = search::folders_to_index({folder.path()});
    return options;
}

TEST(SearchService, streams_what_it_finds_in_the_order_of_paths) {
    const temporary_directory folder;
    put(folder, "b/two.txt", "nothing\nan <b>\"needle\"</b> & more needle\n");
    put(folder, "a/one.txt", "needle\n");
    put(folder, "c.bin", std::string("needle\0", 7));
    put(folder, ".hidden/x", "needle\n");
    beside_service(over(folder), [&](service&, asking& client) -> task<> {
        const auto got = co_await client.search("needle");
        EXPECT_EQ(got.lines,
                  (std::vector<std::string>{
                      folder.path() + "/a/one.txt:1:needle",
                      folder.path() + "/b/two.txt:2:an <b>\"needle\"</b> & more needle"}));
        EXPECT_EQ(got.done["end"], "complete");
        EXPECT_EQ(got.done["lines"], 2);
        EXPECT_EQ(got.done["documents"], 2);
        const auto raw = co_await client.get("/search?q=needle");
        const auto first = search_test::events_in(raw.text).at(0);
        EXPECT_EQ(first.data[1]["lines"][0]["parts"],
                  json::array({"an <b>\"", "needle", "\"</b> & more ", "needle", ""}))
            << "every second part is a match";
    });
}

TEST(SearchService, modes_and_limits_are_those_of_the_address) {
    const temporary_directory folder;
    put(folder, "text", "one\nOne\nonce\ntwo.\n");
    beside_service(over(folder), [&](service&, asking& client) -> task<> {
        const auto count = [&](std::string query) -> task<std::size_t> {
            co_return (co_await client.search(std::move(query))).lines.size();
        };
        EXPECT_EQ(co_await count("one"), 2U);
        EXPECT_EQ(co_await count("One"), 1U) << "smart case";
        EXPECT_EQ(co_await count("one&case=exact"), 1U);
        EXPECT_EQ(co_await count("ONE&case=ignore"), 2U);
        EXPECT_EQ(co_await count("^on[ec].*%24&mode=regex"), 3U);
        EXPECT_EQ(co_await count("o."), 1U) << "a dot is a dot";
        const auto few = co_await client.search("o&most=2");
        EXPECT_EQ(few.lines.size(), 2U);
        EXPECT_EQ(few.done["end"], "limit");
    });
}

TEST(SearchService, a_wrong_query_is_told_why) {
    const temporary_directory folder;
    beside_service(over(folder), [&](service& here, asking& client) -> task<> {
        for (const char* query : {"", "?q=", "?q=a(&mode=regex", "?q=a&mode=x", "?q=a&case=x",
                                  "?q=a&most=0", "?q=a&most=-1", "?q=a&most=1x", "?q=a%0Ab"}) {
            const auto got = co_await client.get(std::string("/search") + query);
            EXPECT_EQ(got.status, 400) << query;
            EXPECT_GT(got.text.size(), 10U) << query;
        }
        EXPECT_EQ(here.counted().searches[std::size_t(search::ending::refused)].load(), 9U);
    });
}

TEST(SearchService, shows_texts_of_the_index_and_nothing_else) {
    const temporary_directory folder;
    put(folder, "a b/text", "<script>\n");
    put(folder, "binary", std::string(10, '\0'));
    beside_service(over(folder), [&](service&, asking& client) -> task<> {
        const auto got = co_await client.get("/file?path=" + folder.path() + "/a%20b/text");
        EXPECT_EQ(got.status, 200);
        EXPECT_EQ(got.text, "<script>\n");
        for (const auto& other : {std::string("/etc/hostname"), folder.path() + "/binary",
                                  folder.path(), folder.path() + "/a%20b/../a%20b/text",
                                  std::string(), "file://" + folder.path() + "/a%20b/text"})
            EXPECT_EQ((co_await client.get("/file?path=" + other)).status, 404) << other;
    });
}

TEST(SearchService, texts_beyond_the_budget_of_memory_are_searched_and_shown_too) {
    const temporary_directory folder;
    for (int i = 0; i < 20; ++i)
        put(folder, "f" + std::to_string(i), "needle " + std::to_string(i) + '\n');
    auto options = over(folder);
    options.index.memory = 50;
    beside_service(options, [&](service& here, asking& client) -> task<> {
        EXPECT_LT(here.files().read()->resident_bytes, 100U);
        EXPECT_EQ((co_await client.search("needle")).lines.size(), 20U);
        EXPECT_EQ((co_await client.get("/file?path=" + folder.path() + "/f19")).text,
                  "needle 19\n");
    });
}

TEST(SearchService, what_is_not_there_and_not_allowed_is_said) {
    const temporary_directory folder;
    beside_service(over(folder), [&](service&, asking& client) -> task<> {
        EXPECT_EQ((co_await client.get("/none")).status, 404);
        auto posted =
            co_await client.web().send({.method = "POST", .url = client.at() + "/search?q=a"});
        EXPECT_EQ(posted.status(), 405);
    });
}

TEST(SearchService, the_page_fetches_nothing_from_elsewhere) {
    const temporary_directory folder;
    beside_service(over(folder), [&](service&, asking& client) -> task<> {
        auto got = co_await client.web().get(client.at() + "/");
        EXPECT_EQ(got.status(), 200);
        EXPECT_EQ(got.header("Content-Type"), "text/html; charset=utf-8");
        EXPECT_NE(got.header("Content-Security-Policy").find("default-src 'none'"),
                  std::string::npos);
        const auto text = co_await got.text();
        EXPECT_EQ(text, search::page);
        const std::regex address("(src|href)=\"?[a-z]*://|@import|url\\(");
        EXPECT_FALSE(std::regex_search(text, address));
    });
}

TEST(SearchService, metrics_are_what_prometheus_reads) {
    const temporary_directory folder;
    put(folder, "text", "needle\n");
    beside_service(over(folder), [&](service&, asking& client) -> task<> {
        co_await client.search("needle");
        const auto text = (co_await client.get("/metrics")).text;
        const std::regex line(
            R"(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="[^"]*",?)+\})? -?[0-9.e+-]+)");
        std::size_t from = 0;
        for (std::size_t end; (end = text.find('\n', from)) != std::string::npos; from = end + 1)
            EXPECT_TRUE(std::regex_match(text.substr(from, end - from), line))
                << text.substr(from, end - from);
        EXPECT_EQ(from, text.size()) << "it ends with a line";
        for (const char* part :
             {"search_http_requests_total{route=\"/search\",code=\"200\"} 1\n",
              "search_searches_total{end=\"complete\"} 1\n", "search_index_documents 1\n",
              "search_index_bytes 7\n", "search_scanned_bytes_total 7\n",
              "search_search_seconds_bucket{le=\"+Inf\"} 1\n", "search_search_seconds_count 1\n",
              "twill_compute_workers ", "twill_blocking_threads ",
              "twill_run_total{pool=\"event\"} ", "twill_busy_seconds_total{pool=\"compute\"} ",
              "twill_steals_total{pool=\"compute\"} "})
            EXPECT_NE(text.find(part), std::string::npos) << part;
    });
}

TEST(SearchService, figures_come_as_events_until_the_end) {
    const temporary_directory folder;
    put(folder, "text", "needle\n");
    beside_service(over(folder), [&](service& here, asking& client) -> task<> {
        auto stream = co_await client.web().get(client.at() + "/stats");
        std::string text;
        char piece[4096];
        while (text.find("\"ready\":true") == std::string::npos) {
            const auto got = co_await stream.read_some(std::as_writable_bytes(std::span(piece)));
            EXPECT_NE(got, 0U) << "it ended early";
            if (got == 0) co_return;
            text.append(piece, got);
        }
        here.stop();
        while (const auto got = co_await stream.read_some(std::as_writable_bytes(std::span(piece))))
            text.append(piece, got);
        EXPECT_EQ(search_test::events_in(text).back().data["documents"], 1);
    });
}

TEST(SearchService, is_ready_when_all_is_indexed_and_until_it_drains) {
    const temporary_directory folder;
    put(folder, "text", "needle\n");
    auto options = over(folder);
    options.port = 0;
    options.drain_delay = 1h;
    twill::run([&]() -> task<> {
        service here(options);
        asking client(here.local());
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&] { return here.run(); });
            co_await here.files().ready().wait();
            EXPECT_EQ((co_await client.get("/readyz")).status, 200);
            here.stop();
            EXPECT_EQ((co_await client.get("/readyz")).status, 503);
            EXPECT_EQ((co_await client.get("/healthz")).status, 200);
            EXPECT_EQ((co_await client.search("needle")).lines.size(), 1U)
                << "who has not seen it yet is still answered";
            here.stop();  // a second time: now
        });
    });
}

// The index waits for the only thread that may read files, which the test has.
TEST(SearchService, before_it_is_ready_searches_are_asked_to_come_again) {
    const temporary_directory folder;
    put(folder, "text", "a\n");
    auto options = over(folder);
    options.port = 0;
    std::latch begun(1);
    std::latch let_go(1);
    const auto hold = [&]() -> task<> {
        co_await twill::blocking([&] {
            begun.count_down();
            let_go.wait();
        });
    };
    twill::run({.blocking_threads = 1}, [&]() -> task<> {
        service here(options);
        asking client(here.local());
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(hold);
            while (!begun.try_wait()) co_await twill::sleep(1ms);
            s.spawn([&] { return here.run(); });
            // The client would look its host up, which takes that thread, too.
            const auto status = [&](std::string target) -> task<std::string> {
                const auto said =
                    co_await twill_test::ask(here.local(), twill_test::get_last(target));
                const bool later = twill_test::has(said, "\r\nRetry-After: 1\r\n");
                co_return twill_test::status_line(said).substr(9, 3) + (later ? " later" : "");
            };
            EXPECT_EQ(co_await status("/search?q=a"), "503 later");
            EXPECT_EQ(co_await status("/readyz"), "503");
            EXPECT_EQ(co_await status("/healthz"), "200");
            let_go.count_down();
            co_await here.files().ready().wait();
            EXPECT_EQ((co_await client.search("a")).lines.size(), 1U);
            EXPECT_EQ((co_await client.get("/readyz")).status, 200);
            here.stop();
        });
    });
}

// An expression that RE2 cannot make a small automaton of, over a text that is long for it.
constexpr const char* slow_search = "[ab]*a[ab]{400}c&mode=regex&case=exact";

std::string slow_text() {
    std::string text;
    std::uint32_t random = 1;
    for (int i = 0; i < 24'000'000; ++i) {
        random = random * 1664525 + 1013904223;
        text += i % 8000 == 7999 ? '\n' : (random >> 31) != 0 ? 'a' : 'b';
    }
    return text;
}

TEST(SearchService, a_client_that_leaves_ends_its_search) {
    const temporary_directory folder;
    put(folder, "text", slow_text());
    auto options = over(folder);
    options.index.largest_file = 100 << 20;
    options.search_limit = 1h;
    beside_service(options, [&](service& here, asking&) -> task<> {
        twill::time_point left;
        {
            auto stream = co_await twill::connect(here.local());
            co_await stream.write_all("GET /search?q=" + std::string(slow_search) +
                                      " HTTP/1.1\r\nHost: a\r\n\r\n");
            while (here.counted().searching == 0) co_await twill::sleep(1ms);
            co_await twill::sleep(20ms);
            EXPECT_EQ(here.counted().searching, 1);
            left = twill::now();
        }
        while (here.counted().searching != 0 && twill::now() - left < 30s)
            co_await twill::sleep(1ms);
        const auto took = twill::now() - left;
        EXPECT_EQ(here.counted().searches[std::size_t(search::ending::cancelled)], 1U);
        EXPECT_LT(took, 10s) << "its search alone takes longer";
        ::testing::Test::RecordProperty(
            "milliseconds",
            static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
    });
}

TEST(SearchService, a_search_that_takes_too_long_says_so) {
    const temporary_directory folder;
    put(folder, "a", "aca\n");
    put(folder, "text", slow_text());
    auto options = over(folder);
    options.index.largest_file = 100 << 20;
    options.search_limit = 50ms;
    beside_service(options, [&](service&, asking& client) -> task<> {
        const auto got = co_await client.search(slow_search);
        EXPECT_EQ(got.done["end"], "late");
    });
}

TEST(SearchService, searches_beyond_the_limit_wait_and_are_then_refused) {
    const temporary_directory folder;
    put(folder, "text", slow_text());
    auto options = over(folder);
    options.index.largest_file = 100 << 20;
    options.searches = 1;
    options.queue_limit = 20ms;
    options.search_limit = 1h;
    beside_service(options, [&](service& here, asking& client) -> task<> {
        auto stream = co_await twill::connect(here.local());
        co_await stream.write_all("GET /search?q=" + std::string(slow_search) +
                                  " HTTP/1.1\r\nHost: a\r\n\r\n");
        while (here.counted().searching == 0) co_await twill::sleep(1ms);
        auto got = co_await client.web().get(client.at() + "/search?q=a");
        EXPECT_EQ(got.status(), 503);
        EXPECT_EQ(got.header("Retry-After"), "1");
    });
}

}  // namespace
