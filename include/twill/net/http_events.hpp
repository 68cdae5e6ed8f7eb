// Server-Sent Events: a response that goes on, as browsers read it by `EventSource`.
//
//     twill::task<> ticks(twill::http::exchange& x) {
//         twill::http::event_stream events(x);
//         for (int i = 0;; ++i) {
//             co_await events.send(std::to_string(i), {.event = "tick"});
//             co_await twill::sleep(1s);
//         }
//     }
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/net/http_exchange.hpp>

#include <string_view>

namespace twill::inline TWILL_ABI::http {

struct event_fields {
    std::string_view event = {};  // its type; without one "message"
    std::string_view id = {};     // the client says it when it comes back: header "Last-Event-ID"
    duration retry = duration::zero();  // after how long it comes back; zero: nothing is said
};

// Begins a response of events, without limit in time. The handler ends it by returning.
class TWILL_API event_stream {
public:
    // Throws usage_error when a response was begun already.
    explicit event_stream(exchange& x);

    // One event, sent at once. `data` may have several lines. Throws io_error when the client is
    // gone; usage_error for a type or an id with a line end or a NUL.
    [[nodiscard]] task<> send(std::string_view data, event_fields more = {});
    // What the client does not see: it keeps connections open that proxies would close.
    [[nodiscard]] task<> ping();

    // The id of the last event that this client has seen, when it came back; else "".
    [[nodiscard]] std::string_view last_id() const noexcept;

private:
    exchange* x_;
};

}  // namespace twill::inline TWILL_ABI::http
