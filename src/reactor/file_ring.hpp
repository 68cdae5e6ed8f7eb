// Calls on files by io_uring.
//
// Each thread hands its own request to the kernel, at once and under a lock: so nothing lies in the
// queue of a thread that got stuck, and a request costs one system call, as a read does. Answers
// are taken by whoever polls the reactor, in whose epoll set the ring's descriptor is.
//
// The kernel refers to a request by its address. It has ended when the kernel has answered all that
// it was asked about it: the request, and its cancellation if there was one. So a cancellation
// never meets another request that has come to lie at the same address, and a buffer is never let
// go of before the kernel has.
#pragma once

#include <twill/core/futex_mutex.hpp>
#include <twill/core/reactor.hpp>

#include <cstddef>
#include <memory>
#include <string>

struct io_uring;
struct io_uring_sqe;

namespace twill::inline TWILL_ABI::detail {

class file_ring {
public:
    // Null when it cannot be had: `why_not` says why. Throws only std::bad_alloc.
    static std::unique_ptr<file_ring> make(std::string& why_not);
    ~file_ring();
    file_ring(const file_ring&) = delete;
    file_ring& operator=(const file_ring&) = delete;

    // Readable when there are answers.
    [[nodiscard]] int descriptor() const noexcept;

    // As reactor::submit and reactor::cancel. Any thread.
    bool submit(file_request& what) noexcept;
    void cancel(file_request& what) noexcept;

    // Finishes what was answered; gives how many. Any thread.
    std::size_t take_answers() noexcept;

private:
    explicit file_ring(std::unique_ptr<io_uring> made) noexcept;
    [[nodiscard]] io_uring_sqe* free_entry() noexcept;
    [[nodiscard]] bool hand_over(io_uring_sqe& last) noexcept;
    [[nodiscard]] bool take_answer(file_request*& ended) noexcept;

    futex_mutex lock_;  // of the ring, and of what the kernel has to answer about requests
    std::unique_ptr<io_uring> ring_;
};

}  // namespace twill::inline TWILL_ABI::detail
