// exchange: one request and the response to it, as a handler sees them.
//
//     twill::task<> answer(twill::http::exchange& x) {
//         if (x.request().method() == "POST") save(co_await x.text());
//         co_await x.respond(200, "hello " + x.request().query("name"));
//     }
//
// A long response is written piece by piece, at the speed of the client:
//
//     x.set("Content-Type", "text/csv");
//     x.begin(200);
//     for (auto& row : rows) co_await x.write(row);
//
// A handler that ends without a response, or with an exception, gives a 500; an http::error its own
// status; if a part of its response was sent by then, the connection is reset. It is cancelled when
// the request's time is up, when the client has gone (unless it outlives it), and when the server
// ends.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/net/http_message.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {

class file;
namespace detail {
class http_connection;
}

namespace http {

// What goes wrong in HTTP terms. Thrown by a handler it makes the response, with the message as its
// content; thrown to a handler it says what is wrong with the content that the client sends.
//
//     throw http::error(401, "who are you?").with("WWW-Authenticate", "Basic realm=\"all\"");
class TWILL_API error : public std::runtime_error {
public:
    explicit error(int status);
    error(int status, const std::string& message);

    // A further field of the response. Throws usage_error for what exchange::add would.
    error& with(std::string_view name, std::string_view value) &;
    error&& with(std::string_view name, std::string_view value) && {
        return std::move(with(name, value));
    }

    [[nodiscard]] int status() const noexcept { return status_; }
    // Those of `with`.
    [[nodiscard]] std::span<const std::pair<std::string, std::string>> fields() const noexcept;

private:
    using field_list = std::vector<std::pair<std::string, std::string>>;

    int status_;
    std::shared_ptr<const field_list> fields_;  // shared: to copy an exception must not throw
};

// What `respond` gives: awaiting it ensures that a long content has been written. A short one waits
// in the connection's buffer until the handler has ended, or for `flush`, and nothing is suspended.
class [[nodiscard("a long content is written only when this is awaited")]] sending {
public:
    class awaiter {
    public:
        explicit awaiter(task<>& rest) noexcept : rest_(rest) {}
        bool await_ready() const noexcept { return rest_.empty(); }
        template <twill_promise Caller>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Caller> caller) {
            return std::move(rest_).operator co_await().await_suspend(caller);
        }
        void await_resume() {
            if (!rest_.empty()) rest_.handle().promise().take();
        }

    private:
        task<>& rest_;
    };
    awaiter operator co_await() && noexcept { return awaiter(rest_); }

    // For the library.
    explicit sending(task<> rest) noexcept : rest_(std::move(rest)) {}

private:
    task<> rest_;
};

// Thread-safety: for the handler's task, and for one at a time that it starts.
class TWILL_API exchange {
public:
    [[nodiscard]] const http::request& request() const noexcept;

    // What the router found in the place of {name}, decoded; "" when there is no such place.
    [[nodiscard]] std::string_view parameter(std::string_view name) const noexcept;
    [[nodiscard]] bool has_parameter(std::string_view name) const noexcept;

    // The content of the request.
    //
    // Reads at least one byte of it; gives how many, 0 at its end. Throws http::error when it is
    // malformed or longer than the server takes; end_of_stream when the client leaves before its
    // end. A client that waits for "100 Continue" is sent it by the first read, and what was
    // written before is sent when the read has to wait.
    [[nodiscard]] task<std::size_t> read_some(std::span<std::byte> into);
    // All of it. Throws also http::error 413 when it is longer than `limit` bytes.
    [[nodiscard]] task<std::string> text(
        std::size_t limit = std::numeric_limits<std::size_t>::max());

    // A field of the response, before it is begun, in place of those that are called so.
    // Content-Length, Transfer-Encoding, Connection and Date are the server's. Throws usage_error
    // for what is no name or no value of a field.
    exchange& set(std::string_view name, std::string_view value);
    // The same beside those that are called so: for Set-Cookie.
    exchange& add(std::string_view name, std::string_view value);

    // The whole response. Throws usage_error when one was begun already, and for a `type` with a
    // control character.
    sending respond(int status, std::string_view content = {},
                    std::string_view type = "text/plain; charset=utf-8");

    // Begins a response whose content follows by `write`. `length`: if it is known; otherwise the
    // content is sent in chunks. A client that waits for "100 Continue" is told to go on. Throws
    // usage_error when one was begun already.
    void begin(int status, std::optional<std::uint64_t> length = std::nullopt);
    // More of the content; returns when it is in the buffer or with the kernel, which is how a slow
    // client slows the handler down. For HEAD it is dropped. Throws io_error when the client is
    // gone; usage_error beyond the length that was announced, or before `begin`.
    sending write(std::string_view content);
    sending write(std::span<const std::byte> content) {
        return write({reinterpret_cast<const char*>(content.data()), content.size()});
    }
    // The same with a part of a file: `count` bytes from `offset` on. To a TCP or Unix socket the
    // kernel sends what is long, without a detour through the program. Throws also io_error when
    // the file cannot be read, and end_of_stream when it ends before. The file must stay.
    sending write_file(const file& from, std::uint64_t offset, std::uint64_t count);
    // Sends what waits in the buffer. Throws io_error.
    sending flush();

    // Whether a response was begun.
    [[nodiscard]] bool begun() const noexcept;

    // From now on the handler may take so long, instead of what the server's options say: for
    // downloads and streams of events. duration::max(): for ever.
    void limit(duration from_now) noexcept;

    // A handler is cancelled when its client has gone. From now on this one is not: for work that
    // must not stop half-way, or that others wait for, too. The limits in time stay, and to write
    // throws io_error then.
    void outlive_client() noexcept;
    // Waits until the client has gone. For a handler that outlives it; one that does not is
    // cancelled here as everywhere else. Any number of tasks of the handler; cancelled at once. A
    // client that has left before counts. A stream that is none of the kernel's tells nothing.
    [[nodiscard]] task<> client_gone();

    // From now on this request does not count to overload_options::max_handlers: for handlers that
    // mostly wait. Streams of events do it by themselves.
    void leave_place() noexcept;

    // Of the other end: "127.0.0.1:4711"; "" when the connection is none of the network.
    [[nodiscard]] std::string peer() const;

    // For the library.
    explicit exchange(detail::http_connection& on) noexcept : on_(&on) {}
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;
    void expect_whole_client() noexcept;
    void set_parameters(std::vector<std::pair<std::string, std::string>> found) noexcept {
        parameters_ = std::move(found);
    }

private:
    detail::http_connection* on_;
    std::vector<std::pair<std::string, std::string>> parameters_;
};

// What answers a request. Called for each, also side by side; copied once, by `serve`.
using handler = std::function<task<>(exchange&)>;

}  // namespace http

}  // namespace twill::inline TWILL_ABI
