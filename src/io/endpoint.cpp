#include <twill/core/error.hpp>
#include <twill/io/endpoint.hpp>

#include <arpa/inet.h>
#include <algorithm>
#include <charconv>

namespace twill::inline TWILL_ABI {
namespace {

sockaddr_in& as_v4(sockaddr_storage& s) noexcept { return reinterpret_cast<sockaddr_in&>(s); }
sockaddr_in6& as_v6(sockaddr_storage& s) noexcept { return reinterpret_cast<sockaddr_in6&>(s); }
const sockaddr_in& as_v4(const sockaddr_storage& s) noexcept {
    return reinterpret_cast<const sockaddr_in&>(s);
}
const sockaddr_in6& as_v6(const sockaddr_storage& s) noexcept {
    return reinterpret_cast<const sockaddr_in6&>(s);
}

sockaddr_storage v4(std::uint32_t address, std::uint16_t port) noexcept {
    sockaddr_storage made{};
    as_v4(made).sin_family = AF_INET;
    as_v4(made).sin_addr.s_addr = htonl(address);
    as_v4(made).sin_port = htons(port);
    return made;
}

[[noreturn]] void refuse(std::string_view text) {
    // A byte 0 would end the message.
    std::string shown(text);
    std::ranges::replace(shown, '\0', '?');
    throw usage_error("read the address \"" + shown +
                      "\": wanted numbers, as in 127.0.0.1:80 or [::1]:80");
}

std::uint16_t port_in(std::string_view digits, std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size()) refuse(text);
    return port;
}

}  // namespace

endpoint::endpoint() noexcept : storage_(v4(INADDR_ANY, 0)) {}

endpoint endpoint::loopback(std::uint16_t port) noexcept {
    endpoint made;
    made.storage_ = v4(INADDR_LOOPBACK, port);
    return made;
}

endpoint endpoint::any(std::uint16_t port) noexcept {
    endpoint made;
    made.storage_ = v4(INADDR_ANY, port);
    return made;
}

endpoint endpoint::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) refuse(text);
    const std::uint16_t port = port_in(text.substr(colon + 1), text);
    std::string host(text.substr(0, colon));
    // inet_pton would read up to it.
    if (host.find('\0') != std::string::npos) refuse(text);
    const bool bracketed = host.size() > 1 && host.front() == '[' && host.back() == ']';
    endpoint made = any(port);
    if (!bracketed) {
        if (::inet_pton(AF_INET, host.c_str(), &as_v4(made.storage_).sin_addr) != 1) refuse(text);
        return made;
    }
    host = host.substr(1, host.size() - 2);
    made.storage_ = {};
    as_v6(made.storage_).sin6_family = AF_INET6;
    as_v6(made.storage_).sin6_port = htons(port);
    if (::inet_pton(AF_INET6, host.c_str(), &as_v6(made.storage_).sin6_addr) != 1) refuse(text);
    return made;
}

endpoint endpoint::from(const sockaddr_storage& address) {
    if (address.ss_family != AF_INET && address.ss_family != AF_INET6)
        throw usage_error("take an address of family " + std::to_string(address.ss_family) +
                          " as an endpoint: only IPv4 and IPv6 are");
    endpoint made;
    made.storage_ = address;
    return made;
}

std::uint16_t endpoint::port() const noexcept {
    return ntohs(family() == AF_INET6 ? as_v6(storage_).sin6_port : as_v4(storage_).sin_port);
}

std::string endpoint::to_string() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (family() == AF_INET6) {
        ::inet_ntop(AF_INET6, &as_v6(storage_).sin6_addr, text, sizeof text);
        return "[" + std::string(text) + "]:" + std::to_string(port());
    }
    ::inet_ntop(AF_INET, &as_v4(storage_).sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(port());
}

socklen_t endpoint::size() const noexcept {
    return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

}  // namespace twill::inline TWILL_ABI
