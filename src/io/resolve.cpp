#include <twill/core/error.hpp>
#include <twill/io/endpoint.hpp>
#include <twill/runtime/blocking.hpp>

#include "io/name_query.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace {

// getaddrinfo's own errors, as a category of std::error_code.
class lookup_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "getaddrinfo"; }
    [[nodiscard]] std::string message(int code) const override { return ::gai_strerror(code); }
};

std::vector<endpoint> look_up(const std::string& host, const std::string& service, int flags) {
    static const lookup_category category;
    addrinfo wanted{};
    wanted.ai_flags = flags;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failed = ::getaddrinfo(host.c_str(), service.c_str(), &wanted, &found);
    const auto asked_for = host + " (service " + service + ")";
    if (failed == EAI_SYSTEM) throw io_error("look up", asked_for, errno);
    if (failed != 0) throw io_error("look up", asked_for, std::error_code(failed, category));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
    std::vector<endpoint> all;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        if (each->ai_family != AF_INET && each->ai_family != AF_INET6) continue;
        sockaddr_storage address{};
        std::memcpy(&address, each->ai_addr, each->ai_addrlen);
        all.push_back(endpoint::from(address));
    }
    return all;
}

bool is_number(const std::string& host) noexcept {
    in_addr v4{};
    return ::inet_pton(AF_INET, host.c_str(), &v4) == 1 || host.find(':') != std::string::npos;
}

#ifdef TWILL_HAS_CARES
bool asks_itself() noexcept {
    const char* const set = std::getenv("TWILL_RESOLVER");
    return set == nullptr || std::string_view(set) != "system";
}
#endif

}  // namespace

task<std::vector<endpoint>> resolve(std::string host, std::string service,
                                    resolve_options options) {
#ifndef TWILL_HAS_CARES
    if (!options.servers.empty())
        throw usage_error("ask name servers of one's own: twill was built without c-ares");
#endif
    // No file and no server is asked for these. (c-ares asks servers first.)
    if (is_number(host))
        co_return co_await blocking([&] { return look_up(host, service, AI_NUMERICHOST); });
#ifdef TWILL_HAS_CARES
    if (asks_itself() || !options.servers.empty())
        co_return co_await detail::ask_name_servers(std::move(host), std::move(service),
                                                    std::move(options.servers));
#endif
    co_return co_await blocking([&] { return look_up(host, service, 0); });
}

}  // namespace twill::inline TWILL_ABI
