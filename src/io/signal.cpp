// A signal handler may interrupt any code, so it can do next to nothing: for each watcher of its
// signal it writes the number into a pipe, from which `next` reads like from any other.
//
// The handler walks a list that other threads change. What makes this safe:
//   1. An inbox (a pipe and the set of signals it is for) is never freed, and its pipe never
//   closed;
//      one that is released is used again. So at most as many exist as there were watchers at a
//      time.
//   2. Inboxes are only ever added to the list, at its head, fully made.
//   3. A handler that read the set just before a release writes into the pipe just after it. So
//   whoever
//      takes an inbox first empties its pipe, and `next` drops numbers that it was not made for.
//      The one case left, the same signal for the old owner and the new, is a signal that arrives
//      while the new watcher is being made, which may be reported or not.
//
// All else (taking and giving back, the former dispositions) is under a lock that the handler does
// not know.
#include <twill/core/error.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/io/detail/stream_operations.hpp>
#include <twill/io/signal.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace twill::inline TWILL_ABI {

// The signals of a set, bit `number - 1` each.
using signal_bits = std::uint64_t;

struct detail::signal_inbox {
    // Read by the handler. Release when set: the handler that sees it finds the pipe empty or
    // filled by others like itself.
    atomic<signal_bits> wanted{0};
    int read_end = -1;
    int write_end = -1;
    signal_inbox* next = nullptr;
    bool taken = false;  // guarded by `lock`
};

namespace {

using detail::signal_inbox;

struct watched_signal {
    unsigned watchers = 0;
    struct sigaction former = {};
};

constinit atomic<signal_inbox*> inboxes{nullptr};
constinit futex_mutex lock;
constinit std::array<watched_signal, NSIG> watched{};  // guarded by `lock`

constexpr signal_bits bit_of(int number) noexcept {
    return signal_bits{1} << static_cast<unsigned>(number - 1);
}

void on_signal(int number) noexcept {
    const int saved = errno;
    const auto byte = static_cast<unsigned char>(number);
    for (auto* each = inboxes.load(std::memory_order_acquire); each != nullptr; each = each->next)
        if ((each->wanted.load(std::memory_order_acquire) & bit_of(number)) != 0)
            // Full: 65,536 are waiting to be asked for.
            static_cast<void>(::write(each->write_end, &byte, 1));
    errno = saved;
}

void check_watchable(int number) {
    switch (number) {
        case SIGKILL:
        case SIGSTOP:
            throw usage_error("watch signal " + std::to_string(number) +
                              ": SIGKILL and SIGSTOP reach no program");
        case SIGSEGV:
        case SIGBUS:
        case SIGFPE:
        case SIGILL:
        case SIGTRAP:
        case SIGSYS:
            throw usage_error("watch signal " + std::to_string(number) +
                              ": it reports a fault of the running instruction, and cannot wait; "
                              "install a handler with sigaction");
        default:
            break;
    }
    const bool is_libcs = number >= __SIGRTMIN && number < SIGRTMIN;
    if (number < 1 || number > SIGRTMAX || is_libcs)
        throw usage_error("watch signal " + std::to_string(number) +
                          ": no signal that a program can use has this number");
}

signal_inbox* make_inbox() {
    auto made = std::make_unique<signal_inbox>();
    int ends[2];
    if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
        throw io_error("make", "a pipe for signals", errno);
    made->read_end = ends[0];
    made->write_end = ends[1];
    made->next = inboxes.load(std::memory_order_relaxed);
    // Release: the handler finds it complete.
    inboxes.store(made.get(), std::memory_order_release);
    return made.release();
}

signal_inbox* free_inbox() noexcept {
    auto* found = inboxes.load(std::memory_order_relaxed);
    while (found != nullptr && found->taken) found = found->next;
    return found;
}

// Under the lock.
signal_inbox& take_inbox() {
    auto* free = free_inbox();
    signal_inbox& inbox = free != nullptr ? *free : *make_inbox();
    char stale[256];
    while (::read(inbox.read_end, stale, sizeof stale) > 0) {
    }
    inbox.taken = true;
    return inbox;
}

// Under the lock. The inbox must want the signal already, so that none finds our handler and nobody
// to tell.
void add_watcher(int number) noexcept {
    watched_signal& one = watched[static_cast<std::size_t>(number)];
    if (one.watchers++ != 0) return;
    struct sigaction ours = {};
    ours.sa_handler = &on_signal;
    ours.sa_flags = SA_RESTART | SA_ONSTACK;
    ::sigaction(number, &ours, &one.former);
}

// Under the lock, while the inbox still wants the signal. If somebody else has taken the signal
// since, it is left to them.
void remove_watcher(int number) noexcept {
    watched_signal& one = watched[static_cast<std::size_t>(number)];
    if (--one.watchers != 0) return;
    struct sigaction current = {};
    ::sigaction(number, nullptr, &current);
    if (current.sa_handler == &on_signal) ::sigaction(number, &one.former, nullptr);
}

}  // namespace

signal_watcher::signal_watcher(std::initializer_list<int> numbers) {
    signal_bits wanted = 0;
    for (const int each : numbers) {
        check_watchable(each);
        wanted |= bit_of(each);
    }
    std::lock_guard hold(lock);
    inbox_ = &take_inbox();
    arrivals_.fd = inbox_->read_end;
    inbox_->wanted.store(wanted, std::memory_order_release);
    for (int number = 1; number < NSIG; ++number)
        if ((wanted & bit_of(number)) != 0) add_watcher(number);
}

signal_watcher::~signal_watcher() {
    arrivals_.forget();
    std::lock_guard hold(lock);
    const signal_bits wanted = inbox_->wanted.load(std::memory_order_relaxed);
    for (int number = 1; number < NSIG; ++number)
        if ((wanted & bit_of(number)) != 0) remove_watcher(number);
    inbox_->wanted.store(0, std::memory_order_relaxed);
    inbox_->taken = false;
}

task<int> signal_watcher::next() {
    for (;;) {
        std::byte number{};
        co_await detail::read_call{&arrivals_, io_call::read, std::span(&number, 1),
                                   detail::extent::some, nullptr};
        const int arrived = std::to_integer<int>(number);
        if ((inbox_->wanted.load(std::memory_order_relaxed) & bit_of(arrived)) != 0)
            co_return arrived;
    }
}

task<int> signal(int number) {
    signal_watcher watch({number});
    co_return co_await watch.next();
}

}  // namespace twill::inline TWILL_ABI
