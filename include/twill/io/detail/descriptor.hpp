// A file descriptor that is closed when its owner goes.
//
//     detail::descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
//     if (!file) throw io_error("open", path, errno);
//     ::read(file.get(), ...);
#pragma once

#include <twill/core/config.hpp>

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace twill::inline TWILL_ABI {

namespace detail {

class descriptor {
public:
    constexpr descriptor() noexcept = default;
    // Takes over `number`; a negative one (a failed open) gives an empty descriptor.
    constexpr explicit descriptor(int number) noexcept : number_(number < 0 ? -1 : number) {}

    descriptor(descriptor&& other) noexcept : number_(other.release()) {}
    descriptor& operator=(descriptor&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~descriptor() { reset(); }

    // -1 when empty.
    [[nodiscard]] constexpr int get() const noexcept { return number_; }
    [[nodiscard]] constexpr explicit operator bool() const noexcept { return number_ >= 0; }

    // Hands the descriptor over to the caller.
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

    // Closes what is held and takes over `number`. errno stays as it was, so that a failure can be
    // reported after the clean-up. Linux frees the number even when close() reports EINTR: it must
    // not be called again.
    void reset(int number = -1) noexcept {
        const int old = std::exchange(number_, number < 0 ? -1 : number);
        if (old < 0) return;
        const int saved = errno;
        ::close(old);
        errno = saved;
    }

private:
    int number_ = -1;
};

}  // namespace detail

}  // namespace twill::inline TWILL_ABI
