#include "http_connection.hpp"

#include "http_date.hpp"
#include "http_text.hpp"

#include <twill/core/error.hpp>
#include <twill/core/shield.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/detail/send_file.hpp>
#include <twill/io/tcp.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <algorithm>
#include <cstdio>

namespace twill::inline TWILL_ABI::detail {
namespace {

using namespace std::chrono_literals;

// Responses below this are gathered.
constexpr std::size_t gathered = 32768;
// Most heads of responses, and contents that go with them, are shorter.
constexpr std::size_t usual_response = 512;
constexpr std::size_t content_read = 16384;
// So much of a content that the handler did not read is skipped; more, and the connection ends.
constexpr std::size_t most_skipped = 256 << 10;
// Once all is said: how long what the client still sends is read, so that no reset overtakes the
// response.
constexpr auto linger_limit = 1s;

constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

bool is_http_status(int status) noexcept { return status >= 200 && status <= 999; }

// Files that cannot be sent, and sandboxes.
bool says_try_otherwise(const std::error_code& why) noexcept {
    return why == std::errc::invalid_argument || why == std::errc::function_not_supported ||
           why == std::errc::operation_not_permitted;
}

// A piece of the file, of at most `most` bytes; gives how many.
task<std::size_t> read_piece(std::string& into, const file& from, std::uint64_t offset,
                             std::uint64_t most) {
    constexpr std::uint64_t piece_size = 256 << 10;
    into.resize(static_cast<std::size_t>(std::min(piece_size, most)));
    const auto got = co_await from.read_at(offset, std::as_writable_bytes(std::span(into)));
    if (got == 0) throw end_of_stream("read", from.path(), 0);
    into.resize(got);
    co_return got;
}

http_limits limits_of(const http::connection_options& options) noexcept {
    return {options.max_head, options.max_fields, options.max_content};
}

}  // namespace

http_service::http_service(const http::connection_options& some, http::handler what,
                           const http::overload_options* limits)
    : options(some), answer(std::move(what)) {
    if (limits == nullptr || limits->target <= duration::zero()) return;
    constexpr std::size_t usual = 16;  // for each CPU
    const std::size_t most =
        limits->max_handlers != 0 ? limits->max_handlers : usual * std::size_t{usable_cpus()};
    gate = std::make_unique<http_admission>(*limits, most);
    exempt = limits->exempt;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(limits->retry_after).count();
    retry_after = "Retry-After: " + std::to_string(seconds) + "\r\n";
}

void http_service::report(std::string_view line) const noexcept {
    try {
        if (options.report)
            options.report(line);
        else
            std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    } catch (...) {
        // Who cannot take a report gets none.
    }
}

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

task<> http_connection::say_why_in_time() {
    try {
        co_await shield(say_why(), linger_limit);
    } catch (...) {
        // It was the last attempt.
    }
}

task<> http_connection::run() {
    while (co_await next_head()) {
        co_await answer();
        if (keep_ && !in_.complete()) co_await skip_content();
        if (!keep_ || broken_) break;
        // What has no content is not sent by writing it.
        if (out_.size() >= gathered) co_await send_gathered();
        in_.next();
    }
    if (broken_) co_return;
    if (auto rest = flush(); !rest.empty()) co_await std::move(rest);
    co_await linger();
}

void http_connection::release_memory() noexcept {
    in_.release();
    frame_string().swap(out_);  // an assignment would keep the memory
    frame_vector<http::field>().swap(head_.fields);
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
        if (idle) {
            enter_phase(phase::idle, after(now(), service_.options.idle_limit));
            // Pairs with `server::serve`, which sets `draining` and then looks who is idle.
            set_idle(true);
            if (service_.draining.load(std::memory_order_seq_cst)) {
                if (!is_fresh()) {
                    if (descriptor() < 0) co_return false;
                    // A request that has come already is answered; then comes the end.
                    ::shutdown(descriptor(), SHUT_RD);
                } else {
                    enter_phase(phase::idle, after(now(), http_watch::fresh_limit));
                }
            }
        } else if (phase_ != phase::head) {
            enter_phase(phase::head, after(now(), service_.options.head_limit));
        }
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

void http_connection::begin_request() noexcept {
    request_.assign({.method = head_.method,
                     .target = head_.target,
                     .minor_version = head_.minor_version,
                     .length = head_.length,
                     .chunked = head_.chunked},
                    head_.fields);
    set_served();
    const bool is_plain = stream_.kernel() != nullptr;
    set_half_is_gone(!is_plain);
    if (is_plain && head_.minor_version > 0) allow_asking();
    head_came_ = now();
    request_due_ = after(head_came_, service_.options.request_limit);
    enter_phase(phase::request, request_due_);
    service_.watch.set_handling(*this, head_came_);
    keep_ = head_.keep_alive;
    owes_continue_ = head_.expects_continue && head_.minor_version > 0 && !in_.complete();
    fields_.clear();
    form_ = form::none;
    has_type_ = bodyless_ = logged_ = false;
    status_ = 0;
    left_ = sent_ = 0;
}

task<> http_connection::answer() {
    if (service_.gate && !enters_at_once() && !co_await wait_for_place()) {
        service_.watch.clear_handling(*this);
        fields_ = service_.retry_after;
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

// Brings the response to its end, whatever the handler left.
void http_connection::conclude(const std::exception_ptr& failure) {
    const auto report = [&](const std::string& what) {
        service_.report("http: " + std::string(request_.method()) + ' ' +
                        std::string(request_.path()) + ": " + what);
    };
    int status = 500;
    std::string why = "Internal Server Error";
    if (failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const http::error& told) {
            if (is_http_status(told.status())) {
                status = told.status();
                why = told.what();
            } else {
                report("the handler threw the status " + std::to_string(told.status()) + ": " +
                       told.what());
            }
            if (begun() && !unsent_) report(why);
        } catch (const std::exception& other) {
            report(other.what());
        } catch (...) {
            report("the handler threw what is no std::exception");
        }
    } else if (!begun()) {
        report("the handler ended without a response");
    }
    const bool is_short = !failure && form_ == form::sized && left_ != 0 && !bodyless_;
    if (is_short) report("the response is shorter than was announced");
    if (failure || is_short) take_back();
    if (!begun()) {
        put(status, why + '\n');
    } else if (failure || is_short) {
        // That it is not whole must show: the connection is reset.
        keep_ = false;
        broken_ = true;
        reset_on_close();
    } else if (form_ == form::chunked && !bodyless_) {
        out_ += http_last_chunk;
    }
}

void http_connection::reset_on_close() noexcept {
    const struct linger now{.l_onoff = 1, .l_linger = 0};
    if (descriptor() >= 0)
        static_cast<void>(::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &now, sizeof now));
}

// Forgets a response of which nothing was sent.
void http_connection::take_back() noexcept {
    if (begun() && !unsent_) return;
    if (begun()) out_.resize(unsent_from_);
    fields_.clear();
    form_ = form::none;
    has_type_ = bodyless_ = unsent_ = false;
    status_ = 0;
    left_ = sent_ = 0;
}

// Once a request. Whatever the log does: the response is sent.
void http_connection::log() noexcept {
    if (!service_.options.access_log || std::exchange(logged_, true)) return;
    try {
        if (peer_.empty()) peer_ = peer();
        service_.options.access_log({request_, status_, sent_, now() - head_came_, peer_});
    } catch (const std::exception& failure) {
        service_.report(std::string("http: the access log: ") + failure.what());
    } catch (...) {
        service_.report("http: the access log threw what is no std::exception");
    }
}

// A short response of the connection's own.
void http_connection::put(int status, std::string_view content) {
    begin(status, content.size(), "text/plain; charset=utf-8");
    if (bodyless_) return;
    out_ += content;
    left_ = 0;
    sent_ = content.size();
}

// For what no handler is to see, or to see any longer.
void http_connection::refuse(int status, std::string_view why) {
    fields_.clear();
    form_ = form::none;
    has_type_ = false;
    keep_ = false;
    refused_ = true;
    put(status, std::string(why) + '\n');
    log();
}

// The same for what is no request, or not all of one.
void http_connection::refuse_head(int status, std::string_view why) {
    request_ = {};
    head_came_ = now();
    logged_ = false;
    sent_ = 0;
    refuse(status, why);
}

// In a cancelled context, under a shield: tells the client that its time was up, if it can be told.
task<> http_connection::say_why() {
    if (torn_ || broken_) co_return;
    if (phase_ == phase::request) take_back();
    if (phase_ == phase::head)
        refuse_head(408, "the head of the request took too long");
    else if (phase_ == phase::request && form_ == form::none && reading_)
        refuse(408, "the content of the request took too long");
    else if (phase_ == phase::request && form_ == form::none)
        refuse(503, "the answer took too long");
    else
        co_return;
    if (auto rest = flush(); !rest.empty()) co_await std::move(rest);
    co_await linger();
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
            if (skipped <= most_skipped) continue;
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
    enter_phase(phase::closing, after(now(), linger_limit));
    co_await stream_.shutdown_write();
    // One that has said so sends nothing more.
    const bool is_last = client_ended_ || !head_.keep_alive;
    if (is_last && !refused_ && in_.complete() && in_.empty()) co_return;
    const auto dropped = in_.room_to_drop();
    while (co_await stream_.read_some(dropped) != 0) {
    }
}

task<std::size_t> http_connection::read(std::span<std::byte> into) {
    // The client may wait for it before it sends more.
    if (auto rest = flush(); !rest.empty()) co_await std::move(rest);
    service_.watch.set_due(*this,
                           std::min(request_due_, after(now(), service_.options.stall_limit)));
    reading_ = true;
    std::size_t got = 0;
    try {
        if (byte_stream* raw = stream_.kernel())
            got = co_await raw->read_some(into);
        else
            got = co_await stream_.read_some(into);
    } catch (const std::exception&) {
        broken_ = true;
        throw;
    }
    reading_ = false;
    if (got == 0) {
        broken_ = true;
        throw end_of_stream("read", "the content of a request", 0);
    }
    service_.watch.set_due(*this, request_due_);
    co_return got;
}

task<std::size_t> http_connection::read_content(std::span<std::byte> into) {
    if (into.empty()) co_return 0;
    if (owes_continue_) {
        owes_continue_ = false;
        if (!begun()) out_ += go_on;
    }
    for (;;) {
        http_refusal wrong;
        if (const auto got = in_.take(into, wrong)) co_return *got;
        if (wrong) {
            keep_ = false;
            refused_ = true;
            throw http::error(wrong.status, wrong.why);
        }
        const std::size_t got = co_await read(in_.room_for_content(into));
        if (const std::size_t straight = in_.content_came(got)) co_return straight;
    }
}

task<std::string> http_connection::read_text(std::size_t limit) {
    std::string text;
    std::size_t have = 0;
    const auto too_long = [&] {
        keep_ = false;
        return http::error(413, "the content is longer than is taken here");
    };
    if (!head_.chunked && head_.length > limit) throw too_long();
    for (;;) {
        if (have == text.size()) {
            if (!in_.has_content()) break;
            // It grows with what has come: announcing much must not cost the server much.
            std::uint64_t room = std::max(2 * have, content_read);
            if (!head_.chunked) room = std::min(room, head_.length);
            text.resize(static_cast<std::size_t>(room));
        }
        const std::size_t got =
            co_await read_content(std::as_writable_bytes(std::span(text)).subspan(have));
        if (got == 0) break;
        have += got;
        if (have > limit) throw too_long();
    }
    text.resize(have);
    co_return text;
}

// `fields` without those that are called so.
void http_connection::remove_fields(std::string_view name) {
    for (std::size_t at = 0; at < fields_.size();) {
        const auto end = fields_.find("\r\n", at) + 2;
        const auto line = std::string_view(fields_).substr(at, end - at);
        if (http::same_name(line.substr(0, line.find(':')), name))
            fields_.erase(at, end - at);
        else
            at = end;
    }
}

void http_connection::set_field(std::string_view name, std::string_view value, bool replace) {
    if (begun())
        throw usage_error("the response was begun already: set its fields before `respond`");
    if (!is_http_token(name) || !is_http_value(value))
        throw usage_error("\"" + std::string(name) +
                          "\" is no name of a field, or its value has a control character");
    for (const std::string_view own : {"Content-Length", "Transfer-Encoding", "Connection", "Date"})
        if (http::same_name(name, own))
            throw usage_error("the field " + std::string(own) + " is set by the server");
    if (replace) remove_fields(name);
    has_type_ = has_type_ || http::same_name(name, "Content-Type");
    fields_.append(name).append(": ").append(value).append("\r\n");
}

void http_connection::begin(int status, std::optional<std::uint64_t> length,
                            std::string_view type) {
    if (begun()) throw usage_error("a response to this request was begun already");
    if (!is_http_status(status))
        throw usage_error("a response has a status from 200 to 999, not " + std::to_string(status));
    // Whoever takes it from a file or a client must not be made to write other fields.
    if (!is_http_value(type)) throw usage_error("a Content-Type with a control character");
    if (out_.capacity() < usual_response) out_.reserve(usual_response);
    unsent_from_ = out_.size();
    unsent_ = true;
    status_ = status;
    const bool none = status == 204 || status == 304;
    bodyless_ = none || status == 205 || request_.method() == "HEAD";
    if (status == 205) length = 0;
    // A client that still waits for "100 Continue" may or may not send the content.
    if (owes_continue_ || in_.remaining() > most_skipped ||
        service_.draining.load(std::memory_order_relaxed))
        keep_ = false;
    out_ += "HTTP/1.1 ";
    append_number(out_, static_cast<unsigned>(status));
    out_ += ' ';
    out_.append(http::reason(status)).append("\r\n").append(http_date_field()).append(fields_);
    if (!type.empty() && !has_type_ && !none) out_.append("Content-Type: ").append(type) += "\r\n";
    if (none) {
        form_ = form::sized;
    } else if (length) {
        form_ = form::sized;
        left_ = *length;
        out_ += "Content-Length: ";
        append_number(out_, *length);
        out_ += "\r\n";
    } else if (request_.minor_version() > 0) {
        form_ = form::chunked;
        out_ += "Transfer-Encoding: chunked\r\n";
    } else {
        form_ = form::until_close;
        keep_ = false;
    }
    if (!keep_)
        out_ += "Connection: close\r\n";
    else if (request_.minor_version() == 0)
        out_ += "Connection: keep-alive\r\n";
    out_ += "\r\n";
}

void http_connection::begin_stream(int status, std::optional<std::uint64_t> length) {
    // What is written may depend on what is read: the client must not wait. After `begin` it is too
    // late to tell it.
    const bool goes_on = owes_continue_ && !begun() && status >= 200 && status < 300;
    if (goes_on) {
        owes_continue_ = false;
        out_ += go_on;
    }
    begin(status, length, "application/octet-stream");
}

task<> http_connection::respond(int status, std::string_view content, std::string_view type) {
    begin(status, content.size(), content.empty() ? std::string_view() : type);
    if (!bodyless_) return write(content);
    left_ = 0;
    return {};
}

// Counts it as written. False: there is nothing to send of it.
bool http_connection::takes_content(std::uint64_t size) {
    if (!begun()) throw usage_error("no response was begun: call begin or respond");
    if (form_ == form::sized && !bodyless_) {
        if (size > left_) throw usage_error("more is written than the length that was announced");
        left_ -= size;
    }
    if (bodyless_ || size == 0) return false;
    sent_ += size;
    return true;
}

task<> http_connection::write(std::string_view content) {
    if (!takes_content(content.size())) return {};
    if (out_.size() + content.size() > gathered) return write_through(content);
    if (form_ == form::chunked) {
        append_chunk(out_, content);
    } else {
        out_ += content;
    }
    return {};
}

task<> http_connection::write_through(std::string_view content) {
    if (form_ == form::chunked) {
        append_number(out_, content.size(), 16);
        out_ += "\r\n";
    }
    if (out_.size() < gathered) {
        const std::size_t first = std::min(content.size(), gathered - out_.size());
        out_ += content.substr(0, first);
        content.remove_prefix(first);
    }
    co_await send(out_);
    out_.clear();
    co_await send(content);
    if (form_ == form::chunked) out_ += "\r\n";
}

task<> http_connection::write_file(const file& from, std::uint64_t offset, std::uint64_t count) {
    byte_stream* const raw = stream_.kernel();
    // What has room beside the head is one system call with it.
    if (raw == nullptr || form_ != form::sized || count <= gathered)
        return write_pieces(from, offset, count);
    if (!takes_content(count)) return {};
    return send_file(*raw, from, offset, count);
}

task<> http_connection::write_pieces(const file& from, std::uint64_t offset, std::uint64_t count) {
    std::string piece;
    if (bodyless_) co_return;
    while (count != 0) {
        const auto got = co_await read_piece(piece, from, offset, count);
        if (auto rest = write(piece); !rest.empty()) co_await std::move(rest);
        offset += got;
        count -= got;
    }
}

task<> http_connection::send_file(byte_stream& to, const file& from, std::uint64_t offset,
                                  std::uint64_t count) {
    if (auto rest = flush(); !rest.empty()) co_await std::move(rest);
    bool kernel_sends = true;
    std::string piece;
    torn_ = true;
    try {
        while (count != 0) {
            service_.watch.set_due(
                *this, std::min(request_due_, after(now(), service_.options.stall_limit)));
            std::uint64_t sent = 0;
            if (kernel_sends) {
                try {
                    sent = co_await file_sending::some(to, from, offset, count);
                    if (sent == 0) throw end_of_stream("send", from.path(), 0);
                } catch (const io_error& failure) {
                    if (!says_try_otherwise(failure.code())) throw;
                    kernel_sends = false;
                }
            }
            if (!kernel_sends) {
                sent = co_await read_piece(piece, from, offset, count);
                co_await send(piece);
                torn_ = true;
            }
            offset += sent;
            count -= sent;
        }
    } catch (const io_error& failure) {
        // Of the file; else the connection is broken.
        broken_ = failure.code() != std::errc::io_error;
        throw;
    }
    torn_ = false;
    if (phase_ == phase::request) service_.watch.set_due(*this, request_due_);
}

// Empty when there is nothing to send.
task<> http_connection::flush() {
    if (out_.empty()) return {};
    return send_gathered();
}

task<> http_connection::send_gathered() {
    co_await send(out_);
    out_.clear();
}

task<> http_connection::send(std::string_view bytes) {
    constexpr std::size_t piece = 65536;
    torn_ = true;
    unsent_ = false;
    service_.watch.end_asking(*this);
    try {
        while (!bytes.empty()) {
            service_.watch.set_due(
                *this, std::min(request_due_, after(now(), service_.options.stall_limit)));
            if (byte_stream* raw = stream_.kernel()) {
                bytes.remove_prefix(co_await raw->write_some(std::as_bytes(std::span(bytes))));
            } else {
                const auto next = bytes.substr(0, piece);
                co_await stream_.write_all(next);
                bytes.remove_prefix(next.size());
            }
        }
    } catch (const std::exception&) {
        broken_ = true;
        throw;
    }
    torn_ = false;
    if (phase_ == phase::request) service_.watch.set_due(*this, request_due_);
}

void http_connection::limit(duration from_now) noexcept {
    request_due_ = from_now == duration::max() ? never : after(now(), from_now);
    if (phase_ == phase::request) service_.watch.set_due(*this, request_due_);
}

}  // namespace twill::inline TWILL_ABI::detail
