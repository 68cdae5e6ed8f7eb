#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/detail/accept_operation.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/io/unix_socket.hpp>

#include "io/connect_operation.hpp"
#include "io/socket_option.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>

namespace twill::inline TWILL_ABI {
namespace {

detail::descriptor new_socket() {
    detail::descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!made) throw io_error("make", "a Unix socket", errno);
    return made;
}

// Whether the address's file is a socket that nobody listens at.
bool is_stale(const unix_address& address) {
    struct stat about{};
    if (::lstat(address.file(), &about) != 0) return errno == ENOENT;
    if (!S_ISSOCK(about.st_mode)) return false;
    const auto probe = new_socket();
    return ::connect(probe.get(), address.address(), address.size()) != 0 && errno == ECONNREFUSED;
}

void bind_to(int fd, const unix_address& here, const unix_listen_options& options) {
    const auto name = "Unix socket at " + here.to_string();
    // The file's permissions are the socket's less the umask.
    if (here.is_path() && ::fchmod(fd, options.mode) != 0)
        throw io_error("set the permissions of", name, errno);
    if (::bind(fd, here.address(), here.size()) == 0) return;
    if (errno == EADDRINUSE && here.is_path() && options.replace_stale && is_stale(here)) {
        static_cast<void>(::unlink(here.file()));
        if (::bind(fd, here.address(), here.size()) == 0) return;
    }
    throw io_error("bind", name, errno);
}

detail::descriptor listening(const unix_address& here, const unix_listen_options& options) {
    auto made = new_socket();
    bind_to(made.get(), here, options);
    if (::listen(made.get(), options.backlog) != 0)
        throw io_error("listen on", "Unix socket at " + here.to_string(), errno);
    return made;
}

}  // namespace

unix_address::unix_address(std::string_view text, bool is_path) {
    const std::size_t before = is_path ? 0 : 1;
    if (text.empty()) throw usage_error("name a Unix socket: the name is empty");
    if (is_path && text.find('\0') != std::string_view::npos)
        throw usage_error("name a Unix socket: a path cannot have a byte 0 in it");
    // A path ends with a byte 0, an abstract name begins with one.
    if (text.size() + 1 > sizeof storage_.sun_path)
        throw io_error("name a Unix socket", text, ENAMETOOLONG);
    storage_.sun_family = AF_UNIX;
    std::ranges::copy(text, storage_.sun_path + before);
    size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size() + 1);
}

unix_address unix_address::path(std::string_view file) { return {file, true}; }
unix_address unix_address::abstract(std::string_view name) { return {name, false}; }

std::string unix_address::to_string() const {
    const std::size_t length = size_ - offsetof(sockaddr_un, sun_path) - 1;
    if (is_path()) return {storage_.sun_path, length};
    std::string shown = "@" + std::string(storage_.sun_path + 1, length);
    std::ranges::replace(shown, '\0', '@');
    return shown;
}

peer_credentials unix_stream::peer() const {
    const auto found =
        detail::get_option<ucred>(native_handle(), SOL_SOCKET, SO_PEERCRED, "SO_PEERCRED");
    return {found.pid, found.uid, found.gid};
}

unix_listener::unix_listener(unix_address here, const unix_listen_options& options)
    : byte_stream(listening(here, options).release(), detail::socket_calls), here_(here) {
    struct stat about{};
    if (!here_.is_path() || ::lstat(here_.file(), &about) != 0) return;
    device_ = about.st_dev;
    inode_ = about.st_ino;
}

unix_listener::unix_listener(unix_listener&& other) noexcept = default;

unix_listener& unix_listener::operator=(unix_listener&& other) noexcept {
    if (this == &other) return *this;
    close();
    here_ = other.here_;
    device_ = other.device_;
    inode_ = other.inode_;
    byte_stream::operator=(std::move(other));
    return *this;
}

// The file goes first: who connects in between finds nothing, instead of somebody who is closing.
void unix_listener::close() noexcept {
    if (!is_open()) return;
    struct stat about{};
    if (here_.is_path() && ::lstat(here_.file(), &about) == 0 && about.st_dev == device_ &&
        about.st_ino == inode_)
        ::unlink(here_.file());
    byte_stream::close();
}

task<unix_stream> unix_listener::accept() {
    co_return unix_stream(co_await detail::accept_next(source()));
}

task<unix_stream> connect(unix_address there) {
    using std::chrono::milliseconds;
    constexpr duration longest_pause = milliseconds(50);
    unix_stream made(new_socket().release());
    for (duration pause = milliseconds(1);; pause = std::min(2 * pause, longest_pause)) {
        detail::connect_operation connecting(made.source(), there.address(), there.size());
        const int why = co_await connecting;
        if (why == 0) co_return made;
        if (why != EAGAIN) throw io_error("connect to", there.to_string(), why);
        co_await sleep(pause);
    }
}

std::pair<unix_stream, unix_stream> unix_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        throw io_error("make", "a pair of Unix sockets", errno);
    return {unix_stream(ends[0]), unix_stream(ends[1])};
}

}  // namespace twill::inline TWILL_ABI
