// getsockopt and setsockopt with errors that name the option.
//
//     set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
#pragma once

#include <twill/core/error.hpp>

#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <string>

namespace twill::inline TWILL_ABI::detail {

template <class T>
void set_option(int fd, int level, int option, const T& value, const char* name) {
    if (::setsockopt(fd, level, option, &value, sizeof value) != 0)
        throw io_error(std::string("set ") + name + " on", "fd " + std::to_string(fd), errno);
}

template <class T>
T get_option(int fd, int level, int option, const char* name) {
    T value{};
    socklen_t size = sizeof value;
    if (::getsockopt(fd, level, option, &value, &size) != 0)
        throw io_error(std::string("ask for ") + name + " of", "fd " + std::to_string(fd), errno);
    return value;
}

// A buffer's size; 0 leaves it as it is.
inline void set_buffer(int fd, int option, std::size_t bytes, const char* name) {
    if (bytes == 0) return;
    set_option(fd, SOL_SOCKET, option, static_cast<int>(std::min<std::size_t>(bytes, INT_MAX)),
               name);
}

}  // namespace twill::inline TWILL_ABI::detail
