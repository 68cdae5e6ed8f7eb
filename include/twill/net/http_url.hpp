// The addresses of HTTP: "https://example.org:8443/find?q=x".
#pragma once

#include <twill/core/config.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::http {

struct TWILL_API url {
    bool secure = false;  // https
    std::string host;     // in small letters; an IPv6 address without its brackets
    std::uint16_t port = 80;
    std::string target = "/";  // path and query, as they are sent

    // Nothing for what is no such address: another scheme, a user before the host, a space or a
    // control character anywhere. A fragment is dropped.
    [[nodiscard]] static std::optional<url> parse(std::string_view text);

    // What `reference`, as a link or a "Location" has it, means on the page at this address.
    [[nodiscard]] std::optional<url> resolve(std::string_view reference) const;

    // Host and port as the field Host has them; the port only if it is not the scheme's own.
    [[nodiscard]] std::string authority() const;
    [[nodiscard]] std::string to_string() const;

    bool operator==(const url&) const = default;
};

}  // namespace twill::inline TWILL_ABI::http
