// Signals from outside, as events.
//
//     co_await twill::signal(SIGTERM);
//
//     twill::signal_watcher stop({SIGINT, SIGTERM});
//     co_await stop.next();                                    // once: finish
//     co_await twill::with_timeout(5s, stop.next());           // twice: at once
//
// Nothing of a signal is touched before it is asked for. While somebody watches it, its disposition
// is twill's, for the whole process; the former one, handlers included, is not called meanwhile,
// and is put back when the last watcher goes. Children get default dispositions in any case.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/task.hpp>

#include <csignal>
#include <initializer_list>

namespace twill::inline TWILL_ABI {

namespace detail {
struct signal_inbox;
}

// Receives some signals, each from the moment it is made on; so between two calls of `next` none is
// lost. Every watcher of a signal gets it, in whatever runtime. Signals that nobody asked `next`
// for go with it. Made and destroyed on any thread.
class TWILL_API signal_watcher {
public:
    // Throws usage_error for what cannot be watched: numbers that are no signals, SIGKILL and
    // SIGSTOP, and those by which the processor reports a fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL,
    // SIGTRAP, SIGSYS). Throws io_error when descriptors are out.
    explicit signal_watcher(std::initializer_list<int> numbers);
    ~signal_watcher();
    signal_watcher(const signal_watcher&) = delete;
    signal_watcher& operator=(const signal_watcher&) = delete;

    // Suspends until one of the signals has arrived; gives its number. In order of arrival. (The
    // kernel itself counts those of one number only once while it has not delivered them; and
    // 65,536 are kept.) Cancelled at once; nothing is lost. One task at a time. Throws io_error.
    [[nodiscard]] task<int> next();

private:
    detail::signal_inbox* inbox_;
    io_source arrivals_;
};

// Suspends until signal `number` arrives, counted from when it is awaited; gives the number. Throws
// and is cancelled as `signal_watcher::next`. For signals that may come at any time make a watcher
// early.
[[nodiscard]] TWILL_API task<int> signal(int number);

}  // namespace twill::inline TWILL_ABI
