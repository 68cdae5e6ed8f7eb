// HTTP/1 messages, from bytes that have come to what they say. No I/O, no waiting.
//
// Boost.Beast's basic_parser does the reading of start line, fields and chunks. This wraps it with
// two aims: one way to read a message, or none (what two parsers may read differently is how
// requests are smuggled past a proxy), and views instead of copies.
//
//   1. `find_head` looks for the empty line that ends a head, as bytes come in. It refuses at once
//      what no further byte can mend: a bare LF, a NUL, a first byte that begins no message.
//   2. `parse` reads a complete head in one go. Its views refer to the bytes it was given.
//   3. `body` is given what comes behind it, piece by piece, and gives the content in place.
#pragma once

#include "frame_allocator.hpp"

#include <twill/core/config.hpp>
#include <twill/net/http_message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

struct http_limits {
    std::size_t head = 32768;         // bytes of start line and fields
    std::size_t fields = 128;         // how many of them
    std::uint64_t body = 1ULL << 20;  // bytes of content
};

// Why a message is not taken, and the status that tells the client; 0: it is.
struct http_refusal {
    int status = 0;
    const char* why = "";
    explicit operator bool() const noexcept { return status != 0; }
};

// What a head says. Views refer to the bytes that were parsed.
struct http_head {
    std::string_view method;  // of a request
    std::string_view target;  // of a request
    std::string_view reason;  // of a response
    frame_vector<http::field> fields;
    std::uint64_t length = 0;  // of the content, unless chunked or until_end
    int status = 0;            // of a response
    int minor_version = 1;
    bool has_length = false;  // there is a Content-Length
    bool chunked = false;
    bool until_end = false;  // the content ends with the connection
    bool keep_alive = false;
    bool expects_continue = false;
};

// Finds where a head ends.
class http_head_finder {
public:
    struct found {
        std::size_t begin = 0;  // of the head, behind empty lines that some clients send
        std::size_t size = 0;   // of the head, with the empty line; 0: not all of it has come
        http_refusal wrong{};
    };
    // `come`: all that has come since the message began; it grows between calls.
    found find(std::string_view come, const http_limits& limits) noexcept;
    void restart() noexcept { begin_ = looked_ = line_ = 0; }

private:
    std::size_t begin_ = 0;
    std::size_t looked_ = 0;  // so many bytes hold no further end of line
    std::size_t line_ = 0;    // where the line begins that is being looked at
};

struct http_body_step {
    std::size_t taken = 0;  // bytes of what came that are done with, `content` among them
    std::string_view content{};
    bool done = false;
    http_refusal wrong{};
};

// For messages one after the other. Not thread-safe; makes no allocation after the first messages.
template <bool IsRequest>
class http_parser {
public:
    explicit http_parser(const http_limits& limits);
    ~http_parser();
    http_parser(http_parser&&) noexcept;
    http_parser& operator=(http_parser&&) noexcept;

    // `head`: a whole one, as found by http_head_finder. `no_content`: of a response, that it has
    // none because the request was HEAD.
    http_refusal parse(std::string_view head, http_head& into, bool no_content = false);

    // After `parse`: what follows the head. Takes nothing when more has to come first.
    http_body_step body(std::string_view come);
    // Content that was read past the parser, when the length is known.
    void took(std::uint64_t bytes) noexcept;
    // How much content is still to come, when that is known and not chunked; else 0.
    [[nodiscard]] std::uint64_t remaining() const noexcept;
    // Whether the message has been read to its end.
    [[nodiscard]] bool complete() const noexcept;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

extern template class http_parser<true>;
extern template class http_parser<false>;
using http_request_parser = http_parser<true>;
using http_response_parser = http_parser<false>;

}  // namespace twill::inline TWILL_ABI::detail
