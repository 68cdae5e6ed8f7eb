#include <twill/io/socket_stream.hpp>

#include "io/socket_option.hpp"

#include <algorithm>

namespace twill::inline TWILL_ABI {
namespace {

void shut_down(int fd, int how, const char* verb) {
    if (::shutdown(fd, how) != 0) throw io_error(verb, "fd " + std::to_string(fd), errno);
}

void set_size(int fd, int option, std::size_t bytes, const char* name) {
    // 0 means the least here.
    detail::set_buffer(fd, option, std::max<std::size_t>(bytes, 1), name);
}

std::size_t size_of(int fd, int option, const char* name) {
    return static_cast<std::size_t>(detail::get_option<int>(fd, SOL_SOCKET, option, name));
}

}  // namespace

void socket_stream::shutdown_write() {
    shut_down(native_handle(), SHUT_WR, "shut down writing to");
}
void socket_stream::shutdown_read() {
    shut_down(native_handle(), SHUT_RD, "shut down reading from");
}

void socket_stream::set_send_buffer(std::size_t bytes) {
    set_size(native_handle(), SO_SNDBUF, bytes, "SO_SNDBUF");
}
void socket_stream::set_receive_buffer(std::size_t bytes) {
    set_size(native_handle(), SO_RCVBUF, bytes, "SO_RCVBUF");
}
std::size_t socket_stream::send_buffer() const {
    return size_of(native_handle(), SO_SNDBUF, "SO_SNDBUF");
}
std::size_t socket_stream::receive_buffer() const {
    return size_of(native_handle(), SO_RCVBUF, "SO_RCVBUF");
}

}  // namespace twill::inline TWILL_ABI
