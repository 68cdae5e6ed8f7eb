#include "http_parser.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/optional.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace twill::inline TWILL_ABI::detail {
namespace {

namespace beast = boost::beast;
using error = beast::http::error;
using beast_view = beast::string_view;

// So many empty bytes may stand before a start line (RFC 9112, 2.2: some clients send a line end
// too many).
constexpr std::size_t most_blank = 8;
// What a chunk may say before its content.
constexpr std::size_t most_chunk_line = 256;

constexpr std::size_t usual_fields = 16;

constexpr std::size_t shortest_last_chunk = 5;  // "0", and two line ends

std::string_view view(beast_view text) noexcept { return {text.data(), text.size()}; }

bool is_token_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}

bool is_digits(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool has_control(std::string_view text) noexcept {
    return std::ranges::any_of(text, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
}

// "HTTP/1.1"
bool is_version(std::string_view text) noexcept {
    return text.size() == 8 && text.starts_with("HTTP/") && text[6] == '.' &&
           is_digits(text.substr(5, 1)) && is_digits(text.substr(7));
}

// The line that begins a chunk, as far as it has come. Beast looks for the end of a quoted string
// behind the end of the line, too, and takes any byte in it.
http_refusal check_chunk_line(std::string_view come) noexcept {
    if (come.starts_with("\r\n")) come.remove_prefix(2);  // the end of the chunk before
    auto line = come.substr(0, come.find("\r\n"));
    const bool complete = line.size() < come.size();
    if (!complete && line.ends_with('\r')) line.remove_suffix(1);
    if (has_control(line.substr(0, most_chunk_line)))
        return {400, "the first line of a chunk has a control character"};
    if (line.size() > most_chunk_line) return {400, "the first line of a chunk is too long"};
    if (!complete) return {};
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') quoted = !quoted;
        if (line[i] == '\\' && quoted) ++i;
    }
    if (quoted) return {400, "the extension of a chunk is malformed"};
    return {};
}

http_refusal check_host(std::string_view host) noexcept {
    // What a name, an address and a port consist of; no user, no path, no list.
    const bool fine = std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c != '\0' && std::strchr(".-_~:[]%!$&'()*+;=", c) != nullptr);
    });
    if (!fine) return {400, "the Host is not a name or an address"};
    return {};
}

// Of "http://host:port/path" the host and the port; nothing of other targets.
std::optional<std::string_view> authority_of(std::string_view target) noexcept {
    const auto scheme = target.find("://");
    if (scheme == std::string_view::npos || (!http::same_name(target.substr(0, scheme), "http") &&
                                             !http::same_name(target.substr(0, scheme), "https")))
        return std::nullopt;
    const auto authority = target.substr(scheme + 3);
    return authority.substr(0, authority.find_first_of("/?"));
}

http_refusal check_target(std::string_view method, std::string_view target,
                          std::optional<std::string_view> host) noexcept {
    if (target.find('#') != std::string_view::npos) return {400, "a fragment in the target"};
    // Who answers it by 200 has opened a tunnel, and what follows is no request.
    if (method == "CONNECT") return {501, "no tunnels are made here"};
    if (target.front() == '/') return {};
    if (target == "*" && method == "OPTIONS") return {};
    const auto authority = authority_of(target);
    if (!authority) return {400, "the target is neither a path nor an address"};
    if (authority->empty()) return {400, "an address without a host"};
    if (auto wrong = check_host(*authority)) return wrong;
    // RFC 9112, 3.2: they are the same. Who looks at the one must not see another site than who
    // looks at the other.
    if (host && !http::same_name(*host, *authority))
        return {400, "the Host is another one than that of the target"};
    return {};
}

http_refusal meaning_of(beast::error_code why, std::string_view head) noexcept {
    if (why == error::bad_version) {
        const auto line = head.substr(0, head.find('\r'));
        const auto version = line.find(' ', line.find(' ') + 1);
        if (version != std::string_view::npos && is_version(line.substr(version + 1)))
            return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
        return {400, "no HTTP version at the end of the first line"};
    }
    if (why == error::bad_method) return {400, "the method is not a token"};
    if (why == error::bad_target) return {400, "the target has a character that it may not have"};
    if (why == error::bad_field) return {400, "the name of a field is not a token"};
    if (why == error::bad_value) return {400, "a field has a character that it may not have"};
    if (why == error::bad_line_ending) return {400, "a CR without its LF"};
    if (why == error::bad_content_length)
        return {400, "the Content-Length is no number, or contradicts another field"};
    if (why == error::bad_transfer_encoding)
        return {400, "Transfer-Encoding twice, or with a Content-Length"};
    if (why == error::bad_chunk) return {400, "the size of a chunk is no number"};
    if (why == error::bad_chunk_extension) return {400, "the extension of a chunk is malformed"};
    if (why == error::body_limit) return {413, "the content is longer than is taken here"};
    if (why == error::header_limit) return {431, "the head is longer than is taken here"};
    return {400, "malformed"};
}

}  // namespace

http_head_finder::found http_head_finder::find(std::string_view come,
                                               const http_limits& limits) noexcept {
    const auto refuse = [](int status, const char* why) { return found{.wrong = {status, why}}; };
    if (looked_ <= begin_) {
        while (begin_ < most_blank && come.substr(begin_).starts_with("\r\n")) begin_ += 2;
        if (come.size() == begin_ || come.substr(begin_) == "\r") return {};
        if (!is_token_character(come[begin_])) return refuse(400, "this begins no HTTP message");
        looked_ = line_ = begin_;
    }
    const auto nul = come.find('\0', looked_);
    for (;;) {
        const auto end = come.find('\n', looked_);
        if (nul < std::min(end, come.size())) return refuse(400, "a NUL in the head");
        if (end == std::string_view::npos) {
            looked_ = come.size();
            if (come.size() - begin_ < limits.head) return {};
            return line_ == begin_ ? refuse(414, "the first line is longer than is taken here")
                                   : refuse(431, "the head is longer than is taken here");
        }
        if (come[end - 1] != '\r') return refuse(400, "a line ends in a bare LF");
        const bool is_empty = end - 1 == line_;
        const bool is_first = line_ == begin_;
        looked_ = line_ = end + 1;
        if (line_ - begin_ > limits.head)
            return is_first ? refuse(414, "the first line is longer than is taken here")
                            : refuse(431, "the head is longer than is taken here");
        if (is_empty) return {begin_, line_ - begin_};
    }
}

// Beast's parser with its callbacks. Made anew for each message, in place.
template <bool IsRequest>
class beast_parser final : public beast::http::basic_parser<IsRequest> {
    using base = beast::http::basic_parser<IsRequest>;
    using code = beast::error_code;

public:
    beast_parser(std::string_view head, http_head& into, const http_limits& limits)
        : text_(head), into_(&into), most_fields_(limits.fields) {
        this->header_limit(std::numeric_limits<std::uint32_t>::max());
        this->body_limit(limits.body);
    }

    [[nodiscard]] http_refusal refusal(code why) const noexcept {
        return wrong_ ? wrong_ : meaning_of(why, text_);
    }
    [[nodiscard]] const http_refusal& wrong() const noexcept { return wrong_; }
    // What the fields say together, once all are there.
    http_refusal settle() noexcept {
        if constexpr (IsRequest) {
            if (hosts_ > 1) return {400, "more than one Host"};
            if (hosts_ == 0 && into_->minor_version > 0) return {400, "HTTP/1.1 without a Host"};
            if (auto wrong = check_target(into_->method, into_->target, host_)) return wrong;
        }
        if (lengths_ > 1) return {400, "more than one Content-Length"};
        into_->has_length = lengths_ == 1;
        if (encodings_ != 0) {
            if (encodings_ > 1 || lengths_ != 0)
                return {400, "Transfer-Encoding twice, or with a Content-Length"};
            if (into_->minor_version == 0) return {400, "Transfer-Encoding in HTTP/1.0"};
            if (!this->chunked()) return {501, "no Transfer-Encoding but chunked is spoken here"};
        }
        head_is_over_ = true;
        return {};
    }

    [[nodiscard]] bool is_at_chunk_line() const noexcept { return chunk_left_ == 0; }
    // Whether a line end may stand before it: that of the chunk before.
    [[nodiscard]] bool has_chunk() const noexcept { return has_chunk_; }
    // The next piece of content, if one came.
    std::string_view take_content() noexcept { return std::exchange(content_, {}); }

private:
    void refuse(int status, const char* why, code& ec) {
        wrong_ = {status, why};
        ec = error::bad_value;
    }

    void on_request_impl(beast::http::verb /*known*/, beast_view method, beast_view target,
                         int version, code& /*ec*/) override {
        into_->method = view(method);
        into_->target = view(target);
        into_->minor_version = version - 10;
    }
    void on_response_impl(int status, beast_view reason, int version, code& ec) override {
        into_->status = status;
        into_->reason = view(reason);
        into_->minor_version = version - 10;
        if (status < 100) refuse(400, "a status below 100", ec);
    }

    void on_field_impl(beast::http::field which, beast_view beast_name, beast_view beast_value,
                       code& ec) override {
        // Fields behind the content are not looked at: what they could say, they say too late.
        if (head_is_over_) return;
        const std::string_view name = view(beast_name);
        const std::string_view value = view(beast_value);
        if (is_folded(name, value)) return refuse(400, "a field goes on in the next line", ec);
        if (into_->fields.size() == most_fields_)
            return refuse(431, "more fields than are taken here", ec);
        into_->fields.push_back({name, value});
        switch (which) {
            case beast::http::field::host:
                ++hosts_;
                host_ = value;
                if (auto wrong = check_host(value)) refuse(wrong.status, wrong.why, ec);
                break;
            case beast::http::field::content_length:
                ++lengths_;
                if (!is_digits(value)) refuse(400, "the Content-Length is no number", ec);
                break;
            case beast::http::field::transfer_encoding:
                ++encodings_;
                // "chunked" behind others, or with parameters, is what parsers disagree about.
                if (!http::same_name(value, "chunked"))
                    refuse(501, "no Transfer-Encoding but chunked is spoken here", ec);
                break;
            case beast::http::field::expect:
                if (!http::same_name(value, "100-continue"))
                    refuse(417, "nothing but 100-continue can be expected here", ec);
                into_->expects_continue = true;
                break;
            default:
                break;
        }
    }

    // Beast joins the lines of a folded field elsewhere, or skips the line end before the value.
    [[nodiscard]] bool is_folded(std::string_view name, std::string_view value) const noexcept {
        const char* const begin = value.data();
        const char* const colon = name.data() + name.size();
        if (std::less<>{}(begin, colon) ||
            std::less<>{}(text_.data() + text_.size(), begin + value.size()))
            return true;
        return std::find(colon, begin, '\n') != begin;
    }

    void on_header_impl(code& /*ec*/) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                           code& /*ec*/) override {}
    // Content whose length is known does not come here.
    std::size_t on_body_impl(beast_view /*body*/, code& /*ec*/) override { return 0; }
    void on_chunk_header_impl(std::uint64_t size, beast_view /*extension*/, code& /*ec*/) override {
        chunk_left_ = size;
        has_chunk_ = true;
    }
    std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, beast_view body,
                                   code& /*ec*/) override {
        content_ = view(body);
        chunk_left_ -= body.size();
        return body.size();
    }
    void on_finish_impl(code& /*ec*/) override {}

    std::string_view text_;
    http_head* into_;
    std::size_t most_fields_;
    std::string_view content_{};
    http_refusal wrong_{};
    std::optional<std::string_view> host_{};
    std::uint64_t chunk_left_ = 0;
    int hosts_ = 0;
    int lengths_ = 0;
    int encodings_ = 0;
    bool head_is_over_ = false;
    bool has_chunk_ = false;
};

template <bool IsRequest>
struct http_parser<IsRequest>::parts {
    enum class content : std::uint8_t { none, known, chunked, until_end };

    explicit parts(const http_limits& some) noexcept : limits(some) {}
    http_limits limits;
    std::optional<beast_parser<IsRequest>> beast;
    std::uint64_t remaining = 0;
    content kind = content::none;
};

template <bool IsRequest>
http_parser<IsRequest>::http_parser(const http_limits& limits)
    : parts_(std::make_unique<parts>(limits)) {}
template <bool IsRequest>
http_parser<IsRequest>::~http_parser() = default;
template <bool IsRequest>
http_parser<IsRequest>::http_parser(http_parser&&) noexcept = default;
template <bool IsRequest>
http_parser<IsRequest>& http_parser<IsRequest>::operator=(http_parser&&) noexcept = default;

template <bool IsRequest>
http_refusal http_parser<IsRequest>::parse(std::string_view head, http_head& into,
                                           bool no_content) {
    into.fields.clear();
    if (into.fields.capacity() == 0) into.fields.reserve(usual_fields);
    into.has_length = into.chunked = into.until_end = into.expects_continue = false;
    into.length = 0;
    parts_->kind = parts::content::none;
    parts_->remaining = 0;
    auto& beast = parts_->beast.emplace(head, into, parts_->limits);
    if (no_content) beast.skip(true);
    beast::error_code ec;
    const std::size_t taken = beast.put(boost::asio::const_buffer(head.data(), head.size()), ec);
    if (beast.wrong()) return beast.wrong();
    if (ec == error::need_more || (!ec && taken != head.size()))
        return {400, "malformed"};  // the head is complete: it must be read to its end
    if (ec) return beast.refusal(ec);
    if (auto wrong = beast.settle()) return wrong;
    into.keep_alive = beast.keep_alive();
    into.chunked = beast.chunked() && !beast.is_done();
    into.until_end = !IsRequest && beast.need_eof();
    if (into.has_length) into.length = beast.content_length().value_or(0);
    if (beast.is_done()) return {};
    if (into.chunked) {
        parts_->kind = parts::content::chunked;
    } else if (into.until_end) {
        parts_->kind = parts::content::until_end;
        parts_->remaining = parts_->limits.body;
    } else {
        parts_->kind = parts::content::known;
        parts_->remaining = into.length;
    }
    return {};
}

template <bool IsRequest>
http_body_step http_parser<IsRequest>::body(std::string_view come) {
    using content = typename parts::content;
    switch (parts_->kind) {
        case content::none:
            return {.done = true};
        case content::known: {
            const auto size =
                static_cast<std::size_t>(std::min<std::uint64_t>(come.size(), parts_->remaining));
            took(size);
            return {size, come.substr(0, size), parts_->remaining == 0};
        }
        case content::until_end:
            if (come.size() > parts_->remaining)
                return {.wrong = {413, "the content is longer than is taken here"}};
            parts_->remaining -= come.size();
            return {come.size(), come, false};
        case content::chunked:
            break;
    }
    http_body_step step;
    auto& beast = *parts_->beast;
    while (step.taken < come.size()) {
        beast::error_code ec;
        const auto rest = come.substr(step.taken);
        if (!beast.has_chunk() && rest.front() == '\r')
            step.wrong = {400, "the size of a chunk is no number"};
        else if (beast.is_at_chunk_line())
            step.wrong = check_chunk_line(rest);
        if (step.wrong) return step;
        // Beast expects the last chunk to come with the line end behind it, and asserts that.
        if (beast.is_at_chunk_line() && rest.size() < shortest_last_chunk &&
            rest.find('0') != std::string_view::npos)
            return step;
        step.taken += beast.put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
        step.content = beast.take_content();
        if (ec == error::need_more) return step;
        if (ec) {
            step.wrong = beast.refusal(ec);
            return step;
        }
        if (beast.is_done()) {
            parts_->kind = content::none;
            step.done = true;
            return step;
        }
        if (!step.content.empty()) return step;
    }
    return step;
}

template <bool IsRequest>
void http_parser<IsRequest>::took(std::uint64_t bytes) noexcept {
    parts_->remaining -= bytes;
    if (parts_->remaining == 0 && parts_->kind == parts::content::known)
        parts_->kind = parts::content::none;
}

template <bool IsRequest>
std::uint64_t http_parser<IsRequest>::remaining() const noexcept {
    return parts_->kind == parts::content::known ? parts_->remaining : 0;
}

template <bool IsRequest>
bool http_parser<IsRequest>::complete() const noexcept {
    return parts_->kind == parts::content::none;
}

template class http_parser<true>;
template class http_parser<false>;

}  // namespace twill::inline TWILL_ABI::detail
