// Unix sockets: streams between processes of one machine.
//
//     twill::unix_listener door(twill::unix_address::path("/run/app/control"));
//     twill::unix_stream peer = co_await door.accept();
//     if (peer.peer().user != ::getuid()) peer.close();
//
//     twill::unix_stream there = co_await twill::connect(twill::unix_address::path("..."));
//     auto [mine, childs] = twill::unix_pair();
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/socket_stream.hpp>

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace twill::inline TWILL_ABI {

// Where a Unix socket is: a file, or a name in the kernel's own list.
class TWILL_API unix_address {
public:
    // A file, whose permissions say who may connect. At most 107 bytes, none of them 0.
    [[nodiscard]] static unix_address path(std::string_view file);
    // A name without a file, which goes with its socket. Anybody in the same network namespace may
    // connect: look at `unix_stream::peer`. At most 107 bytes, any.
    [[nodiscard]] static unix_address abstract(std::string_view name);
    // Both throw usage_error for what is empty, and io_error (ENAMETOOLONG) for what is too long.

    [[nodiscard]] bool is_path() const noexcept { return storage_.sun_path[0] != 0; }
    // The path, which ends with a byte 0.
    [[nodiscard]] const char* file() const noexcept { return storage_.sun_path; }
    // The path, or "@" and the name.
    [[nodiscard]] std::string to_string() const;

    [[nodiscard]] const sockaddr* address() const noexcept {
        return reinterpret_cast<const sockaddr*>(&storage_);
    }
    [[nodiscard]] socklen_t size() const noexcept { return size_; }

private:
    unix_address(std::string_view text, bool is_path);

    sockaddr_un storage_{};
    socklen_t size_ = 0;
};

// Who is at the other end, as the kernel knows it: of the process that connected, at that moment;
// seen from the one that connected, of the one that called `listen`.
struct peer_credentials {
    pid_t process = 0;
    uid_t user = 0;
    gid_t group = 0;
};

// A connection. See byte_stream for reading and writing, socket_stream for shutting down. Closing
// it while bytes from the peer were not read resets it: the peer gets ECONNRESET.
class TWILL_API unix_stream final : public socket_stream {
public:
    // Takes over a connected, non-blocking socket.
    explicit unix_stream(int fd) noexcept : socket_stream(fd) {}

    // Throws io_error.
    [[nodiscard]] peer_credentials peer() const;

private:
    friend TWILL_API task<unix_stream> connect(unix_address there);
};

struct unix_listen_options {
    // How many connections the kernel keeps until they are accepted.
    int backlog = 1024;
    // Whether a file that nobody listens at any more, left by a program that was killed, is
    // replaced. It is told by connecting to it. (Two programs that find the same one at the same
    // moment may both replace it: the later one has the name then. Start one, or take a lock.)
    // Otherwise, and when somebody listens there or the file is no socket: EADDRINUSE.
    bool replace_stale = true;
    // The permissions of the file: who may write to it may connect. What the process's umask
    // forbids is forbidden.
    mode_t mode = 0666;
};

// Closing it, by `close` or when it goes, removes its file, unless another one has taken its place.
class TWILL_API unix_listener final : private byte_stream {
public:
    // Throws io_error.
    explicit unix_listener(unix_address here, const unix_listen_options& options = {});
    ~unix_listener() { close(); }
    unix_listener(unix_listener&& other) noexcept;
    unix_listener& operator=(unix_listener&& other) noexcept;

    // The next connection. As tcp_listener::accept.
    [[nodiscard]] task<unix_stream> accept();

    [[nodiscard]] const unix_address& local() const noexcept { return here_; }

    void close() noexcept;
    using byte_stream::is_open;
    using byte_stream::native_handle;

private:
    unix_address here_;
    // The file that it made.
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

// Connects. When the listener's backlog is full it tries again after 1 ms, then ever later up to
// every 50 ms: the kernel does not tell when there is room. Cancelled at once. Throws io_error:
// ECONNREFUSED when nobody listens there, ENOENT when there is no such file, EACCES.
[[nodiscard]] TWILL_API task<unix_stream> connect(unix_address there);

// Two connected ends. Throws io_error. Any thread.
[[nodiscard]] TWILL_API std::pair<unix_stream, unix_stream> unix_pair();

}  // namespace twill::inline TWILL_ABI
