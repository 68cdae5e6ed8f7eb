#include "file_ring.hpp"
#include "registrations.hpp"
#include "system_call.hpp"

#include <twill/core/error.hpp>
#include <twill/reactor/epoll.hpp>
#include <twill/reactor/make_reactor.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <limits>
#include <mutex>
#include <new>
#include <string>
#include <system_error>

// A request is first tried; only when the kernel says "would block" does it wait: direction.hpp has
// the argument why no change slips through between the two.
namespace twill::inline TWILL_ABI {
namespace {

using detail::registration;
using io_direction = detail::direction<io_request>;

// No generation of a registration has its highest bit set.
constexpr std::uint64_t wake_token = ~std::uint64_t{0};
constexpr std::uint64_t clock_token = wake_token - 1;
constexpr std::uint64_t files_token = wake_token - 2;
// Taken at a time. A poll reads from all of them before their tasks run; with 256, what the kernel
// keeps of as many sockets did not stay in the second cache from the one to the other.
constexpr int most_events = 64;

class epoll_reactor final : public reactor {
public:
    explicit epoll_reactor(reactor_kind kind);
    ~epoll_reactor() override;
    bool submit(io_request& what) noexcept override;
    void cancel(io_request& what) noexcept override;
    bool submit(file_request& what) noexcept override;
    void cancel(file_request& what) noexcept override;
    void forget(io_source& source) noexcept override;
    std::size_t poll(duration limit) noexcept override;
    bool ready() noexcept override;
    void wake() noexcept override;

private:
    registration* registration_of(const io_request& what, int& why_not) noexcept;
    std::size_t deliver(std::uint64_t token, std::uint32_t events) noexcept;
    void drain_wake() noexcept;
    int begin_watching_clock() noexcept override;
    void drain_clock() noexcept;
    int wait(epoll_event* events, duration limit) noexcept;
    detail::file_ring* files() noexcept;
    bool begin_files(std::string& why_not);

    // Whether there is a ring for files; `unasked` until the first of them comes.
    enum class ring_state : std::uint8_t { unasked, there, refused };

    // A ring is no better than threads for other calls: see docs/files.md.
    const bool ring_only_reads_;
    int epoll_;
    int wake_;
    atomic<int> clock_{-1};
    bool has_pwait2_ = true;
    // See `registration_of`.
    std::array<futex_mutex, 64> enrolling_;
    detail::registrations known_;
    futex_mutex asking_for_ring_;
    std::unique_ptr<detail::file_ring> ring_;  // written before `ring_is` is `there`
    atomic<ring_state> ring_is_{ring_state::unasked};
};

epoll_reactor::epoll_reactor(reactor_kind kind)
    : ring_only_reads_(kind == reactor_kind::automatic),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = wake_token;
    if (epoll_ < 0 || wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
        const int why = errno;
        if (epoll_ >= 0) ::close(epoll_);
        if (wake_ >= 0) ::close(wake_);
        throw io_error("make", "an epoll reactor", why);
    }
    if (kind == reactor_kind::epoll) ring_is_.store(ring_state::refused, std::memory_order_relaxed);
    if (kind != reactor_kind::io_uring) return;
    std::string why_not;
    if (begin_files(why_not)) return;
    ::close(wake_);
    ::close(epoll_);
    throw usage_error(
        "io_uring was asked for (TWILL_REACTOR=io_uring, or in runtime_options) and "
        "cannot be had: " +
        why_not + "; take auto or epoll");
}

epoll_reactor::~epoll_reactor() {
    ring_.reset();
    if (const int clock = clock_.load(std::memory_order_relaxed); clock >= 0) ::close(clock);
    ::close(wake_);
    ::close(epoll_);
}

io_direction& side_of(registration& entry, const io_request& what) noexcept {
    return what.into_program() ? entry.in : entry.out;
}

bool is_tcp(int socket) noexcept {
    int protocol = 0;
    socklen_t size = sizeof protocol;
    return ::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
           protocol == IPPROTO_TCP;
}

// The source's registration, made now if need be; null, with errno in `why_not`, when it cannot be.
registration* epoll_reactor::registration_of(const io_request& what, int& why_not) noexcept {
    io_source& source = what.source();
    // A reader and a writer of one descriptor may come here at the same time, and one of them
    // registers it. Other descriptors are no matter of theirs: with one lock for all, a thread that
    // loses its CPU in epoll_ctl holds up every new connection. With these it is those whose number
    // is the same but for a multiple of 64, and the numbers of connections that come together
    // follow each other. What descriptors share has locks of its own, over no system call.
    std::lock_guard hold(enrolling_[static_cast<unsigned>(source.fd) % enrolling_.size()]);
    if (void* made = source.registration.load(std::memory_order_relaxed))
        return static_cast<registration*>(made);
    registration* entry = known_.take();
    if (entry == nullptr) {
        why_not = ENOMEM;
        return nullptr;
    }
    // Pipes and the like, which are read and written, need not be asked, nor need messages.
    const bool socket = what.call() == io_call::receive || what.call() == io_call::send ||
                        what.call() == io_call::connect || what.call() == io_call::accept ||
                        what.call() == io_call::writable ||
                        (what.call() == io_call::readable && what.flags() == may_be_early);
    entry->in.reset(socket && is_tcp(source.fd));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
    event.data.u64 = entry->token();
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, source.fd, &event) != 0) {
        why_not = errno;
        known_.give_back(*entry);
        return nullptr;
    }
    source.registered_in = shared_from_this();
    source.registration.store(entry, std::memory_order_seq_cst);
    return entry;
}

// A cancellation may come from another thread before the source is registered: `cancel` sets the
// flag and then looks for the registration, `submit` registers and then looks at the flag. Both are
// sequentially consistent, so at least one sees the other.
bool epoll_reactor::submit(io_request& what) noexcept {
    io_source& source = what.source();
    auto* entry = static_cast<registration*>(source.registration.load(std::memory_order_acquire));
    if (entry != nullptr && source.registered_in.get() != this) {
        // It was used with another runtime before; no request of that one refers to it any more.
        source.forget();
        entry = nullptr;
    }
    if (entry == nullptr) {
        // A call that succeeds at once needs no registration.
        if (detail::attempt(what) != detail::outcome::would_block) return true;
        int why_not = 0;
        entry = registration_of(what, why_not);
        if (entry == nullptr) {
            what.result = -why_not;
            what.unwatched = true;
            return true;
        }
    }
    return side_of(*entry, what).submit(what, detail::attempt);
}

void epoll_reactor::cancel(io_request& what) noexcept {
    what.cancelled.store(true, std::memory_order_seq_cst);
    auto* entry =
        static_cast<registration*>(what.source().registration.load(std::memory_order_seq_cst));
    if (entry == nullptr) return;
    if (!side_of(*entry, what).take(what)) return;
    what.result = -ECANCELED;
    what.finished();
}

void epoll_reactor::forget(io_source& source) noexcept {
    void* made = source.registration.exchange(nullptr, std::memory_order_acq_rel);
    if (made == nullptr) return;
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, source.fd, nullptr);
    known_.give_back(*static_cast<registration*>(made));
}

// By an edge. One who only waits for a sign of life has it: whether it is of what was read since is
// not asked.
detail::outcome attempt_at_edge(io_request& what) noexcept {
    if (what.call() != io_call::readable || what.flags() != may_be_early)
        return detail::attempt(what);
    what.result = 0;
    return detail::outcome::done;
}

std::size_t epoll_reactor::deliver(std::uint64_t token, std::uint32_t events) noexcept {
    registration& entry = known_.at(token);
    const bool broken = (events & (EPOLLHUP | EPOLLERR)) != 0;
    const bool no_more_input = broken || (events & EPOLLRDHUP) != 0;
    const bool urgent = (events & EPOLLPRI) != 0;
    std::size_t finished = 0;
    const auto bring = [&](io_direction& side, bool hung_up) {
        // By the second it may be in another use.
        if (!entry.is_of(token)) return;
        if (io_request* const complete = side.edge(hung_up, urgent, attempt_at_edge)) {
            complete->finished();
            ++finished;
        }
    };
    if ((events & EPOLLIN) != 0 || no_more_input || urgent) bring(entry.in, no_more_input);
    if ((events & EPOLLOUT) != 0 || broken) bring(entry.out, broken);
    return finished;
}

// The ring, made now if need be; null when there is none.
detail::file_ring* epoll_reactor::files() noexcept {
    if (ring_is_.load(std::memory_order_acquire) == ring_state::unasked) {
        try {
            std::string why_not;
            begin_files(why_not);
        } catch (const std::bad_alloc&) {
            ring_is_.store(ring_state::refused, std::memory_order_release);
        }
    }
    return ring_is_.load(std::memory_order_acquire) == ring_state::there ? ring_.get() : nullptr;
}

bool epoll_reactor::begin_files(std::string& why_not) {
    std::lock_guard hold(asking_for_ring_);
    if (ring_is_.load(std::memory_order_relaxed) != ring_state::unasked) return true;
    auto made = detail::file_ring::make(why_not);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = files_token;
    if (made && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, made->descriptor(), &event) != 0) {
        why_not = "epoll does not watch it: " + std::generic_category().message(errno);
        made.reset();
    }
    ring_ = std::move(made);
    ring_is_.store(ring_ ? ring_state::there : ring_state::refused, std::memory_order_release);
    return ring_ != nullptr;
}

bool epoll_reactor::submit(file_request& what) noexcept {
    if (!ring_only_reads_ || what.call() == file_call::read)
        if (detail::file_ring* const ring = files()) return ring->submit(what);
    what.undone = true;
    return true;
}

void epoll_reactor::cancel(file_request& what) noexcept {
    if (detail::file_ring* const ring = files()) ring->cancel(what);
}

void epoll_reactor::drain_wake() noexcept {
    std::uint64_t count = 0;
    static_cast<void>(::read(wake_, &count, sizeof count));
}

// A timer of the wall clock that never fires. The kernel makes it readable when that clock is set,
// and the read then fails with ECANCELED.
int epoll_reactor::begin_watching_clock() noexcept {
    const int made = ::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (made < 0) return errno;
    itimerspec at_the_end{};
    at_the_end.it_value.tv_sec = std::numeric_limits<time_t>::max();
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = clock_token;
    if (::timerfd_settime(made, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at_the_end,
                          nullptr) != 0) {
        const int why = errno;
        ::close(made);
        return why;
    }
    // Before it is watched: `poll` on another thread may find it at once.
    clock_.store(made, std::memory_order_seq_cst);
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, made, &event) == 0) return 0;
    const int why = errno;
    clock_.store(-1, std::memory_order_seq_cst);
    ::close(made);
    return why;
}

// Read first: when it is set after that there will be a further edge.
void epoll_reactor::drain_clock() noexcept {
    std::uint64_t count = 0;
    static_cast<void>(::read(clock_.load(std::memory_order_seq_cst), &count, sizeof count));
    clock_was_set();
}

// epoll_pwait2 takes nanoseconds (Linux 5.11); without it the wait is rounded up to milliseconds.
int epoll_reactor::wait(epoll_event* events, duration limit) noexcept {
    if (limit == duration::zero()) return ::epoll_wait(epoll_, events, most_events, 0);
    if (limit == duration::max()) return ::epoll_wait(epoll_, events, most_events, -1);
    if (has_pwait2_) {
        timespec length{};
        length.tv_sec = static_cast<time_t>(limit.count() / 1'000'000'000);
        length.tv_nsec = static_cast<long>(limit.count() % 1'000'000'000);
        const long count =
            ::syscall(SYS_epoll_pwait2, epoll_, events, most_events, &length, nullptr, 0);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(count);
        has_pwait2_ = false;
    }
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
    constexpr long day = 86'400'000;
    return ::epoll_wait(epoll_, events, most_events, static_cast<int>(ms < day ? ms : day));
}

std::size_t epoll_reactor::poll(duration limit) noexcept {
    epoll_event events[most_events];
    const int count = wait(events, limit);
    std::size_t finished = 0;
    for (int i = 0; i < count; ++i) {
        if (events[i].data.u64 == wake_token)
            drain_wake();
        else if (events[i].data.u64 == clock_token)
            drain_clock();
        else if (events[i].data.u64 == files_token)
            finished += files()->take_answers();
        else
            finished += deliver(events[i].data.u64, events[i].events);
    }
    return finished;
}

bool epoll_reactor::ready() noexcept {
    pollfd set{epoll_, POLLIN, 0};
    return ::poll(&set, 1, 0) == 1;
}

void epoll_reactor::wake() noexcept {
    const std::uint64_t one = 1;
    static_cast<void>(::write(wake_, &one, sizeof one));
}

}  // namespace

std::shared_ptr<reactor> make_reactor(reactor_kind kind) {
    return std::make_shared<epoll_reactor>(kind);
}
std::shared_ptr<reactor> make_epoll_reactor() { return make_reactor(reactor_kind::epoll); }

}  // namespace twill::inline TWILL_ABI
