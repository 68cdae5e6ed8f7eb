// Internet addresses with a port.
//
//     auto here = twill::endpoint::parse("127.0.0.1:8080");
//     auto there = co_await twill::resolve("example.org", "443");
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI {

// An IPv4 or IPv6 address and a port.
class TWILL_API endpoint {
public:
    // 0.0.0.0:0
    endpoint() noexcept;

    // 127.0.0.1, and 0.0.0.0 (all of this machine's), at `port`; 0 lets the kernel choose when
    // bound.
    [[nodiscard]] static endpoint loopback(std::uint16_t port) noexcept;
    [[nodiscard]] static endpoint any(std::uint16_t port) noexcept;

    // "127.0.0.1:80" or "[::1]:80": numbers only. Throws usage_error for anything else.
    [[nodiscard]] static endpoint parse(std::string_view text);

    // From what the kernel gives; other families throw usage_error.
    [[nodiscard]] static endpoint from(const sockaddr_storage& address);

    [[nodiscard]] std::uint16_t port() const noexcept;
    // As `parse` reads it.
    [[nodiscard]] std::string to_string() const;

    [[nodiscard]] const sockaddr* address() const noexcept {
        return reinterpret_cast<const sockaddr*>(&storage_);
    }
    [[nodiscard]] socklen_t size() const noexcept;
    [[nodiscard]] int family() const noexcept { return storage_.ss_family; }

private:
    sockaddr_storage storage_{};
};

struct resolve_options {
    // The name servers to ask in place of the system's, "192.0.2.1:53,[2001:db8::1]:53". Throws
    // usage_error where twill was built without c-ares.
    std::string servers = {};
};

// The addresses of a host, best first. `service`: a port number or a name of /etc/services. Throws
// io_error: no such name, no answer from any name server (after half a minute or so: set a limit of
// your own, `with_timeout(5s, resolve(...))`).
//
// Built with c-ares, twill asks the name servers of /etc/resolv.conf itself, after /etc/hosts:
// cancelled at once. Without it, or with TWILL_RESOLVER=system in the environment, getaddrinfo does
// on the blocking pool, which knows other sources of names, too (nsswitch.conf): cancelled while it
// waits for a thread; once it runs it goes on to its end.
[[nodiscard]] TWILL_API task<std::vector<endpoint>> resolve(std::string host, std::string service,
                                                            resolve_options options = {});

}  // namespace twill::inline TWILL_ABI
