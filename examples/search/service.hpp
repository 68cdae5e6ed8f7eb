// The service: what it answers by HTTP, and its life from start to drain.
//
//     GET /                 the page
//     GET /search?q=&mode=literal|regex&case=smart|ignore|exact&most=
//                           Server-Sent Events: found, progress, and done as the last one
//     GET /file?path=       a text of the index
//     GET /stats            Server-Sent Events: figures, once a second
//     GET /metrics          for Prometheus
//     GET /healthz          200 while the program runs
//     GET /readyz           200 once all is indexed and until it drains
#pragma once

#include "index.hpp"
#include "line_log.hpp"
#include "metrics.hpp"
#include "scan.hpp"

#include <twill/async/manual_reset_event.hpp>
#include <twill/async/semaphore.hpp>
#include <twill/async/watch.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/io/endpoint.hpp>
#include <twill/net/http_server.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace search {

struct service_options {
    index_options index;
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;  // 0: any that is free

    // A search that takes longer ends with what it has found.
    twill::duration search_limit = std::chrono::seconds(10);
    // So many searches run at a time; others wait for `queue_limit`, and then get 503.
    std::size_t searches = 16;
    twill::duration queue_limit = std::chrono::seconds(2);
    // The most lines that a search may ask for.
    std::size_t most_lines = 10'000;

    // Once it is told to stop it says by /readyz that it will, and goes on for so long: until those
    // who send requests here have seen it.
    twill::duration drain_delay = twill::duration::zero();
    // Then requests under way have so long.
    twill::duration drain_limit = std::chrono::seconds(10);

    // Where the access log goes, a line a request; -1: there is none.
    int log_descriptor = -1;
};

class service {
public:
    // Listens from now on. Throws io_error, usage_error for an address that is none.
    explicit service(service_options options);
    ~service();
    service(const service&) = delete;
    service& operator=(const service&) = delete;

    // Where it listens.
    [[nodiscard]] twill::endpoint local() const { return server_.local(); }

    // Indexes and serves until `stop` is called; then it drains, and returns when all requests were
    // answered. Cancelled: the same, without the delay. Once.
    [[nodiscard]] twill::task<> run();

    // Begins the end; again: without further delay. Any thread.
    void stop() noexcept;

    [[nodiscard]] index& files() noexcept { return index_; }
    [[nodiscard]] const metrics& counted() const noexcept { return metrics_; }
    [[nodiscard]] bool draining() const noexcept { return stopping_.is_set(); }

private:
    [[nodiscard]] twill::http::handler routes();
    [[nodiscard]] twill::task<> answer_page(twill::http::exchange& x);
    [[nodiscard]] twill::task<> answer_search(twill::http::exchange& x);
    [[nodiscard]] twill::task<> search_if_possible(twill::http::exchange& x,
                                                   twill::time_point began);
    [[nodiscard]] twill::task<> answer_file(twill::http::exchange& x);
    [[nodiscard]] twill::task<> answer_stats(twill::http::exchange& x);
    [[nodiscard]] twill::task<> answer_metrics(twill::http::exchange& x);
    [[nodiscard]] twill::task<> answer_ready(twill::http::exchange& x);

    [[nodiscard]] twill::task<ending> search_for(twill::http::exchange& x, const matcher& what,
                                                 std::size_t most, twill::time_point began);
    [[nodiscard]] twill::task<twill::semaphore_permit> wait_for_slot();
    // All that was counted until then.
    struct moment {
        twill::time_point when;
        durations::counts requests;
        durations::counts searches;
        std::uint64_t answered;
        std::uint64_t bytes;
        pool_figures pools;
    };
    [[nodiscard]] moment look(twill::runtime& in) const;
    [[nodiscard]] std::string figures_of(const moment& now, const moment& before);
    [[nodiscard]] twill::task<> sample();
    [[nodiscard]] twill::task<> serve();
    void note(const twill::http::access& one);

    service_options options_;
    metrics metrics_;
    index index_;
    line_log log_;
    twill::semaphore slots_;
    // What /stats sends, anew each second while anybody looks.
    twill::watch<std::string> figures_;
    twill::manual_reset_event stopping_;
    twill::manual_reset_event stop_now_;
    twill::http::server server_;
};

}  // namespace search
