#include "prometheus.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

namespace search {
namespace {

class text_format {
public:
    void about(std::string_view name, std::string_view type, std::string_view help) {
        text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
        text_.append(name).append(" ").append(type) += '\n';
    }
    // `labels`: `a="b",c="d"`; their values are the program's own, and need no escapes.
    template <class Number>
    void value(std::string_view name, std::string_view labels, Number number) {
        text_ += name;
        if (!labels.empty()) text_.append("{").append(labels) += '}';
        char digits[32];
        const auto end = std::to_chars(digits, digits + sizeof digits, number);
        text_.append(" ").append(digits, end.ptr) += '\n';
    }
    template <class Number>
    void one(std::string_view name, std::string_view type, std::string_view help, Number number) {
        about(name, type, help);
        value(name, {}, number);
    }
    void histogram(std::string_view name, std::string_view help, const durations& of) {
        about(name, "histogram", help);
        const auto counts = of.read();
        const std::string buckets = std::string(name) + "_bucket";
        std::uint64_t all = 0;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            all += counts[i];
            // At the ends of octaves, from 0.1 ms to a minute.
            const double end = durations::end_of(i);
            if ((i + 1) % durations::steps == 0 && end > 1e-4 && end < 70)
                value(buckets, "le=\"" + number(end) + '"', all);
        }
        value(buckets, "le=\"+Inf\"", all);
        value(std::string(name) + "_sum", {}, of.seconds());
        value(std::string(name) + "_count", {}, all);
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    static std::string number(double value) {
        char digits[32];
        const auto end = std::to_chars(digits, digits + sizeof digits, value);
        return {digits, end.ptr};
    }
    std::string text_;
};

void requests(text_format& to, const metrics& counted) {
    to.about("search_http_requests_total", "counter", "Requests that were answered.");
    for (std::size_t r = 0; r < counted.requests.size(); ++r)
        for (std::size_t code = 0; code < counted.requests[r].size(); ++code)
            if (const auto count = counted.requests[r][code].load(); count != 0)
                to.value("search_http_requests_total",
                         "route=\"" + std::string(route_names[r]) + "\",code=\"" +
                             std::to_string(code) + '"',
                         count);
    to.histogram("search_http_request_seconds",
                 "From the end of a request's head to that of the response; without /stats.",
                 counted.request_times);
}

void searches(text_format& to, const metrics& counted) {
    to.about("search_searches_total", "counter", "Searches by how they ended.");
    for (std::size_t i = 0; i < ending_names.size(); ++i)
        to.value("search_searches_total", "end=\"" + std::string(ending_names[i]) + '"',
                 counted.searches[i].load());
    to.histogram("search_search_seconds", "Searches that were not cancelled or refused.",
                 counted.search_times);
    to.histogram("search_first_result_seconds", "Until the first lines of a search were sent.",
                 counted.first_results);
    to.one("search_searching", "gauge", "Searches at the moment.",
           std::max<std::int64_t>(0, counted.searching.load()));
    to.one("search_scanned_bytes_total", "counter", "Text that was searched.",
           counted.scanned_bytes.load());
    to.one("search_scanned_documents_total", "counter", "Texts that were searched.",
           counted.scanned_documents.load());
    to.one("search_found_lines_total", "counter", "Lines that were found.",
           counted.found_lines.load());
}

void files(text_format& to, const index& of) {
    const auto& known = of.statistics();
    const auto all = of.read();
    to.one("search_index_documents", "gauge", "Texts in the index.",
           std::uint64_t{all->documents.size()});
    to.one("search_index_bytes", "gauge", "Their size.", all->bytes);
    to.one("search_index_resident_bytes", "gauge", "Of it, kept in memory.", all->resident_bytes);
    to.about("search_index_skipped", "gauge", "Files that are not in the index.");
    to.value("search_index_skipped", R"(why="binary")", known.binary.load());
    to.value("search_index_skipped", R"(why="too_large")", known.too_large.load());
    to.value("search_index_skipped", R"(why="unreadable")", known.unreadable.load());
    to.one("search_index_watching", "gauge", "Whether the kernel tells of all changes.",
           known.watching ? 1 : 0);
    to.one("search_index_read_files_total", "counter", "Files that were read.", known.read.load());
    to.one("search_index_changes_total", "counter", "Changes that the kernel told of.",
           known.changes.load());
    to.one("search_index_changes_lost_total", "counter",
           "How often changes came faster than they were taken.", known.lost.load());
    to.one("search_index_updates_total", "counter", "New versions of the index.",
           known.updates.load());
    to.one("search_index_scans_total", "counter", "How often all files were looked at.",
           known.scans.load());
}

double in_seconds(twill::duration length) { return std::chrono::duration<double>(length).count(); }

// One value for each of the pools.
template <class Number>
void of_pools(text_format& to, std::string_view name, std::string_view help, Number event,
              Number compute, Number blocking) {
    to.about(name, "counter", help);
    to.value(name, R"(pool="event")", event);
    to.value(name, R"(pool="compute")", compute);
    to.value(name, R"(pool="blocking")", blocking);
}

void pools(text_format& to, twill::runtime& in) {
    const auto [event, compute, blocking] = ask_pools(in);
    of_pools(to, "twill_run_total",
             "Tasks, parallel regions and blocking calls: how often one was run.", event.tasks_run,
             compute.regions, blocking.jobs);
    of_pools(to, "twill_busy_seconds_total", "How long threads were at work.",
             in_seconds(event.event_busy), in_seconds(compute.busy), in_seconds(blocking.busy));
    to.about("twill_parks_total", "counter", "How often a thread went to sleep for want of work.");
    to.value("twill_parks_total", R"(pool="event")", event.event_parks);
    to.value("twill_parks_total", R"(pool="compute")", compute.parks);
    to.about("twill_steals_total", "counter", "How often a thread took work of another.");
    to.value("twill_steals_total", R"(pool="event")", event.event_steals);
    to.value("twill_steals_total", R"(pool="compute")", compute.steals);
    to.one("twill_promotions_total", "counter", "Forks that were offered to other threads.",
           compute.promotions);
    to.one("twill_event_threads", "gauge", "Threads that run tasks.", event.event_threads);
    to.one("twill_held_up_total", "counter",
           "Tasks that held an event thread too long while others waited.", event.held_up);
    to.one("twill_hand_overs_total", "counter",
           "How often another event thread went on with the other tasks.", event.hand_overs);
    to.one("twill_throttled_periods_total", "counter",
           "Periods of a CPU quota in which the process was stopped.", event.throttled_periods);
    to.one("twill_compute_workers", "gauge", "Threads that may compute at a time.",
           in.compute().workers());
    to.one("twill_compute_threads_started_total", "counter", "Threads of the compute pool so far.",
           in.compute().threads());
    to.one("twill_blocking_threads", "gauge", "Threads of the blocking pool.", blocking.threads);
    to.one("twill_blocking_idle_threads", "gauge", "Of them, without a call.", blocking.idle);
    to.one("twill_blocking_queued", "gauge", "Calls that wait for a thread.",
           std::uint64_t{blocking.queued});
}

}  // namespace

std::string prometheus_text(const metrics& counted, const index& of, twill::runtime& in,
                            std::uint64_t log_lines_lost, std::size_t connections) {
    text_format to;
    requests(to, counted);
    to.one("search_http_connections", "gauge", "Connections at the moment.",
           std::uint64_t{connections});
    searches(to, counted);
    files(to, of);
    pools(to, in);
    to.one("search_log_lines_lost_total", "counter", "Lines of the access log that were dropped.",
           log_lines_lost);
    return to.take();
}

}  // namespace search
