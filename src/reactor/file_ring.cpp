#include "file_ring.hpp"

#ifdef TWILL_HAS_URING
#include <liburing.h>
#else
struct io_uring {};
struct io_uring_sqe {};
#endif

#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

file_ring::file_ring(std::unique_ptr<io_uring> made) noexcept : ring_(std::move(made)) {}

#ifdef TWILL_HAS_URING
namespace {

// Requests do not stay in the queue of entries: see `submit`.
constexpr unsigned entries = 64;
// The kernel keeps further answers, which costs it memory.
constexpr unsigned answers = 1024;

// No loss of answers (5.5); arguments are read at submission (5.5); calls that wait are made by
// threads of this process (5.12), and by as few as there are CPUs for, not by helpers of the
// kernel's own, with the rights of those.
constexpr unsigned wanted_features =
    IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_NATIVE_WORKERS;
constexpr std::array wanted_calls = {IORING_OP_NOP,         IORING_OP_READV, IORING_OP_READ,
                                     IORING_OP_WRITEV,      IORING_OP_WRITE, IORING_OP_FSYNC,
                                     IORING_OP_ASYNC_CANCEL};

// What an answer is about, in the lowest bit of the address.
constexpr std::uint64_t about_cancellation = 1;
// Nothing: an entry that was called off.
constexpr std::uint64_t about_nothing = 0;

std::uint64_t name_of(const file_request& what) noexcept {
    return reinterpret_cast<std::uintptr_t>(&what);
}

bool has_calls(io_uring& ring) noexcept {
    const std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> known(
        io_uring_get_probe_ring(&ring), &io_uring_free_probe);
    if (!known) return false;
    for (const auto each : wanted_calls)
        if (io_uring_opcode_supported(known.get(), each) == 0) return false;
    return true;
}

std::string reason(int error) {
    std::string text = std::generic_category().message(error);
    if (error == EPERM || error == EACCES)
        text += " (forbidden: by seccomp, or by the sysctl kernel.io_uring_disabled)";
    if (error == ENOSYS) text += " (no such system call: an old kernel, or seccomp)";
    if (error == ENOMEM) text += " (RLIMIT_MEMLOCK may be too low)";
    return text;
}

void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
    const int fd = what.fd();
    const iovec* const parts = what.parts();
    const unsigned count = what.part_count();
    switch (what.call()) {
        case file_call::read:
            if (count == 1)
                io_uring_prep_read(&entry, fd, parts->iov_base,
                                   static_cast<unsigned>(parts->iov_len), what.offset());
            else
                io_uring_prep_readv(&entry, fd, parts, count, what.offset());
            break;
        case file_call::write:
            if (count == 1)
                io_uring_prep_write(&entry, fd, parts->iov_base,
                                    static_cast<unsigned>(parts->iov_len), what.offset());
            else
                io_uring_prep_writev(&entry, fd, parts, count, what.offset());
            break;
        case file_call::sync:
            io_uring_prep_fsync(&entry, fd, 0);
            break;
        case file_call::sync_data:
            io_uring_prep_fsync(&entry, fd, IORING_FSYNC_DATASYNC);
            break;
    }
    entry.user_data = name_of(what);
}

// Whether nothing was done, for a reason that is not the file's: a call that was cancelled, also
// because the thread that had submitted it ended; a signal; something that the ring cannot do and a
// plain call can. The memory of an ended thread's request is not found: EFAULT.
bool is_undone(int result) noexcept {
    return result == -ECANCELED || result == -EINTR || result == -EAGAIN || result == -EFAULT ||
           result == -EINVAL || result == -EOPNOTSUPP;
}

}  // namespace

// No flag that lets the kernel put off what a submitter is to do when its data has come
// (COOP_TASKRUN, DEFER_TASKRUN): it does so in that thread, which may be busy, and without them
// interrupts it.
std::unique_ptr<file_ring> file_ring::make(std::string& why_not) {
    auto ring = std::make_unique<io_uring>();
    io_uring_params how{};
    how.flags = IORING_SETUP_CQSIZE;
    how.cq_entries = answers;
    if (const int made = io_uring_queue_init_params(entries, ring.get(), &how); made < 0) {
        why_not = reason(-made);
        return nullptr;
    }
    std::unique_ptr<file_ring> one(new file_ring(std::move(ring)));
    if ((how.features & wanted_features) == wanted_features && has_calls(*one->ring_)) return one;
    why_not = "the kernel is too old (5.12 is needed)";
    return nullptr;
}

file_ring::~file_ring() { io_uring_queue_exit(ring_.get()); }

int file_ring::descriptor() const noexcept { return ring_->ring_fd; }

io_uring_sqe* file_ring::free_entry() noexcept {
    if (io_uring_sqe* const entry = io_uring_get_sqe(ring_.get())) return entry;
    static_cast<void>(io_uring_submit(ring_.get()));
    return io_uring_get_sqe(ring_.get());
}

// Gives all entries to the kernel. False: it does not take the last one, which is called off.
bool file_ring::hand_over(io_uring_sqe& last) noexcept {
    while (io_uring_submit(ring_.get()) == -EINTR) {
    }
    if (io_uring_sq_ready(ring_.get()) == 0) return true;
    // The kernel reads it in a later call, and makes none now: that would need the lock.
    io_uring_prep_nop(&last);
    last.user_data = about_nothing;
    return false;
}

bool file_ring::submit(file_request& what) noexcept {
    std::lock_guard hold(lock_);
    if (what.cancelled) {
        what.result = -ECANCELED;
        return true;
    }
    io_uring_sqe* const entry = free_entry();
    what.undone = entry == nullptr;
    if (entry == nullptr) return true;
    prepare(*entry, what);
    what.answers_due = 1;
    if (hand_over(*entry)) return false;
    what.answers_due = 0;
    what.undone = true;
    return true;
}

// Not before `submit`, not after the end, and once: the kernel is asked only about what it has.
void file_ring::cancel(file_request& what) noexcept {
    std::lock_guard hold(lock_);
    what.cancelled = true;
    if (what.answers_due == 0) return;
    io_uring_sqe* const entry = free_entry();
    if (entry == nullptr) return;
    // As io_uring_prep_cancel64, which older versions lack.
    io_uring_prep_rw(IORING_OP_ASYNC_CANCEL, entry, -1, &what, 0, 0);
    entry->user_data = name_of(what) | about_cancellation;
    if (hand_over(*entry)) ++what.answers_due;
}

// False: there is none. `ended`: whose last one it was, if it was that.
bool file_ring::take_answer(file_request*& ended) noexcept {
    io_uring_cqe* answer = nullptr;
    if (io_uring_peek_cqe(ring_.get(), &answer) != 0) return false;
    const std::uint64_t about = answer->user_data;
    const int result = answer->res;
    io_uring_cqe_seen(ring_.get(), answer);
    if (about == about_nothing) return true;
    auto& what = *reinterpret_cast<file_request*>(static_cast<std::uintptr_t>(about) &
                                                  ~std::uintptr_t{about_cancellation});
    if ((about & about_cancellation) == 0) {
        what.result = result;
        if (is_undone(result) && what.cancelled) what.result = -ECANCELED;
        what.undone = is_undone(result) && !what.cancelled;
    }
    if (--what.answers_due == 0) ended = &what;
    return true;
}

std::size_t file_ring::take_answers() noexcept {
    constexpr std::size_t most = 64;
    for (std::size_t finished = 0;;) {
        std::array<file_request*, most> ended;  // NOLINT(cppcoreguidelines-pro-type-member-init)
        std::size_t count = 0;
        {
            std::lock_guard hold(lock_);
            while (count < most) {
                file_request* one = nullptr;
                if (!take_answer(one)) break;
                if (one != nullptr) ended[count++] = one;
            }
        }
        for (std::size_t i = 0; i < count; ++i) ended[i]->finished();
        finished += count;
        if (count < most) return finished;
    }
}

#else

std::unique_ptr<file_ring> file_ring::make(std::string& why_not) {
    why_not = "this build is without it (liburing was missing)";
    return nullptr;
}
file_ring::~file_ring() = default;
int file_ring::descriptor() const noexcept { return -1; }
bool file_ring::submit(file_request& what) noexcept {
    what.undone = true;
    return true;
}
void file_ring::cancel(file_request& /*what*/) noexcept {}
std::size_t file_ring::take_answers() noexcept { return 0; }

#endif

}  // namespace twill::inline TWILL_ABI::detail
