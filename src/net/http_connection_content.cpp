// The contents of requests and responses on their way, and the limits in time that these have.

#include "http_connection.hpp"

#include <twill/core/error.hpp>
#include <twill/io/detail/send_file.hpp>

#include <algorithm>
#include <utility>

namespace twill::inline TWILL_ABI::detail {
namespace {

constexpr std::size_t content_read = 16384;
// What has to be read of a file in order to be sent.
constexpr std::uint64_t file_piece = 256 << 10;
// Shorter files are read, and are one system call with the head.
constexpr std::uint64_t short_file = 32768;

// Files that cannot be sent, and sandboxes.
bool says_try_otherwise(const std::error_code& why) noexcept {
    return why == std::errc::invalid_argument || why == std::errc::function_not_supported ||
           why == std::errc::operation_not_permitted;
}

// A piece of the file, of at most `most` bytes; gives how many.
task<std::size_t> read_piece(std::string& into, const file& from, std::uint64_t offset,
                             std::uint64_t most) {
    into.resize(static_cast<std::size_t>(std::min(file_piece, most)));
    const auto got = co_await from.read_at(offset, std::as_writable_bytes(std::span(into)));
    if (got == 0) throw end_of_stream("read", from.path(), 0);
    into.resize(got);
    co_return got;
}

// 0: the kernel does not send this one.
task<std::uint64_t> send_by_kernel(byte_stream& to, const file& from, std::uint64_t offset,
                                   std::uint64_t count) {
    try {
        const std::uint64_t sent = co_await file_sending::some(to, from, offset, count);
        if (sent == 0) throw end_of_stream("send", from.path(), 0);
        co_return sent;
    } catch (const io_error& failure) {
        if (!says_try_otherwise(failure.code())) throw;
    }
    co_return 0;
}

}  // namespace

// For a client that is to send or to take something.
void http_connection::begin_to_wait() noexcept {
    service_.watch.set_due(*this,
                           std::min(request_due_, after(now(), service_.options.stall_limit)));
}

void http_connection::end_to_wait() noexcept {
    if (phase_ == phase::request) service_.watch.set_due(*this, request_due_);
}

task<std::size_t> http_connection::read(std::span<std::byte> into) {
    // The client may wait for it before it sends more.
    if (auto rest = flush(); !rest.empty()) co_await std::move(rest);
    begin_to_wait();
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
    end_to_wait();
    co_return got;
}

task<std::size_t> http_connection::read_content(std::span<std::byte> into) {
    if (into.empty()) co_return 0;
    if (owes_continue_) {
        owes_continue_ = false;
        if (!begun()) out_.go_on();
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

bool http_connection::may_keep() const noexcept {
    // A client that still waits for "100 Continue" may or may not send the content.
    return keep_ && !owes_continue_ && in_.remaining() <= http_most_skipped &&
           !service_.draining.load(std::memory_order_relaxed);
}

void http_connection::begin(int status, std::optional<std::uint64_t> length,
                            std::string_view type) {
    keep_ = out_.begin(status, request_, may_keep(), length, type);
}

void http_connection::begin_stream(int status, std::optional<std::uint64_t> length) {
    // What is written may depend on what is read: the client must not wait. After `begin` it is too
    // late to tell it.
    const bool goes_on = owes_continue_ && !begun() && status >= 200 && status < 300;
    if (goes_on) {
        owes_continue_ = false;
        out_.go_on();
    }
    begin(status, length, "application/octet-stream");
}

task<> http_connection::respond(int status, std::string_view content, std::string_view type) {
    begin(status, content.size(), content.empty() ? std::string_view() : type);
    if (!out_.is_bodyless()) return write(content);
    out_.drop_content();
    return {};
}

task<> http_connection::write(std::string_view content) {
    if (!out_.takes(content.size())) return {};
    if (!out_.has_room(content.size())) return write_through(content);
    out_.append(content);
    return {};
}

task<> http_connection::write_through(std::string_view content) {
    const auto rest = out_.begin_long(content);
    co_await send(rest);
    out_.end_long();
}

task<> http_connection::write_file(const file& from, std::uint64_t offset, std::uint64_t count) {
    byte_stream* const raw = stream_.kernel();
    if (raw == nullptr || !out_.is_sized() || count <= short_file)
        return write_pieces(from, offset, count);
    if (!out_.takes(count)) return {};
    return send_file(*raw, from, offset, count);
}

task<> http_connection::write_pieces(const file& from, std::uint64_t offset, std::uint64_t count) {
    std::string piece;
    if (out_.is_bodyless()) co_return;
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
            begin_to_wait();
            std::uint64_t sent = 0;
            if (kernel_sends) sent = co_await send_by_kernel(to, from, offset, count);
            kernel_sends = sent != 0;
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
    end_to_wait();
}

// Empty when there is nothing to send.
task<> http_connection::flush() {
    if (out_.empty()) return {};
    return send({});
}

// What waits, and then `behind`.
task<> http_connection::send(std::string_view behind) {
    constexpr std::size_t piece = 65536;
    torn_ = true;
    out_.leaves();
    service_.watch.end_asking(*this);
    try {
        for (auto bytes = out_.view(); !bytes.empty() || !behind.empty();) {
            if (bytes.empty()) {
                out_.clear();
                bytes = std::exchange(behind, {});
            }
            begin_to_wait();
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
    out_.clear();
    torn_ = false;
    end_to_wait();
}

}  // namespace twill::inline TWILL_ABI::detail
