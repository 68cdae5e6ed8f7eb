// One connection of a server: reads a request, runs the handler, sends the response, again and
// again.
//
// What is written waits in `out_` until it is long, the handler asks for it, or nothing more can be
// answered without reading: so a response is one system call, and so are those to requests that
// came together.
//
// http_connection.cpp goes from request to request, http_connection_content.cpp moves what they and
// the responses hold, and http_connection_failure.cpp answers when something is wrong. What the
// bytes say is known to http_incoming and http_outgoing.
#pragma once

#include "http_incoming.hpp"
#include "http_outgoing.hpp"
#include "http_service.hpp"

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/net/any_stream.hpp>
#include <twill/net/http_exchange.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

class http_connection final : private http_watched {
public:
    http_connection(any_stream stream, http_service& of);

    // Serves until the connection ends. Throws nothing but `cancelled`, if it was cancelled from
    // outside. The task that awaits it runs in a context that may be cancelled.
    [[nodiscard]] task<> serve();

    // For the exchange; see there. What may have to be sent is a task, empty when all of it has
    // found room in the buffer.
    [[nodiscard]] const http::request& request() const noexcept { return request_; }
    [[nodiscard]] task<std::size_t> read_content(std::span<std::byte> into);
    [[nodiscard]] task<std::string> read_text(std::size_t limit);
    void set_field(std::string_view name, std::string_view value, bool replace) {
        out_.set_field(name, value, replace);
    }
    [[nodiscard]] task<> respond(int status, std::string_view content, std::string_view type);
    void begin_stream(int status, std::optional<std::uint64_t> length);
    [[nodiscard]] task<> write(std::string_view content);
    [[nodiscard]] task<> write_file(const file& from, std::uint64_t offset, std::uint64_t count);
    [[nodiscard]] task<> flush();
    [[nodiscard]] bool begun() const noexcept { return out_.begun(); }
    void limit(duration from_now) noexcept;
    void leave_place() noexcept;
    // From now on a client that closes its sending half has gone.
    void expect_whole_client() noexcept;
    using http_watched::outlive_client;
    [[nodiscard]] task<> wait_for_departure();
    [[nodiscard]] std::string peer() const;

private:
    enum class phase : std::uint8_t { idle, head, request, closing };

    [[nodiscard]] int descriptor() const noexcept override;

    // From request to request.
    [[nodiscard]] task<> run();
    [[nodiscard]] task<bool> next_head();
    [[nodiscard]] bool begin_to_idle() noexcept;
    void take_head() noexcept;
    void begin_request() noexcept;
    [[nodiscard]] task<> answer();
    [[nodiscard]] bool enters_at_once();
    [[nodiscard]] task<bool> wait_for_place();
    void log() noexcept;
    void enter_phase(phase next, time_point due) noexcept;
    void release_memory() noexcept;
    // Those that are not inlined have frames of their own: a compiler would lay what they need into
    // the frame of the caller, which an idle connection keeps.
    [[nodiscard, gnu::noinline]] task<> skip_content();
    [[nodiscard, gnu::noinline]] task<> linger();

    // Contents.
    [[nodiscard]] task<std::size_t> read(std::span<std::byte> into);
    void begin(int status, std::optional<std::uint64_t> length, std::string_view type);
    [[nodiscard]] bool may_keep() const noexcept;
    [[nodiscard]] task<> write_through(std::string_view content);
    [[nodiscard]] task<> write_pieces(const file& from, std::uint64_t offset, std::uint64_t count);
    [[nodiscard]] task<> send_file(byte_stream& to, const file& from, std::uint64_t offset,
                                   std::uint64_t count);
    [[nodiscard, gnu::noinline]] task<> send(std::string_view behind);
    void begin_to_wait() noexcept;
    void end_to_wait() noexcept;

    // When something is wrong.
    void conclude(const std::exception_ptr& failure);
    void conclude_badly(const std::exception_ptr& failure);
    void put(int status, std::string_view content);
    void refuse(int status, std::string_view why);
    void refuse_head(int status, std::string_view why);
    void reset_on_close() noexcept;
    [[nodiscard, gnu::noinline]] task<> say_why();
    [[nodiscard, gnu::noinline]] task<> say_why_in_time();

    any_stream stream_;
    http_service& service_;
    context* strand_ = nullptr;

    http_incoming<true> in_;
    http_head head_;
    http::request request_;
    http_outgoing out_;

    std::unique_ptr<http_applicant> place_;  // among the handlers, where they are limited

    std::string peer_;
    time_point head_came_{};
    time_point request_due_ = never;
    phase phase_ = phase::idle;
    bool keep_ = true;            // another request may follow
    bool owes_continue_ = false;  // the client waits before it sends the content
    bool broken_ = false;         // reading or writing has failed
    bool refused_ = false;        // what came is malformed: nothing behind it can be read
    bool reading_ = false;        // the content of a request is waited for
    bool torn_ = false;           // something may have been sent in part
    bool has_place_ = false;      // `place_` is one that was admitted
    bool logged_ = false;         // the access log was told of the request
    bool client_ended_ = false;   // nothing more comes from the client
};

// So much of a content that the handler did not read is skipped; more, and the connection ends.
inline constexpr std::size_t http_most_skipped = 256 << 10;
// How long a connection that is over may go on, so that its client learns why.
inline constexpr duration http_linger_limit = std::chrono::seconds(1);

}  // namespace twill::inline TWILL_ABI::detail
