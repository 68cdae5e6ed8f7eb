// What is sent on a connection: responses one after the other, each a head and its content, as
// bytes that wait until somebody sends them. How they are sent it does not know; the counterpart of
// http_incoming.
//
//     out.next_response();
//     keep = out.begin(200, request, keep, length, type);          // the head
//     if (out.takes(text.size())) {                                // a piece of the content
//         if (out.has_room(text.size())) out.append(text);
//         else { auto rest = out.begin_long(text); send(out.view()); send(rest); out.end_long(); }
//     }
//     out.end();
//     send(out.view()); out.clear();
//
// What waits is given back to the last response that was begun, as long as nothing of it was sent:
// then it can be taken back, and be another one.
#pragma once

#include "frame_allocator.hpp"

#include <twill/core/config.hpp>
#include <twill/net/http_message.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

inline bool is_final_status(int status) noexcept { return status >= 200 && status <= 999; }

class http_outgoing {
public:
    // The next response has no fields and is not begun. The last one stays where it is.
    void next_response() noexcept;

    // Throws usage_error for what is no field, or none that may be set.
    static void check_field(std::string_view name, std::string_view value);
    // As exchange::set and exchange::add.
    void set_field(std::string_view name, std::string_view value, bool replace);
    // A line "100 Continue" before the response.
    void go_on() { out_ += "HTTP/1.1 100 Continue\r\n\r\n"; }

    // Begins the response to `asked`. `keep`: whether the connection may be used again; gives
    // whether it can. `length`: of the content, if it is known. Throws usage_error, and nothing is
    // begun then.
    [[nodiscard]] bool begin(int status, const http::request& asked, bool keep,
                             std::optional<std::uint64_t> length, std::string_view type);
    // The same with all of its content, a short text.
    [[nodiscard]] bool put(int status, const http::request& asked, bool keep,
                           std::string_view content);

    // Counts a piece of content as written. False: nothing of it is to be sent. Throws usage_error.
    [[nodiscard]] bool takes(std::uint64_t size);
    // So much content can wait here.
    [[nodiscard]] bool has_room(std::uint64_t size) const noexcept {
        return out_.size() + size <= gathered;
    }
    void append(std::string_view content);
    // Of a longer piece: as much as has room; gives the rest, which belongs right behind what waits
    // here.
    [[nodiscard]] std::string_view begin_long(std::string_view content);
    void end_long();

    // All of the content was written, or none is to be.
    void drop_content() noexcept { left_ = 0; }
    // Ends the response.
    void end();
    // Forgets it, if none of it was sent.
    void take_back() noexcept;

    [[nodiscard]] bool begun() const noexcept { return form_ != form::none; }
    // Whether it was begun, and all of it still waits here.
    [[nodiscard]] bool is_unsent() const noexcept { return unsent_; }
    // Whether less was written than was announced.
    [[nodiscard]] bool is_short() const noexcept {
        return form_ == form::sized && left_ != 0 && !bodyless_;
    }
    // Whether content can be sent as it is, without a line for each piece.
    [[nodiscard]] bool is_sized() const noexcept { return form_ == form::sized; }
    // Whether it has no content, whatever is written.
    [[nodiscard]] bool is_bodyless() const noexcept { return bodyless_; }
    [[nodiscard]] int status() const noexcept { return status_; }
    // How much content was written.
    [[nodiscard]] std::uint64_t content_written() const noexcept { return written_; }

    // The bytes that wait.
    [[nodiscard]] std::string_view view() const noexcept { return out_; }
    [[nodiscard]] bool empty() const noexcept { return out_.empty(); }
    [[nodiscard]] bool is_long() const noexcept { return out_.size() >= gathered; }
    // Something of them is about to be sent.
    void leaves() noexcept { unsent_ = false; }
    // They were sent.
    void clear() noexcept { out_.clear(); }
    // Holds no memory until the next response.
    void release() noexcept { frame_string().swap(out_); }  // an assignment would keep the memory

private:
    // How the content of the response is told from what follows.
    enum class form : std::uint8_t { none, sized, chunked, until_close };
    // Responses below this are gathered.
    static constexpr std::size_t gathered = 32768;

    void remove_fields(std::string_view name);
    void append_length(const http::request& asked, std::optional<std::uint64_t> length);

    frame_string out_;
    std::string fields_;           // of the response, as they will be sent
    std::size_t unsent_from_ = 0;  // where in `out_` the response begins, if it is `unsent_`
    std::uint64_t left_ = 0;       // of a sized response
    std::uint64_t written_ = 0;    // content of the response
    int status_ = 0;
    form form_ = form::none;
    bool has_type_ = false;  // the handler has set a Content-Type
    bool bodyless_ = false;
    bool unsent_ = false;
};

}  // namespace twill::inline TWILL_ABI::detail
