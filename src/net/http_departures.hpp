// Tells which clients may have gone: a set of descriptors at the kernel (epoll) beside the
// reactor's. A connection comes into it only once its handler takes long, so that others cost
// nothing; then one system call a request suffices, however long it takes.
//
//     departures.watch(fd, &who, {.half = true});      // tells once
//     for (;;) {
//         co_await departures.wait();
//         for (auto& each : departures.take()) ...      // each.data.ptr is &who
//     }
//
// The set is made with the first descriptor. Its own descriptor can be waited for as any other.
//
// Thread-safety: `wait` in one task; all else under one lock of the caller, which also keeps those
// alive whom `take` gives: nobody is in the set after `forget`.
#pragma once

#include <twill/async/manual_reset_event.hpp>
#include <twill/core/config.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/task.hpp>

#include <sys/epoll.h>

#include <array>
#include <span>

namespace twill::inline TWILL_ABI::detail {

class http_departures {
public:
    http_departures() = default;
    http_departures(const http_departures&) = delete;
    http_departures& operator=(const http_departures&) = delete;
    ~http_departures();

    struct how {
        bool half;      // tell also when the peer has closed its sending half
        bool is_known;  // `fd` was watched before
    };
    // `take` will give `who`, once: at once, if what is to be told is so already. False: the kernel
    // has no room for it.
    [[nodiscard]] bool watch(int fd, void* who, how that) noexcept;
    // Before it is closed.
    void forget(int fd) noexcept;

    // Waits until there may be something to take. Throws io_error.
    [[nodiscard]] task<> wait();
    // What is there; valid until the next call. Empty: nothing is.
    [[nodiscard]] std::span<const epoll_event> take() noexcept;

private:
    [[nodiscard]] bool open() noexcept;

    io_source source_;
    manual_reset_event opened_;
    std::array<epoll_event, 64> events_{};
};

}  // namespace twill::inline TWILL_ABI::detail
