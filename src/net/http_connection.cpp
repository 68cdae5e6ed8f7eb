#include "http_connection.hpp"

#include <twill/core/error.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/tcp.hpp>

#include <sys/socket.h>

#include <utility>

namespace twill::inline TWILL_ABI::detail {
namespace {

http_limits limits_of(const http::connection_options& options) noexcept {
    return {options.max_head, options.max_fields, options.max_content};
}

}  // namespace

http_connection::http_connection(any_stream stream, http_service& of)
    : stream_(std::move(stream)), service_(of), in_(limits_of(of.options)) {}

int http_connection::descriptor() const noexcept {
    const byte_stream* bottom = stream_.bottom();
    return bottom != nullptr ? bottom->native_handle() : -1;
}

std::string http_connection::peer() const {
    const int fd = descriptor();
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (fd < 0 || ::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        (address.ss_family != AF_INET && address.ss_family != AF_INET6))
        return {};
    return endpoint::from(address).to_string();
}

void http_connection::enter_phase(phase next, time_point due) noexcept {
    phase_ = next;
    service_.watch.set_due(*this, due);
}

void http_connection::limit(duration from_now) noexcept {
    request_due_ = from_now == duration::max() ? never : after(now(), from_now);
    if (phase_ == phase::request) service_.watch.set_due(*this, request_due_);
}

void http_connection::expect_whole_client() noexcept {
    set_half_is_gone(true);
    // It may have been seen doing so already.
    service_.watch.set_handling(*this, now());
}

task<> http_connection::wait_for_departure() {
    http_departure departure(service_.watch, *this);
    co_await departure.wait();
}

task<> http_connection::serve() {
    strand_ = &co_await current();
    service_.watch.enter(*this, *strand_);
    bool cut = false;
    try {
        co_await run();
    } catch (const cancelled&) {
        cut = true;
    } catch (...) {
        // The connection broke: there is nobody to tell.
    }
    if (cut && expired() && !client_gone()) co_await say_why_in_time();
    if (phase_ == phase::request) log();
    service_.watch.leave(*this);
    stream_.close();
    if (cut && !expired()) throw cancelled();
}

task<> http_connection::run() {
    while (co_await next_head()) {
        co_await answer();
        if (keep_ && !in_.complete()) co_await skip_content();
        if (!keep_ || broken_) break;
        // What has no content is not sent by writing it.
        if (out_.is_long()) co_await send({});
        in_.next();
    }
    if (broken_) co_return;
    if (auto rest = flush(); !rest.empty()) co_await std::move(rest);
    co_await linger();
}

void http_connection::release_memory() noexcept {
    in_.release();
    out_.release();
    frame_vector<http::field>().swap(head_.fields);  // an assignment would keep the memory
}

// Nothing of a request is there. False: the server ends, and none can come any more.
bool http_connection::begin_to_idle() noexcept {
    enter_phase(phase::idle, after(now(), service_.options.idle_limit));
    // Pairs with `server::serve`, which sets `draining` and then looks who is idle.
    set_idle(true);
    if (!service_.draining.load(std::memory_order_seq_cst)) return true;
    if (is_fresh()) {
        enter_phase(phase::idle, after(now(), http_watch::fresh_limit));
        return true;
    }
    if (descriptor() < 0) return false;
    // A request that has come already is answered; then comes the end.
    shut_input();
    return true;
}

// True: a request is there. False: nothing more is to be answered; a refusal waits in `out_`.
task<bool> http_connection::next_head() {
    phase_ = phase::idle;
    for (;;) {
        http_refusal wrong;
        if (in_.head(head_, wrong)) {
            begin_request();
            co_return true;
        }
        if (wrong) {
            refuse_head(wrong.status, wrong.why);
            co_return false;
        }
        if (auto rest = flush(); !rest.empty()) co_await std::move(rest);
        const bool idle = in_.empty();
        if (idle && !begin_to_idle()) co_return false;
        if (!idle && phase_ != phase::head)
            enter_phase(phase::head, after(now(), service_.options.head_limit));
        byte_stream* const raw = stream_.kernel();
        // One that is idle holds no buffers.
        if (idle && raw != nullptr) {
            release_memory();
            co_await raw->arrival();
        }
        const auto room = in_.room_for_head();
        std::size_t got = 0;
        if (raw != nullptr)
            got = co_await raw->read_some(room);
        else
            got = co_await stream_.read_some(room);
        set_idle(false);
        if (got == 0) {
            client_ended_ = true;
            co_return false;
        }
        in_.came(got);
    }
}

void http_connection::take_head() noexcept {
    request_.assign({.method = head_.method,
                     .target = head_.target,
                     .minor_version = head_.minor_version,
                     .length = head_.length,
                     .chunked = head_.chunked},
                    head_.fields);
}

void http_connection::begin_request() noexcept {
    take_head();
    set_served();
    const bool is_plain = stream_.kernel() != nullptr;
    set_half_is_gone(!is_plain);
    renew_client();
    if (is_plain && head_.minor_version > 0) allow_asking();
    head_came_ = now();
    request_due_ = after(head_came_, service_.options.request_limit);
    enter_phase(phase::request, request_due_);
    service_.watch.set_handling(*this, head_came_);
    keep_ = head_.keep_alive;
    owes_continue_ = head_.expects_continue && head_.minor_version > 0 && !in_.complete();
    logged_ = false;
    out_.next_response();
}

task<> http_connection::answer() {
    if (service_.gate && !enters_at_once() && !co_await wait_for_place()) {
        service_.watch.clear_handling(*this);
        out_.set_field("Retry-After", service_.retry_after, true);
        put(503, "more is asked than can be answered\n");
        log();
        co_return;
    }
    http::exchange x(*this);
    std::exception_ptr failure;
    try {
        co_await service_.answer(x);
    } catch (...) {
        failure = std::current_exception();
    }
    leave_place();
    service_.watch.clear_handling(*this);
    if (failure && strand_->cancel_requested() && is_cancellation(failure))
        std::rethrow_exception(failure);
    if (broken_) co_return;
    conclude(failure);
    log();
}

bool http_connection::enters_at_once() {
    if (service_.exempt && service_.exempt(request_)) return true;
    if (!place_) place_ = std::make_unique<http_applicant>();
    place_->decided.reset();
    has_place_ = service_.gate->arrive(*place_, head_came_);
    return has_place_;
}

// False: the request is to be refused.
task<bool> http_connection::wait_for_place() {
    http_admission& gate = *service_.gate;
    try {
        co_await with_deadline(gate.patience(head_came_), place_->decided.wait());
    } catch (const timed_out&) {
        // It may have been decided at the same moment.
    } catch (...) {
        has_place_ = gate.withdraw(*place_, false, now());
        leave_place();
        throw;
    }
    has_place_ = gate.withdraw(*place_, true, now());
    co_return has_place_;
}

void http_connection::leave_place() noexcept {
    if (std::exchange(has_place_, false)) service_.gate->leave(*place_, now());
}

// Once a request. Whatever the log does: the response is sent.
void http_connection::log() noexcept {
    if (!service_.options.access_log || std::exchange(logged_, true)) return;
    try {
        if (peer_.empty()) peer_ = peer();
        service_.options.access_log(
            {request_, out_.status(), out_.content_written(), now() - head_came_, peer_});
    } catch (const std::exception& failure) {
        service_.report(std::string("http: the access log: ") + failure.what());
    } catch (...) {
        service_.report("http: the access log threw what is no std::exception");
    }
}

// Takes what the handler did not read, if it is little, so that another request can follow.
task<> http_connection::skip_content() {
    if (owes_continue_) {
        keep_ = false;
        co_return;
    }
    if (auto rest = flush(); !rest.empty()) co_await std::move(rest);
    std::size_t skipped = 0;
    std::byte piece[1024];
    try {
        while (const std::size_t got = co_await read_content(piece)) {
            skipped += got;
            if (skipped <= http_most_skipped) continue;
            keep_ = false;
            break;
        }
    } catch (const std::exception&) {
        keep_ = false;
    }
}

// Closes so that the client reads the response: what it still sends is read for a while, because
// the kernel answers unread bytes by a reset, which can overtake what was sent.
task<> http_connection::linger() {
    enter_phase(phase::closing, after(now(), http_linger_limit));
    co_await stream_.shutdown_write();
    // One that has said so sends nothing more.
    const bool is_last = client_ended_ || !head_.keep_alive;
    if (is_last && !refused_ && in_.complete() && in_.empty()) co_return;
    const auto dropped = in_.room_to_drop();
    while (co_await stream_.read_some(dropped) != 0) {
    }
}

}  // namespace twill::inline TWILL_ABI::detail
