// The interface between operations on descriptors and the kernel's way of completing them.
//
// An io_request says what is to be done, as data, so that a readiness reactor (epoll) can try it
// and a completion reactor (io_uring, a simulated world) can hand it over. The rooms above make
// requests; programs use `io/`.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/context.hpp>
#include <twill/core/time.hpp>
#include <twill/core/wall_clock.hpp>

#include <sys/types.h>
#include <sys/uio.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace twill::inline TWILL_ABI {

enum class io_call : std::uint8_t {
    read,             // read(fd, data, size)
    write,            // write(fd, data, size), never raising SIGPIPE
    receive,          // recv(fd, data, size, flags) on a byte stream; no MSG_PEEK
    send,             // send(fd, data, size, flags), never raising SIGPIPE
    accept,           // accept4(fd), giving a non-blocking, close-on-exec descriptor
    connect,          // connect(fd, data as const sockaddr, size)
    readable,         // wait until a read would not block; with the flag `may_be_early`: may not
    writable,         // wait until a write would not block
    receive_message,  // recvmsg(fd, data as msghdr, flags): one message, or nothing
    send_message,     // sendmsg(fd, data as const msghdr, flags): the same; never raising SIGPIPE
};

// Of `readable`: the first sign of life ends it, also when a read turns out to block all the same.
// Saves epoll a system call.
inline constexpr int may_be_early = 1;

// A descriptor that requests refer to. Must be non-blocking, and is forgotten before it is closed.
// One request at a time in each direction (into and out of the program); a second one fails with
// EBUSY. It may outlive the runtime that it was used with, and be used with another one then: it
// keeps the reactor that it is registered in.
class TWILL_API io_source {
public:
    explicit io_source(int descriptor = -1) noexcept : fd(descriptor) {}
    // Moved only while no request refers to it; assigned to only when it is forgotten and closed.
    io_source(io_source&& other) noexcept
        : fd(std::exchange(other.fd, -1)),
          registered_in(std::move(other.registered_in)),
          registration(other.registration.exchange(nullptr, std::memory_order_relaxed)) {}
    io_source& operator=(io_source&& other) noexcept {
        fd = std::exchange(other.fd, -1);
        registered_in = std::move(other.registered_in);
        registration.store(other.registration.exchange(nullptr, std::memory_order_relaxed),
                           std::memory_order_relaxed);
        return *this;
    }

    // Before the descriptor is closed, when no request refers to it any more.
    void forget() noexcept;

    int fd;
    // The reactor's own; made at the first request that has to wait. `registered_in` is written
    // before `registration` is set (release) and read after it was seen (acquire).
    std::shared_ptr<reactor> registered_in{};
    atomic<void*> registration{nullptr};
};

class TWILL_API io_request : public operation {
public:
    [[nodiscard]] io_call call() const noexcept { return call_; }
    [[nodiscard]] io_source& source() const noexcept { return *source_; }
    [[nodiscard]] void* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] int flags() const noexcept { return flags_; }
    [[nodiscard]] bool into_program() const noexcept {
        return call_ != io_call::write && call_ != io_call::send &&
               call_ != io_call::send_message && call_ != io_call::connect &&
               call_ != io_call::writable;
    }

    // True: complete only when all `size` bytes were moved, or nothing more can be. False: when any
    // were.
    [[nodiscard]] bool whole() const noexcept { return whole_; }

    // For the reactor, which sets `result` (what the call returned, or -errno) before it calls
    // `finished`. Bytes moved so far are in `moved`, also when it fails or is cancelled.
    ssize_t result = 0;
    std::size_t moved = 0;
    void finished() noexcept { complete(); }

    // The reactor's own.
    atomic<bool> cancelled{false};
    bool started = false;    // connect was called, and its outcome is awaited
    bool unwatched = false;  // `result` says why the descriptor could not be watched

protected:
    io_request(const char* what, io_call call, io_source& source, void* data, std::size_t size,
               bool whole = false, int flags = 0) noexcept
        : operation(what),
          data_(data),
          size_(size),
          source_(&source),
          flags_(flags),
          call_(call),
          whole_(whole) {}
    ~io_request() = default;

    // Throws `cancelled` when it was cut short before anything was done.
    void throw_if_cancelled() const;
    // Throws the error that a negative `result` stands for: io_error, or too_many_watched.
    void throw_if_failed(std::string_view verb, std::string_view object) const;

private:
    bool start() noexcept override;
    void cancel() noexcept override;

    void* data_;
    std::size_t size_;
    io_source* source_;
    int flags_;
    io_call call_;
    bool whole_;
};

// What is to be done with a file: calls that wait without asking, and of which no readiness tells.
enum class file_call : std::uint8_t {
    read,       // preadv(fd, parts, offset)
    write,      // pwritev(fd, parts, offset)
    sync,       // fsync(fd)
    sync_data,  // fdatasync(fd)
};

// One call on a file. What it refers to must stay until it has ended.
class TWILL_API file_request : public operation {
public:
    [[nodiscard]] file_call call() const noexcept { return call_; }
    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] const iovec* parts() const noexcept { return parts_; }
    [[nodiscard]] unsigned part_count() const noexcept { return part_count_; }
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

    // For the reactor, which sets `result` (what the call returned, or -errno) before it calls
    // `finished`. -ECANCELED: cancelled, and nothing was done. `undone`: nothing was done because
    // the reactor does not take such calls, or the kernel would not make this one; a thread that
    // may block is to make it.
    ssize_t result = 0;
    bool undone = false;
    void finished() noexcept { complete(); }

    // The reactor's own, guarded by its lock: what the kernel has still to answer, the request and
    // its cancellation; and whether the latter was asked for.
    std::uint8_t answers_due = 0;
    bool cancelled = false;

protected:
    // `parts`: none for those that move nothing; at most IOV_MAX.
    file_request(const char* what, file_call call, int fd, const iovec* parts = nullptr,
                 unsigned part_count = 0, std::uint64_t offset = 0) noexcept
        : operation(what),
          parts_(parts),
          offset_(offset),
          part_count_(part_count),
          fd_(fd),
          call_(call) {}
    ~file_request() = default;

    // Throws `cancelled` when it was cut short before anything was done.
    void throw_if_cancelled() const;

private:
    bool start() noexcept override;
    void cancel() noexcept override;

    const iovec* parts_;
    std::uint64_t offset_;
    unsigned part_count_;
    int fd_;
    file_call call_;
};

class TWILL_API reactor : public std::enable_shared_from_this<reactor> {
public:
    virtual ~reactor() = default;

    // Starts the request. True: it is complete, `result` says how. False: `finished` is called
    // later. Any thread.
    virtual bool submit(io_request& what) noexcept = 0;

    // Ends the request with -ECANCELED unless it is complete already; `finished` is called in
    // either case, or was. Also before `submit`, which completes with -ECANCELED then. Any thread.
    virtual void cancel(io_request& what) noexcept = 0;

    // As above, for a call on a file; one that is not taken is complete at once, and undone. A
    // cancelled request ends when the kernel has let go of its buffers: at once, unless it is
    // inside the call.
    virtual bool submit(file_request& what) noexcept;
    virtual void cancel(file_request& what) noexcept;

    // Ends the source's registration here; see io_source::forget. Any thread.
    virtual void forget(io_source& source) noexcept = 0;

    // Finishes what the kernel has completed; waits for at most `limit` when there is nothing
    // (zero: does not wait; duration::max(): until there is something or `wake`). Returns how many
    // requests it finished. One thread at a time.
    virtual std::size_t poll(duration limit) noexcept = 0;

    // Whether a `poll` would find something now. Any thread.
    virtual bool ready() noexcept = 0;

    // Makes a `poll` that waits, or the next one, return soon. Any thread.
    virtual void wake() noexcept = 0;

    // From now on `who` is told when the wall clock is set, until `unwatch_clock` has returned.
    // Gives 0, or the errno of why it could not be. Any thread.
    [[nodiscard]] int watch_clock(clock_watcher& who) noexcept;
    void unwatch_clock(clock_watcher& who) noexcept { clock_watchers_.remove(who); }
    // By who has learnt that it was set: `poll`, or a test.
    void clock_was_set() noexcept { clock_watchers_.tell_all(); }

private:
    // Sees to it that `clock_was_set` is called when it is. Gives 0 or an errno; is called until it
    // gave 0. One thread at a time.
    virtual int begin_watching_clock() noexcept { return 0; }

    clock_watchers clock_watchers_;
    futex_mutex clock_lock_;
    bool watches_clock_ = false;  // guarded by it
};

}  // namespace twill::inline TWILL_ABI
