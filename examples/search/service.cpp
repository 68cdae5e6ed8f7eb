#include "service.hpp"

#include "json.hpp"
#include "page.hpp"
#include "prometheus.hpp"

#include <twill/async/interval.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_any.hpp>
#include <twill/net/http_events.hpp>
#include <twill/net/http_router.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace search {
namespace {

using namespace std::chrono_literals;
using twill::task;
using twill::http::exchange;

double in_seconds(twill::duration length) { return std::chrono::duration<double>(length).count(); }

std::string seconds_text(twill::duration length) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f ms", in_seconds(length) * 1000);
    return text;
}

// Why a search cannot be made at the moment.
class busy : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A number within the limits; `otherwise` when none was given. Throws bad_query.
std::size_t number_of(const std::optional<std::string>& text, std::size_t otherwise,
                      std::size_t most) {
    if (!text || text->empty()) return otherwise;
    std::size_t number = 0;
    const char* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || number < 1 || number > most)
        throw bad_query("most is a number from 1 to " + std::to_string(most));
    return number;
}

// The line in turns: what is not part of a match, what is, and so on.
void append_parts(std::string& to, const found_line& line) {
    const std::string_view text = line.text;
    std::size_t from = 0;
    to += '[';
    for (const match& each : line.marks) {
        append_json(to, text.substr(from, each.begin - from));
        to += ',';
        append_json(to, text.substr(each.begin, each.end - each.begin));
        to += ',';
        from = each.end;
    }
    append_json(to, text.substr(from));
    to += ']';
}

// [{"path":"/a/b","lines":[{"number":7,"parts":["int ","main","()"]}]}]
std::string text_of(const std::vector<found_document>& found) {
    std::string text = "[";
    for (const auto& each : found) {
        if (text.size() > 1) text += ',';
        text += '{';
        append_member(text, "path", each.in->path);
        text += ",\"lines\":[";
        for (std::size_t i = 0; i < each.lines.size(); ++i) {
            text += i == 0 ? "{" : ",{";
            append_member(text, "number", each.lines[i].number);
            text += ",\"parts\":";
            append_parts(text, each.lines[i]);
            text += '}';
        }
        text += "]}";
    }
    return text += ']';
}

std::string text_of(const scan_progress& now, const corpus& all, twill::duration took,
                    std::string_view how) {
    std::string text = "{";
    if (!how.empty()) append_member(text, "end", how);
    append_member(text, "lines", std::uint64_t{now.lines});
    append_member(text, "matched", std::uint64_t{now.matched});
    append_member(text, "documents", std::uint64_t{now.documents});
    append_member(text, "of", std::uint64_t{all.documents.size()});
    append_member(text, "bytes", now.bytes);
    append_member(text, "milliseconds", in_seconds(took) * 1000);
    return text += '}';
}

// Of what was counted between the two, in milliseconds; of nothing there are none.
void append_quantiles(std::string& to, const std::string& of, durations::counts now,
                      const durations::counts& before) {
    for (std::size_t i = 0; i < now.size(); ++i) now[i] -= before[i];
    if (durations::quantile(now, 1) == 0) return;
    append_member(to, of + "_p50", durations::quantile(now, 0.5) * 1000);
    append_member(to, of + "_p99", durations::quantile(now, 0.99) * 1000);
}

task<> say(exchange& x, int status, std::string text) {
    x.set("Cache-Control", "no-store");
    co_await x.respond(status, text += '\n');
}

}  // namespace

service::service(service_options options)
    : options_(std::move(options)),
      index_(options_.index),
      log_(options_.log_descriptor),
      slots_(options_.searches),
      figures_("{}"),
      server_({.port = options_.port,
               .address = options_.address,
               .connection = {.max_content = 0,
                              .access_log = [this](const auto& one) { note(one); },
                              .report = options_.index.report},
               .drain_limit = options_.drain_limit}) {}

service::~service() = default;

void service::stop() noexcept {
    if (stopping_.is_set()) stop_now_.set();
    stopping_.set();
}

void service::note(const twill::http::access& one) {
    metrics_.request(one.request.path(), one.status, one.took);
    log_.add(std::string(one.peer) + " \"" + std::string(one.request.method()) + ' ' +
             std::string(one.request.target()) + "\" " + std::to_string(one.status) + ' ' +
             std::to_string(one.sent) + ' ' + seconds_text(one.took));
}

twill::http::handler service::routes() {
    twill::http::router made;
    made.on("GET", "/", [this](exchange& x) { return answer_page(x); })
        .on("GET", "/search", [this](exchange& x) { return answer_search(x); })
        .on("GET", "/file", [this](exchange& x) { return answer_file(x); })
        .on("GET", "/stats", [this](exchange& x) { return answer_stats(x); })
        .on("GET", "/metrics", [this](exchange& x) { return answer_metrics(x); })
        .on("GET", "/healthz", [](exchange& x) { return say(x, 200, "alive"); })
        .on("GET", "/readyz", [this](exchange& x) { return answer_ready(x); });
    return made;
}

task<> service::answer_page(exchange& x) {
    // It needs nothing but itself and this service; what is in files is shown and never run.
    x.set("Content-Security-Policy",
          "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
          "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
          "frame-ancestors 'none'")
        .set("X-Content-Type-Options", "nosniff")
        .set("Cache-Control", "no-cache");
    co_await x.respond(200, page, "text/html; charset=utf-8");
}

task<> service::answer_ready(exchange& x) {
    if (draining())
        co_await say(x, 503, "it is about to end");
    else if (!index_.ready().is_set())
        co_await say(x, 503,
                     "it reads the files: " + std::to_string(index_.statistics().read) + " so far");
    else
        co_await say(x, 200, "ready");
}

task<> service::answer_file(exchange& x) {
    // What is not in the index is not shown, whatever the path says.
    const auto all = index_.read();
    const document* const one = all->find(x.request().query("path"));
    if (one == nullptr) throw twill::http::error(404, "there is no such text in the index");
    std::string again;
    if (!one->resident)
        again =
            co_await twill::blocking([&] { return read_again(*one, options_.index.largest_file); });
    x.set("X-Content-Type-Options", "nosniff").set("Cache-Control", "no-store");
    co_await x.respond(200, one->resident ? one->text : again);
}

task<twill::semaphore_permit> service::wait_for_slot() {
    try {
        co_return co_await twill::with_timeout(options_.queue_limit, slots_.acquire());
    } catch (const twill::timed_out&) {
        co_return twill::semaphore_permit();
    }
}

task<> service::answer_search(exchange& x) {
    const auto began = twill::now();
    ending how = ending::refused;
    std::string why;
    try {
        co_await search_if_possible(x, began);
    } catch (const bad_query& failure) {
        why = failure.what();
    } catch (const busy& failure) {
        how = ending::busy;
        why = failure.what();
    }
    if (why.empty()) co_return;
    metrics_.search_ended(how, twill::now() - began);
    if (how == ending::busy) x.set("Retry-After", "1");
    co_await say(x, how == ending::busy ? 503 : 400, std::move(why));
}

// Throws bad_query and busy before anything was answered.
task<> service::search_if_possible(exchange& x, twill::time_point began) {
    const auto asked =
        query::parse(x.request().query("q"), x.request().query("mode"), x.request().query("case"));
    const auto most = number_of(x.request().find_query("most"), 500, options_.most_lines);
    if (!index_.ready().is_set()) throw busy("the files are still being read");
    const auto slot = co_await wait_for_slot();
    if (!slot) throw busy("too many searches at a time");
    // To compile a large expression takes milliseconds, for which others must not wait.
    std::optional<matcher> what;
    if (asked.kind == query_kind::literal)
        what.emplace(asked);
    else
        co_await twill::compute([&] { what.emplace(asked); },
                                {.priority = twill::priority::interactive, .name = "compile"});
    ++metrics_.searching;
    std::exception_ptr failure;
    ending how = ending::cancelled;
    try {
        how = co_await search_for(x, *what, most, began);
    } catch (...) {
        // Cancelled, or the client has gone in the middle of an event.
        failure = std::current_exception();
    }
    --metrics_.searching;
    metrics_.search_ended(how, twill::now() - began);
    if (failure) std::rethrow_exception(failure);
}

task<ending> service::search_for(exchange& x, const matcher& what, std::size_t most,
                                 twill::time_point began) {
    const auto all = index_.read();
    twill::http::event_stream events(x);
    scan_progress last;
    bool is_first = true;
    const take_found take = [&](const std::vector<found_document>& found,
                                const scan_progress& now) -> task<> {
        metrics_.scanned_bytes += now.bytes - last.bytes;
        metrics_.scanned_documents += now.documents - last.documents;
        metrics_.found_lines += now.lines - last.lines;
        last = now;
        // Said in any case: so it shows that a client has gone that is waiting for nothing.
        if (!found.empty()) {
            co_await events.send(text_of(found), {.event = "found"});
            if (std::exchange(is_first, false)) metrics_.first_results.add(twill::now() - began);
        }
        co_await events.send(text_of(now, *all, twill::now() - began, {}), {.event = "progress"});
    };
    ending how = ending::late;
    const scan_options options{.most_lines = most, .largest_file = options_.index.largest_file};
    try {
        last = co_await twill::with_timeout(options_.search_limit, scan(*all, what, options, take));
        how = last.complete ? ending::complete : ending::limit;
    } catch (const twill::timed_out&) {
        // What was found until then is there.
    }
    co_await events.send(
        text_of(last, *all, twill::now() - began, ending_names[static_cast<std::size_t>(how)]),
        {.event = "done"});
    co_return how;
}

// Follows the figures until the client leaves, or the service ends.
task<> service::answer_stats(exchange& x) {
    twill::http::event_stream events(x);
    const auto send_all = [&]() -> task<> {
        twill::watcher<std::string> mine(figures_);
        do {
            co_await events.send(*mine.read());
        } while (co_await mine.changed());
    };
    const auto until_the_end = [&]() -> task<> { co_await stopping_.wait(); };
    co_await twill::when_any(send_all(), until_the_end());
}

task<> service::answer_metrics(exchange& x) {
    auto& runtime = co_await twill::this_runtime();
    const std::string text =
        prometheus_text(metrics_, index_, runtime, log_.lost(), server_.connections());
    x.set("Cache-Control", "no-store");
    co_await x.respond(200, text, "text/plain; version=0.0.4; charset=utf-8");
}

service::moment service::look(twill::runtime& in) const {
    return {twill::now(),
            metrics_.request_times.read(),
            metrics_.search_times.read(),
            metrics_.all_requests(),
            metrics_.scanned_bytes.load(),
            ask_pools(in)};
}

// What has happened between two moments, as the page reads it.
std::string service::figures_of(const moment& now, const moment& before) {
    const double length = in_seconds(now.when - before.when);
    const auto a_second = [&](std::uint64_t later, std::uint64_t sooner) {
        return static_cast<double>(later - sooner) / length;
    };
    std::string text = "{";
    append_member(text, "requests", a_second(now.answered, before.answered));
    append_quantiles(text, "request", now.requests, before.requests);
    append_quantiles(text, "search", now.searches, before.searches);
    append_member(text, "scanned", a_second(now.bytes, before.bytes));
    const auto& [event, compute, blocking] = now.pools;
    const auto& was = before.pools;
    append_member(text, "tasks", a_second(event.tasks_run, was.event.tasks_run));
    append_member(
        text, "parts",
        a_second(compute.regions + compute.steals, was.compute.regions + was.compute.steals));
    append_member(text, "steals", a_second(compute.steals, was.compute.steals));
    append_member(text, "event_busy", in_seconds(event.event_busy - was.event.event_busy) / length);
    append_member(text, "compute_busy", in_seconds(compute.busy - was.compute.busy) / length);
    append_member(text, "blocking_busy", in_seconds(blocking.busy - was.blocking.busy) / length);
    append_member(text, "searching",
                  static_cast<std::uint64_t>(std::max<std::int64_t>(0, metrics_.searching)));
    append_member(text, "connections", std::uint64_t{server_.connections()});
    const auto all = index_.read();
    append_member(text, "documents", std::uint64_t{all->documents.size()});
    append_member(text, "bytes", all->bytes);
    append_member(text, "read", index_.statistics().read.load());
    append_member(text, "updates", index_.statistics().updates.load());
    append_member(text, "ready", index_.ready().is_set());
    return text += '}';
}

// Once a second.
task<> service::sample() {
    auto& runtime = co_await twill::this_runtime();
    moment before = look(runtime);
    twill::interval every(1s);
    for (;;) {
        co_await every.tick();
        const moment now = look(runtime);
        figures_.set(figures_of(now, before));
        before = now;
    }
}

task<> service::serve() {
    co_await twill::scope([&](twill::scope_ref s) -> task<> {
        s.spawn(&twill::http::server::serve, &server_, routes());
        s.spawn([this] { return index_.run(); });
        s.spawn([this] { return sample(); });
        co_await stopping_.wait();
        const auto delay = [this]() -> task<> { co_await twill::sleep(options_.drain_delay); };
        const auto hurry = [this]() -> task<> { co_await stop_now_.wait(); };
        co_await twill::when_any(delay(), hurry());
        s.cancel();
    });
}

task<> service::run() {
    co_await twill::scope([&](twill::scope_ref s) -> task<> {
        // Outside of what is cancelled: requests that are answered at the end are logged.
        s.spawn([this] { return log_.run(); });
        std::exception_ptr failure;
        try {
            co_await serve();
        } catch (...) {
            failure = std::current_exception();
        }
        log_.close();
        if (failure) std::rethrow_exception(failure);
    });
}

}  // namespace search
