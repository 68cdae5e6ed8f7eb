// What a client is thrown when something is wrong: with its request, with the handler, with the
// time that it took.

#include "http_connection.hpp"

#include <twill/core/error.hpp>
#include <twill/core/shield.hpp>

#include <sys/socket.h>

namespace twill::inline TWILL_ABI::detail {

// A short response of the connection's own.
void http_connection::put(int status, std::string_view content) {
    keep_ = out_.put(status, request_, may_keep(), content);
}

// For what no handler is to see, or to see any longer.
void http_connection::refuse(int status, std::string_view why) {
    out_.next_response();
    keep_ = false;
    refused_ = true;
    put(status, std::string(why) + '\n');
    log();
}

// The same for what is no request, or not all of one. (One that announces too long a content is:
// the access log is told whose.)
void http_connection::refuse_head(int status, std::string_view why) {
    constexpr int too_long_content = 413;
    request_ = {};
    if (status == too_long_content) take_head();
    head_came_ = now();
    logged_ = false;
    refuse(status, why);
}

// Brings the response to its end, whatever the handler left.
void http_connection::conclude(const std::exception_ptr& failure) {
    if (!failure && begun() && !out_.is_short())
        out_.end();
    else
        conclude_badly(failure);
}

void http_connection::conclude_badly(const std::exception_ptr& failure) {
    const auto report = [&](const std::string& what) {
        service_.report("http: " + std::string(request_.method()) + ' ' +
                        std::string(request_.path()) + ": " + what);
    };
    http::error answer(500);
    if (failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const http::error& thrown) {
            if (is_final_status(thrown.status()))
                answer = thrown;
            else
                report("the handler threw the status " + std::to_string(thrown.status()) + ": " +
                       thrown.what());
            if (begun() && !out_.is_unsent()) report(answer.what());
        } catch (const std::exception& other) {
            report(other.what());
        } catch (...) {
            report("the handler threw what is no std::exception");
        }
    } else if (!begun()) {
        report("the handler ended without a response");
    } else {
        report("the response is shorter than was announced");
    }
    out_.take_back();
    if (!begun()) {
        for (const auto& [name, value] : answer.fields()) out_.set_field(name, value, false);
        put(answer.status(), std::string(answer.what()) + '\n');
    } else {
        // That it is not whole must show: the connection is reset.
        keep_ = false;
        broken_ = true;
        reset_on_close();
    }
}

void http_connection::reset_on_close() noexcept {
    const struct linger now{.l_onoff = 1, .l_linger = 0};
    if (descriptor() >= 0)
        static_cast<void>(::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &now, sizeof now));
}

// In a cancelled context, under a shield: tells the client that its time was up, if it can be told.
task<> http_connection::say_why() {
    if (torn_ || broken_) co_return;
    if (phase_ == phase::request) out_.take_back();
    if (phase_ == phase::head)
        refuse_head(408, "the head of the request took too long");
    else if (phase_ == phase::request && !begun() && reading_)
        refuse(408, "the content of the request took too long");
    else if (phase_ == phase::request && !begun())
        refuse(503, "the answer took too long");
    else
        co_return;
    if (auto rest = flush(); !rest.empty()) co_await std::move(rest);
    co_await linger();
}

task<> http_connection::say_why_in_time() {
    try {
        co_await shield(say_why(), http_linger_limit);
    } catch (...) {
        // It was the last attempt.
    }
}

}  // namespace twill::inline TWILL_ABI::detail
