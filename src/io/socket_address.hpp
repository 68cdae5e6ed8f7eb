// The addresses of a socket's ends.
#pragma once

#include <twill/core/error.hpp>
#include <twill/io/endpoint.hpp>

#include <sys/socket.h>
#include <cerrno>
#include <string>

namespace twill::inline TWILL_ABI::detail {

inline endpoint ask_address(int fd, int (*which)(int, sockaddr*, socklen_t*), const char* verb) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (which(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw io_error(verb, "fd " + std::to_string(fd), errno);
    return endpoint::from(address);
}
inline endpoint local_address(int fd) {
    return ask_address(fd, &::getsockname, "ask for the address of");
}
inline endpoint peer_address(int fd) {
    return ask_address(fd, &::getpeername, "ask for the peer of");
}

}  // namespace twill::inline TWILL_ABI::detail
