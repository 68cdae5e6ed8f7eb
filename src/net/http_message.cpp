#include <twill/net/http_message.hpp>

#include <algorithm>
#include <array>

namespace twill::inline TWILL_ABI::http {
namespace {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// -1: no hexadecimal digit.
constexpr int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    const char small = lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

struct named_status {
    int status;
    std::string_view name;
};
constexpr std::array names = {
    named_status{100, "Continue"},
    named_status{101, "Switching Protocols"},
    named_status{103, "Early Hints"},
    named_status{200, "OK"},
    named_status{201, "Created"},
    named_status{202, "Accepted"},
    named_status{203, "Non-Authoritative Information"},
    named_status{204, "No Content"},
    named_status{205, "Reset Content"},
    named_status{206, "Partial Content"},
    named_status{300, "Multiple Choices"},
    named_status{301, "Moved Permanently"},
    named_status{302, "Found"},
    named_status{303, "See Other"},
    named_status{304, "Not Modified"},
    named_status{307, "Temporary Redirect"},
    named_status{308, "Permanent Redirect"},
    named_status{400, "Bad Request"},
    named_status{401, "Unauthorized"},
    named_status{402, "Payment Required"},
    named_status{403, "Forbidden"},
    named_status{404, "Not Found"},
    named_status{405, "Method Not Allowed"},
    named_status{406, "Not Acceptable"},
    named_status{407, "Proxy Authentication Required"},
    named_status{408, "Request Timeout"},
    named_status{409, "Conflict"},
    named_status{410, "Gone"},
    named_status{411, "Length Required"},
    named_status{412, "Precondition Failed"},
    named_status{413, "Content Too Large"},
    named_status{414, "URI Too Long"},
    named_status{415, "Unsupported Media Type"},
    named_status{416, "Range Not Satisfiable"},
    named_status{417, "Expectation Failed"},
    named_status{421, "Misdirected Request"},
    named_status{422, "Unprocessable Content"},
    named_status{425, "Too Early"},
    named_status{426, "Upgrade Required"},
    named_status{428, "Precondition Required"},
    named_status{429, "Too Many Requests"},
    named_status{431, "Request Header Fields Too Large"},
    named_status{451, "Unavailable For Legal Reasons"},
    named_status{500, "Internal Server Error"},
    named_status{501, "Not Implemented"},
    named_status{502, "Bad Gateway"},
    named_status{503, "Service Unavailable"},
    named_status{504, "Gateway Timeout"},
    named_status{505, "HTTP Version Not Supported"},
};

// Of "http://host/path?query" the part from the path on.
std::string_view without_authority(std::string_view target) noexcept {
    if (target.starts_with('/')) return target;
    const auto scheme = target.find("://");
    if (scheme == std::string_view::npos) return target;
    const auto path = target.find_first_of("/?", scheme + 3);
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view reason(int status) noexcept {
    const auto* at = std::ranges::lower_bound(names, status, {}, &named_status::status);
    return at != names.end() && at->status == status ? at->name : std::string_view();
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '+' && plus_is_space) {
            plain += ' ';
        } else if (c == '%') {
            if (text.size() - i < 3) return std::nullopt;
            const int high = digit(text[i + 1]);
            const int low = digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            plain += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            plain += c;
        }
    }
    return plain;
}

void request::assign(const parts& of, std::span<const field> fields) noexcept {
    method_ = of.method;
    target_ = of.target;
    minor_version_ = of.minor_version;
    length_ = of.length;
    chunked_ = of.chunked;
    fields_ = fields;
    const std::string_view local = without_authority(target_);
    const auto mark = local.find('?');
    path_ = local.substr(0, mark);
    if (path_.empty()) path_ = "/";
    query_ = mark == std::string_view::npos ? std::string_view() : local.substr(mark + 1);
}

std::string_view request::header(std::string_view name) const noexcept {
    for (const field& each : fields_)
        if (same_name(each.name, name)) return each.value;
    return {};
}

std::optional<std::string> request::find_query(std::string_view name) const {
    std::string_view rest = query_;
    while (!rest.empty()) {
        const auto end = rest.find('&');
        const std::string_view pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        const auto equals = pair.find('=');
        const std::string_view key = pair.substr(0, equals);
        if (key != name && percent_decoded(key, true) != name) continue;
        if (equals == std::string_view::npos) return std::string();
        // What is not well encoded is taken as it stands: it is the client's word, not a path.
        const std::string_view value = pair.substr(equals + 1);
        return percent_decoded(value, true).value_or(std::string(value));
    }
    return std::nullopt;
}

std::string request::query(std::string_view name) const {
    return find_query(name).value_or(std::string());
}

}  // namespace twill::inline TWILL_ABI::http
