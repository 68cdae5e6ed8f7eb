#include <twill/net/http_message.hpp>
#include <twill/net/http_url.hpp>

#include <algorithm>
#include <charconv>
#include <vector>

namespace twill::inline TWILL_ABI::http {
namespace {

bool is_letter_or_digit(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_host(std::string_view text, bool in_brackets) noexcept {
    const std::string_view others = in_brackets ? ":." : "-._~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
    });
}

bool is_clean(std::string_view text) noexcept {
    return std::ranges::none_of(
        text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

// RFC 3986, 5.2.4: what "." and ".." mean in a path that begins with a slash.
std::string without_dots(std::string_view path) {
    std::vector<std::string_view> names;
    bool ends_in_folder = false;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto slash = path.find('/');
        const auto name = path.substr(0, slash);
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
        ends_in_folder = name == "." || name == "..";
        if (name == ".." && !names.empty()) names.pop_back();
        if (!ends_in_folder) names.push_back(name);
    }
    std::string plain;
    for (const auto name : names) plain.append("/").append(name);
    if (ends_in_folder || plain.empty()) plain += '/';
    return plain;
}

std::string_view without_fragment(std::string_view text) noexcept {
    return text.substr(0, text.find('#'));
}

}  // namespace

std::optional<url> url::parse(std::string_view text) {
    url made;
    const auto colon = text.find("://");
    if (colon == std::string_view::npos || !is_clean(text)) return std::nullopt;
    const auto scheme = text.substr(0, colon);
    made.secure = same_name(scheme, "https");
    if (!made.secure && !same_name(scheme, "http")) return std::nullopt;
    made.port = made.secure ? 443 : 80;
    text = without_fragment(text.substr(colon + 3));

    const auto authority = text.substr(0, text.find_first_of("/?"));
    const auto rest = text.substr(authority.size());
    std::string_view host = authority;
    std::string_view after;
    const bool in_brackets = authority.starts_with('[');
    if (in_brackets) {
        const auto close = authority.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        host = authority.substr(1, close - 1);
        after = authority.substr(close + 1);
    } else {
        host = authority.substr(0, authority.find(':'));
        after = authority.substr(host.size());
    }
    if (!is_host(host, in_brackets)) return std::nullopt;
    if (!after.empty() && after != ":") {
        if (!after.starts_with(':')) return std::nullopt;
        const auto port = parse_port(after.substr(1));
        if (!port) return std::nullopt;
        made.port = *port;
    }
    made.host = host;
    std::ranges::transform(made.host, made.host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    if (!rest.empty()) made.target = rest.front() == '?' ? "/" + std::string(rest) : rest;
    return made;
}

std::optional<url> url::resolve(std::string_view reference) const {
    reference = without_fragment(reference);
    if (!is_clean(reference)) return std::nullopt;
    const auto special = reference.find_first_of(":/?");
    if (special != std::string_view::npos && reference[special] == ':') return parse(reference);
    if (reference.starts_with("//"))
        return parse((secure ? "https:" : "http:") + std::string(reference));
    url made = *this;
    if (reference.empty()) return made;
    const auto mark = reference.find('?');
    const auto path = reference.substr(0, mark);
    const auto query = mark == std::string_view::npos ? std::string_view() : reference.substr(mark);
    const auto base = std::string_view(target).substr(0, target.find('?'));
    if (path.empty())
        made.target = std::string(base) + std::string(query);
    else if (path.starts_with('/'))
        made.target = without_dots(path) + std::string(query);
    else
        made.target =
            without_dots(std::string(base.substr(0, base.rfind('/') + 1)) + std::string(path)) +
            std::string(query);
    return made;
}

std::string url::authority() const {
    std::string text = host.find(':') == std::string::npos ? host : '[' + host + ']';
    if (port != (secure ? 443 : 80)) text += ':' + std::to_string(port);
    return text;
}

std::string url::to_string() const {
    return (secure ? "https://" : "http://") + authority() + target;
}

}  // namespace twill::inline TWILL_ABI::http
