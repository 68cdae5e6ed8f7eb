#include "http_outgoing.hpp"

#include "http_date.hpp"
#include "http_text.hpp"

#include <twill/core/error.hpp>

#include <algorithm>

namespace twill::inline TWILL_ABI::detail {
namespace {

// Most heads of responses, and contents that go with them, are shorter.
constexpr std::size_t usual_response = 512;

}  // namespace

void http_outgoing::next_response() noexcept {
    fields_.clear();
    form_ = form::none;
    has_type_ = bodyless_ = false;
    status_ = 0;
    left_ = written_ = 0;
}

void http_outgoing::take_back() noexcept {
    if (begun() && !unsent_) return;
    if (begun()) out_.resize(unsent_from_);
    unsent_ = false;
    next_response();
}

// `fields_` without those that are called so.
void http_outgoing::remove_fields(std::string_view name) {
    for (std::size_t at = 0; at < fields_.size();) {
        const auto end = fields_.find("\r\n", at) + 2;
        const auto line = std::string_view(fields_).substr(at, end - at);
        if (http::same_name(line.substr(0, line.find(':')), name))
            fields_.erase(at, end - at);
        else
            at = end;
    }
}

void http_outgoing::check_field(std::string_view name, std::string_view value) {
    if (!is_http_token(name) || !is_http_value(value))
        throw usage_error("\"" + std::string(name) +
                          "\" is no name of a field, or its value has a control character");
    for (const std::string_view own : {"Content-Length", "Transfer-Encoding", "Connection", "Date"})
        if (http::same_name(name, own))
            throw usage_error("the field " + std::string(own) + " is set by the server");
}

void http_outgoing::set_field(std::string_view name, std::string_view value, bool replace) {
    if (begun())
        throw usage_error("the response was begun already: set its fields before `respond`");
    check_field(name, value);
    if (replace) remove_fields(name);
    has_type_ = has_type_ || http::same_name(name, "Content-Type");
    fields_.append(name).append(": ").append(value).append("\r\n");
}

bool http_outgoing::begin(int status, const http::request& asked, bool keep,
                          std::optional<std::uint64_t> length, std::string_view type) {
    if (begun()) throw usage_error("a response to this request was begun already");
    if (!is_final_status(status))
        throw usage_error("a response has a status from 200 to 999, not " + std::to_string(status));
    // Whoever takes it from a file or a client must not be made to write other fields.
    if (!is_http_value(type)) throw usage_error("a Content-Type with a control character");
    if (out_.capacity() < usual_response) out_.reserve(usual_response);
    unsent_from_ = out_.size();
    unsent_ = true;
    status_ = status;
    const bool none = status == 204 || status == 304;
    bodyless_ = none || status == 205 || asked.method() == "HEAD";
    if (status == 205) length = 0;
    out_ += "HTTP/1.1 ";
    append_number(out_, static_cast<unsigned>(status));
    out_ += ' ';
    out_.append(http::reason(status)).append("\r\n").append(http_date_field()).append(fields_);
    if (!type.empty() && !has_type_ && !none) out_.append("Content-Type: ").append(type) += "\r\n";
    if (none)
        form_ = form::sized;
    else
        append_length(asked, length);
    keep = keep && form_ != form::until_close;
    if (!keep)
        out_ += "Connection: close\r\n";
    else if (asked.minor_version() == 0)
        out_ += "Connection: keep-alive\r\n";
    out_ += "\r\n";
    return keep;
}

void http_outgoing::append_length(const http::request& asked, std::optional<std::uint64_t> length) {
    if (length) {
        form_ = form::sized;
        left_ = *length;
        out_ += "Content-Length: ";
        append_number(out_, *length);
        out_ += "\r\n";
    } else if (asked.minor_version() > 0) {
        form_ = form::chunked;
        out_ += "Transfer-Encoding: chunked\r\n";
    } else {
        form_ = form::until_close;
    }
}

bool http_outgoing::put(int status, const http::request& asked, bool keep,
                        std::string_view content) {
    keep = begin(status, asked, keep, content.size(), "text/plain; charset=utf-8");
    if (bodyless_) return keep;
    out_ += content;
    left_ = 0;
    written_ = content.size();
    return keep;
}

bool http_outgoing::takes(std::uint64_t size) {
    if (!begun()) throw usage_error("no response was begun: call begin or respond");
    if (form_ == form::sized && !bodyless_) {
        if (size > left_) throw usage_error("more is written than the length that was announced");
        left_ -= size;
    }
    if (bodyless_ || size == 0) return false;
    written_ += size;
    return true;
}

void http_outgoing::append(std::string_view content) {
    if (form_ == form::chunked)
        append_chunk(out_, content);
    else
        out_ += content;
}

std::string_view http_outgoing::begin_long(std::string_view content) {
    if (form_ == form::chunked) {
        append_number(out_, content.size(), 16);
        out_ += "\r\n";
    }
    if (!is_long()) {
        const std::size_t first = std::min(content.size(), gathered - out_.size());
        out_ += content.substr(0, first);
        content.remove_prefix(first);
    }
    return content;
}

void http_outgoing::end_long() {
    if (form_ == form::chunked) out_ += "\r\n";
}

void http_outgoing::end() {
    if (form_ == form::chunked && !bodyless_) out_ += http_last_chunk;
}

}  // namespace twill::inline TWILL_ABI::detail
