// TLS over any stream, by OpenSSL: clients and servers.
//
//     twill::tls::client_context trust;                        // the system's roots
//     auto safe = co_await twill::tls::connect(
//         twill::any_stream(co_await twill::connect("example.org", "443")), trust, "example.org");
//     co_await safe.write_all(request);
//
//     twill::tls::server_context identity({.certificate_file = "cert.pem", .key_file = "key.pem"});
//     auto peer = co_await twill::tls::accept(std::move(stream), identity);
//
// TLS 1.2 and 1.3. A client checks the server's certificate and its name, always.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/net/any_stream.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI {

namespace detail {
struct tls_link;
}

namespace tls {

// A handshake failed, a certificate is not to be trusted, or what came is no TLS. The message says
// why.
class TWILL_API error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The stream ended although the peer had not said that it would (no close_notify): somebody on the
// way may have cut off what was still to come.
class TWILL_API truncated : public error {
public:
    using error::error;
};

struct client_options {
    // A file of certificates (PEM) to trust, in place of the system's.
    std::string trust_file = {};
    // The client's own certificate, with its chain, and its key (PEM), for servers that ask.
    std::string certificate_file = {};
    std::string key_file = {};
    // The protocols to offer inside (ALPN), the dearest first.
    std::vector<std::string> protocols = {};
};

// What clients share: whom they trust, and sessions that can be resumed. Thread-safe; outlives its
// streams.
class TWILL_API client_context {
public:
    // Reads files; the system's roots take some 20 ms: in a task, by `blocking`. Throws error when
    // a file cannot be used.
    explicit client_context(const client_options& options = {});
    ~client_context();
    client_context(const client_context&) = delete;
    client_context& operator=(const client_context&) = delete;

    // For the library.
    struct parts;
    [[nodiscard]] parts& inside() const noexcept { return *parts_; }

private:
    std::unique_ptr<parts> parts_;
};

struct server_options {
    // The certificate, with its chain, and its key (PEM).
    std::string certificate_file;
    std::string key_file;
    // A file of certificates (PEM): clients must have one that these vouch for. Empty: none.
    std::string client_trust_file = {};
    // The protocols that are spoken inside (ALPN), the dearest first. A client that offers others
    // only is refused. Empty: no word about it.
    std::vector<std::string> protocols = {};
};

// What a server is. Thread-safe; outlives its streams.
class TWILL_API server_context {
public:
    // Throws error when a file cannot be used.
    explicit server_context(server_options options);
    ~server_context();
    server_context(const server_context&) = delete;
    server_context& operator=(const server_context&) = delete;

    // Reads the files again, for the handshakes from now on. Sessions can still be resumed, unless
    // clients must show certificates: then each is looked at anew. Throws error when the files
    // cannot be used: then all stays as it was. Blocks for the files.
    void reload();

    // For the library.
    struct parts;
    [[nodiscard]] parts& inside() const noexcept { return *parts_; }

private:
    std::unique_ptr<parts> parts_;
};

// A stream inside TLS. Movable while no operation is under way. One read and one write at a time.
class TWILL_API stream {
public:
    // Reads at least one byte; gives how many, 0 when the peer has said that nothing more comes.
    // Throws truncated when the stream below ends without that, error, and what the stream below
    // throws. Cancelled: nothing was read.
    [[nodiscard]] task<std::size_t> read_some(std::span<std::byte> into);
    // Writes all of it. Throws error, and what the stream below throws. Cancelled: part of it may
    // have been written, and nothing can be written any more.
    [[nodiscard]] task<> write_all(std::span<const std::byte> from);
    [[nodiscard]] task<> write_all(std::string_view text) {
        return write_all(std::as_bytes(std::span(text)));
    }
    // Says that nothing more will be written (close_notify), here and on the stream below.
    [[nodiscard]] task<> shutdown_write();

    // The protocol that was agreed on; "" when none was.
    [[nodiscard]] std::string protocol() const;
    // "TLSv1.3"
    [[nodiscard]] std::string version() const;
    // Whether the handshake resumed an earlier session.
    [[nodiscard]] bool resumed() const noexcept;
    // Who the peer's certificate says that it is: "CN = ada"; "" when it has shown none.
    [[nodiscard]] std::string peer_subject() const;

    [[nodiscard]] const byte_stream* bottom() const noexcept;

    stream(stream&&) noexcept;
    stream& operator=(stream&&) noexcept;
    // Closes the stream below. Without `shutdown_write` the peer takes it for cut off.
    ~stream();

    // For the library.
    explicit stream(std::unique_ptr<detail::tls_link> link) noexcept;

private:
    std::unique_ptr<detail::tls_link> link_;
};

// Shakes hands as a client; `host` is the name, or the address, that the server's certificate must
// have. Throws error, truncated, and what the stream below throws. Cancelled: the stream is closed.
[[nodiscard]] TWILL_API task<stream> connect(any_stream below, const client_context& trust,
                                             std::string host);

// Shakes hands as a server. The same.
[[nodiscard]] TWILL_API task<stream> accept(any_stream below, const server_context& identity);

}  // namespace tls

}  // namespace twill::inline TWILL_ABI
