// Waiting until a descriptor can be read without blocking, for one that is not ours to make
// non-blocking: standard input is shared with other processes.
//
//     twill::io_source source(STDIN_FILENO);
//     co_await readable(source);
//     ::read(STDIN_FILENO, ...);
#pragma once

#include <twill/core/reactor.hpp>

#include <cerrno>

namespace twill_command {

// Cancelled at once. A file that cannot be waited for (a regular one) is always readable.
class readable final : public twill::io_request {
public:
    explicit readable(twill::io_source& source) noexcept
        : io_request("standard input", twill::io_call::readable, source, nullptr, 0) {}
    void await_resume() const {
        throw_if_cancelled();
        if (result != -EPERM) throw_if_failed("wait for", "standard input");
    }
};

// An io_source that is forgotten when it goes; its descriptor stays open.
class watched_descriptor {
public:
    explicit watched_descriptor(int fd) noexcept : source_(fd) {}
    ~watched_descriptor() {
        if (source_.registered_in != nullptr) source_.registered_in->forget(source_);
    }
    watched_descriptor(const watched_descriptor&) = delete;
    watched_descriptor& operator=(const watched_descriptor&) = delete;
    [[nodiscard]] twill::io_source& source() noexcept { return source_; }

private:
    twill::io_source source_;
};

}  // namespace twill_command
