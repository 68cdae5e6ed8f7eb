// One connection of a server: reads a request, runs the handler, sends the response, again and
// again.
//
// What is written waits in `out_` until it is long, the handler asks for it, or nothing more can be
// answered without reading: so a response is one system call, and so are those to requests that
// came together.
#pragma once

#include "http_admission.hpp"
#include "http_incoming.hpp"
#include "http_watch.hpp"

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/net/any_stream.hpp>
#include <twill/net/http_exchange.hpp>
#include <twill/net/http_server.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

// What the connections of a server share.
struct http_service {
    http_service(const http::connection_options& some, http::handler what,
                 const http::overload_options* limits = nullptr);
    void report(std::string_view line) const noexcept;

    const http::connection_options& options;
    http::handler answer;
    // Null: every handler begins at once.
    std::unique_ptr<http_admission> gate{};
    std::function<bool(const http::request&)> exempt{};  // from the gate
    std::string retry_after{};                           // the field, as it is sent
    http_watch watch{};
    atomic<bool> draining{false};
};

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
    void set_field(std::string_view name, std::string_view value, bool replace);
    [[nodiscard]] task<> respond(int status, std::string_view content, std::string_view type);
    void begin(int status, std::optional<std::uint64_t> length, std::string_view type);
    void begin_stream(int status, std::optional<std::uint64_t> length);
    [[nodiscard]] task<> write(std::string_view content);
    [[nodiscard]] task<> write_file(const file& from, std::uint64_t offset, std::uint64_t count);
    [[nodiscard]] task<> flush();
    [[nodiscard]] bool begun() const noexcept { return form_ != form::none; }
    void limit(duration from_now) noexcept;
    void leave_place() noexcept;
    // From now on a client that closes its sending half has gone.
    void expect_whole_client() noexcept { set_half_is_gone(true); }
    [[nodiscard]] std::string peer() const;

private:
    // How the content of the response is told from what follows.
    enum class form : std::uint8_t { none, sized, chunked, until_close };
    enum class phase : std::uint8_t { idle, head, request, closing };

    [[nodiscard]] int descriptor() const noexcept override;

    [[nodiscard]] task<> run();
    [[nodiscard]] task<bool> next_head();
    void begin_request() noexcept;
    [[nodiscard]] task<> answer();
    [[nodiscard]] bool enters_at_once();
    [[nodiscard]] task<bool> wait_for_place();
    void conclude(const std::exception_ptr& failure);
    void reset_on_close() noexcept;
    [[nodiscard, gnu::noinline]] task<> skip_content();
    // Those that are not inlined have frames of their own: a compiler would lay what they need into
    // the frame of the caller, which an idle connection keeps.
    [[nodiscard, gnu::noinline]] task<> linger();
    [[nodiscard, gnu::noinline]] task<> say_why();
    [[nodiscard, gnu::noinline]] task<> say_why_in_time();
    void refuse(int status, std::string_view why);
    void refuse_head(int status, std::string_view why);
    void take_back() noexcept;
    void log() noexcept;
    void remove_fields(std::string_view name);

    [[nodiscard]] task<std::size_t> read(std::span<std::byte> into);
    [[nodiscard]] bool takes_content(std::uint64_t size);
    [[nodiscard]] task<> write_through(std::string_view content);
    [[nodiscard]] task<> write_pieces(const file& from, std::uint64_t offset, std::uint64_t count);
    [[nodiscard]] task<> send_file(byte_stream& to, const file& from, std::uint64_t offset,
                                   std::uint64_t count);
    [[nodiscard]] task<> send(std::string_view bytes);
    [[nodiscard, gnu::noinline]] task<> send_gathered();
    void put(int status, std::string_view content);
    void enter_phase(phase next, time_point due) noexcept;
    void release_memory() noexcept;

    any_stream stream_;
    http_service& service_;
    context* strand_ = nullptr;

    http_incoming<true> in_;
    http_head head_;
    http::request request_;

    std::unique_ptr<http_applicant> place_;  // among the handlers, where they are limited

    std::string out_;
    std::string peer_;
    std::string fields_;           // of the response, as they will be sent
    std::size_t unsent_from_ = 0;  // where in `out_` the response begins, if it is `unsent_`
    std::uint64_t left_ = 0;       // of a sized response
    std::uint64_t sent_ = 0;       // content of the response
    time_point head_came_{};
    time_point request_due_ = never;
    int status_ = 0;
    form form_ = form::none;
    phase phase_ = phase::idle;
    bool has_type_ = false;       // the handler has set a Content-Type
    bool bodyless_ = false;       // the response has no content, whatever is written
    bool keep_ = true;            // another request may follow
    bool owes_continue_ = false;  // the client waits before it sends the content
    bool broken_ = false;         // reading or writing has failed
    bool refused_ = false;        // what came is malformed: nothing behind it can be read
    bool reading_ = false;        // the content of a request is waited for
    bool torn_ = false;           // something may have been sent in part
    bool unsent_ = false;         // a response was begun, and all of it is still in `out_`
    bool has_place_ = false;      // `place_` is one that was admitted
    bool logged_ = false;         // the access log was told of the request
    bool client_ended_ = false;   // nothing more comes from the client
};

}  // namespace twill::inline TWILL_ABI::detail
