// http::client: requests to HTTP/1.1 servers, over connections that are kept for the next ones.
//
//     twill::http::client client;
//     auto page = co_await client.get("http://example.org/");
//     if (page.status() == 200) show(co_await page.text());
//
//     auto made = co_await client.send({.method = "POST",
//                                       .url = "http://example.org/things",
//                                       .fields = {{"Content-Type", "application/json"}},
//                                       .content = R"({"name": "x"})"});
//
// A limit for the whole is with_timeout(5s, client.get(...)). Cancelled: the connection is closed.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/net/any_stream.hpp>
#include <twill/net/http_message.hpp>
#include <twill/net/http_url.hpp>
#include <twill/net/tls.hpp>

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

namespace detail {
class http_exchange_of_client;
struct http_pool;
}  // namespace detail

namespace http {

// A server's response is malformed, too long, or breaks off.
class TWILL_API bad_response : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct client_options {
    // Connections to one host at a time; more requests wait.
    std::size_t max_connections_per_host = 64;
    // Connections that are kept, to all hosts together: the one that was used least lately goes.
    std::size_t max_idle_connections = 256;
    // A connection that nobody used for so long is not used again; it is closed by the next
    // request, to whatever host.
    duration idle_limit = std::chrono::seconds(30);
    // To look the host up and to connect.
    duration connect_limit = std::chrono::seconds(10);
    // From the request's last byte to the end of the response's head.
    duration head_limit = std::chrono::seconds(60);
    // While the server takes nothing of the request, or sends nothing of a content that is read.
    duration stall_limit = std::chrono::seconds(30);

    std::size_t max_head = 65536;
    std::size_t max_fields = 256;
    std::uint64_t max_content = std::numeric_limits<std::uint64_t>::max();

    // How often a "Location" is followed; 0: never, the response is given as it is.
    unsigned max_redirects = 10;
    // How often a request that can do no harm twice (GET, HEAD, OPTIONS, PUT, DELETE, TRACE) is
    // sent again when it failed, but not by time, and no byte of a response came. That a kept
    // connection turns out to be closed counts for none.
    unsigned retries = 1;

    // Empty: none is sent.
    std::string user_agent = "twill/" TWILL_VERSION;

    // For https: whom to trust. Null: the system's roots. Must outlive the client.
    const tls::client_context* tls = nullptr;

    // Asks at this Unix socket, whatever host the address names. Empty: by TCP.
    std::string unix_socket = {};
    // How connections are made, if neither by TCP nor at a Unix socket, and TLS for https.
    std::function<task<any_stream>(const url& there)> connect = {};
};

struct client_request {
    std::string method = "GET";
    std::string url;
    // Host, Content-Length, Transfer-Encoding and Connection are the client's.
    std::vector<std::pair<std::string, std::string>> fields = {};
    std::string content = {};
    // Instead of `content`: gives more of it into the buffer, 0 at its end. Such a request is sent
    // once: it is neither tried again nor redirected, but for 303.
    std::function<task<std::size_t>(std::span<std::byte> into)> content_source = {};
    // Of `content_source`, if it is known; otherwise it is sent in chunks.
    std::optional<std::uint64_t> content_length = {};
};

// A response, whose content may still come. It holds its connection, which is kept for the next
// request when this is destroyed after the content was read to its end, and is closed otherwise.
class TWILL_API response {
public:
    [[nodiscard]] int status() const noexcept;
    [[nodiscard]] std::span<const field> fields() const noexcept;
    // The first field that is called so; "" when there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
    // Where it came from in the end.
    [[nodiscard]] const http::url& url() const noexcept;
    // How long the content is, if that is known.
    [[nodiscard]] std::optional<std::uint64_t> content_length() const noexcept;

    // Reads at least one byte of the content; gives how many, 0 at its end. Throws bad_response,
    // io_error, timed_out.
    [[nodiscard]] task<std::size_t> read_some(std::span<std::byte> into);
    // All of it. Throws also bad_response when it is longer than `limit` bytes.
    [[nodiscard]] task<std::string> text(std::size_t limit = 64 << 20);

    response(response&&) noexcept;
    response& operator=(response&&) noexcept;
    ~response();

    // For the library.
    explicit response(std::unique_ptr<detail::http_exchange_of_client> of) noexcept;

private:
    std::unique_ptr<detail::http_exchange_of_client> of_;
};

// Thread-safety: any number of tasks on any event thread at a time.
class TWILL_API client {
public:
    // Throws usage_error for a user agent that no field can have.
    explicit client(client_options options = {});
    // Closes the connections that are kept.
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    // Sends the request, all of it, and gives the response once its head has come. A server that
    // answers by a status of 300 or more before it has all of the content gets no more of it.
    // Follows
    // redirects as browsers do: a 303, and a 301 or 302 to POST, by GET, the others by the same
    // request; one to another host without Authorization and Cookie; one from https to http not at
    // all. Throws usage_error for what is no address or no field, and for CONNECT; io_error,
    // bad_response (also after too many redirects), and timed_out by the options' limits.
    [[nodiscard]] task<response> send(client_request what);
    [[nodiscard]] task<response> get(std::string url);

    // How many connections are kept for later. Any thread.
    [[nodiscard]] std::size_t idle_connections() const noexcept;

private:
    std::shared_ptr<detail::http_pool> pool_;
};

}  // namespace http

}  // namespace twill::inline TWILL_ABI
