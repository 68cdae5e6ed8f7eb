// The page in a real browser: Chromium without a window, led through its debugging protocol.
#include "search_service.hpp"

#include <gtest/gtest.h>

#include <twill/core/timeout.hpp>
#include <twill/io/buffered_reader.hpp>
#include <twill/io/process.hpp>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using search_test::json;
using search_test::put;
using twill::stdio;
using twill::task;
using twill_test::temporary_directory;

std::string chromium() {
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"})
        if (const auto found = twill::find_program(name)) return found.path;
    return {};
}

// A browser with one page. Commands go to its descriptor 3, answers and events come from 4, each a
// JSON text with a NUL behind it.
class browser {
public:
    browser(const std::string& program, const std::string& profile)
        : process_(twill::process::start(
              {.arguments = {"sh", "-c", R"(exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>/dev/null)",
                             program, "--headless", "--no-sandbox", "--disable-gpu",
                             "--disable-dev-shm-usage", "--no-first-run", "--mute-audio",
                             "--remote-debugging-pipe", "--user-data-dir=" + profile},
               .in = stdio::pipe(),
               .out = stdio::pipe(),
               .err = stdio::null(),
               .own_group = true})),
          messages_(process_.out(), {.max_line = 64 << 20}) {}

    [[nodiscard]] task<> open(std::string address) {
        json what;
        what["url"] = "about:blank";
        const auto made = co_await call("Target.createTarget", what);
        json whom;
        whom["targetId"] = made["targetId"];
        whom["flatten"] = true;
        const auto attached = co_await call("Target.attachToTarget", whom);
        session_ = attached["sessionId"];
        for (const char* domain : {"Page.enable", "Runtime.enable", "Log.enable"})
            co_await call(domain, json::object());
        json where;
        where["url"] = address;
        co_await call("Page.navigate", where);
        // Until the new document is there the old one answers, or nobody.
        while (!co_await is_at(address)) co_await twill::sleep(10ms);
    }

    // The value of an expression in the page; of a promise, what it comes to.
    [[nodiscard]] task<json> evaluate(std::string expression) {
        json what;
        what["expression"] = expression;
        what["awaitPromise"] = what["returnByValue"] = true;
        auto got = co_await call("Runtime.evaluate", what);
        if (got.contains("exceptionDetails"))
            throw std::runtime_error(got["exceptionDetails"].dump());
        co_return got["result"].value("value", json());
    }

    // Waits until an expression is true.
    [[nodiscard]] task<> until(std::string condition) {
        co_await evaluate("new Promise(go => { const look = () => (" + condition +
                          ") ? go() : setTimeout(look, 10); look(); })");
    }

    // As if typed, letter by letter.
    [[nodiscard]] task<> type(std::string_view text) {
        for (const char each : text) {
            json what;
            what["text"] = std::string(1, each);
            co_await call("Input.insertText", what);
        }
    }

    // What the page complained of: exceptions, refused content.
    [[nodiscard]] const std::vector<std::string>& complaints() const noexcept {
        return complaints_;
    }

    [[nodiscard]] task<> close() { co_await process_.terminate(); }

private:
    [[nodiscard]] task<bool> is_at(std::string address) {
        try {
            const auto got =
                co_await evaluate("document.readyState === 'complete' ? location.href : ''");
            co_return got == address;
        } catch (const std::runtime_error&) {
            co_return false;  // the document went while it was asked
        }
    }

    [[nodiscard]] task<json> call(std::string method, json parameters) {
        const int id = ++last_id_;
        json request = {{"id", id}, {"method", method}, {"params", std::move(parameters)}};
        if (!session_.empty()) request["sessionId"] = session_;
        const std::string text = request.dump() + '\0';
        co_await process_.in().write_all(std::as_bytes(std::span(text)));
        for (;;) {
            const auto got = co_await messages_.read_until(std::string_view("\0", 1));
            if (!got) throw std::runtime_error("the browser has ended");
            const auto message = json::parse(got->substr(0, got->size() - 1));
            if (message.value("id", 0) == id) {
                if (message.contains("error")) throw std::runtime_error(message.dump());
                co_return message["result"];
            }
            const auto event = message.value("method", "");
            // A wrong query is refused by a status, which the browser notes, too.
            const auto entry = message.value("params", json()).value("entry", json::object());
            if (event == "Runtime.exceptionThrown" ||
                (entry.value("level", "") == "error" && entry.value("source", "") != "network"))
                complaints_.push_back(message.dump());
        }
    }

    twill::process process_;
    twill::buffered_reader<twill::pipe_reader> messages_;
    std::string session_;
    int last_id_ = 0;
    std::vector<std::string> complaints_;
};

json both(const std::string& one, const std::string& two) { return json::array({one, two}); }

task<> use_page(const temporary_directory& folder, std::string program, search::service& here,
                std::string at) {
    const temporary_directory profile;
    browser in(program, profile.path());
    co_await in.open(at + "/");
    co_await in.until("document.activeElement.id === 'q'");  // one can type at once

    co_await in.type("needle");
    co_await in.until(
        "document.body.dataset.search === 'done' && q.value === 'needle' && "
        "document.querySelectorAll('mark').length === 3");
    EXPECT_EQ(co_await in.evaluate("[...document.querySelectorAll('section h2')].map(each => "
                                   "each.textContent)"),
              both(folder.path() + "/a.txt", folder.path() + "/b.html"));
    EXPECT_EQ(co_await in.evaluate("[...document.querySelectorAll('li code')].map(each => "
                                   "each.textContent)"),
              both("a needle, a Needle", "<b>needle</b><script>document.title='bad'</script>"))
        << "what is in a file is shown, not run";
    EXPECT_NE(co_await in.evaluate("document.title"), "bad");
    EXPECT_EQ(co_await in.evaluate("location.hash"), "#q=needle&mode=literal&case=smart");

    // The text, at the line.
    co_await in.evaluate("document.querySelectorAll('li a')[0].click()");
    co_await in.until("document.querySelector('dialog').open && document.querySelector('.here')");
    EXPECT_EQ(co_await in.evaluate("document.querySelector('.here code').textContent"),
              "a needle, a Needle");
    co_await in.evaluate("document.querySelector('dialog button').click()");

    // A wrong expression, while it is typed, and the way out of it.
    co_await in.evaluate("q.value = ''; mode.value = 'regex'; q.focus()");
    co_await in.type("ne{2}(");
    co_await in.until("document.querySelector('#status.wrong') && q.value === 'ne{2}('");
    EXPECT_EQ(co_await in.evaluate("document.querySelectorAll('section').length"), 0);
    co_await in.type("d)");
    co_await in.until(
        "document.querySelectorAll('mark').length === 3 && "
        "!document.querySelector('#status.wrong')");

    // What changes in the files shows with the next query.
    put(folder, "c.txt", "another haystack\n");
    co_await in.evaluate("q.value = ''; mode.value = 'literal'; q.focus()");
    const auto updates = here.files().statistics().updates.load();
    while (here.files().read()->documents.size() < 3) co_await twill::sleep(5ms);
    EXPECT_GE(here.files().statistics().updates, updates);
    co_await in.type("haystack");
    co_await in.until("document.querySelectorAll('mark').length === 1");

    // A line a figure, all in all ten, and what each is now.
    co_await in.until("document.querySelectorAll('aside path').length === 10");
    EXPECT_EQ(
        co_await in.evaluate("[...document.querySelectorAll('aside output')].filter(each => "
                             "!each.textContent || /NaN|undefined/.test(each.textContent)).length"),
        0);
    EXPECT_EQ(in.complaints(), std::vector<std::string>());
    co_await in.close();
}

TEST(SearchBrowser, one_types_and_sees_what_is_found) {
    const std::string program = chromium();
    if (program.empty()) {
        EXPECT_EQ(std::getenv("TWILL_TEST_BROWSER"), nullptr) << "and it was asked for";
        GTEST_SKIP() << "there is no chromium here (scripts/setup browser)";
    }
    const temporary_directory folder;
    put(folder, "a.txt", "first\na needle, a Needle\n");
    put(folder, "b.html", "<b>needle</b><script>document.title='bad'</script>\n");
    search::service_options options;
    options.index.folders = search::folders_to_index({folder.path()});
    search_test::beside_service(
        options, [&](search::service& here, search_test::asking& client) -> task<> {
            co_await twill::with_timeout(55s, use_page(folder, program, here, client.at()));
        });
}

}  // namespace
