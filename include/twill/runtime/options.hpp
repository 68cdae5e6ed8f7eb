// How a runtime is set up, in code or by environment variables.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>
#include <twill/reactor/make_reactor.hpp>
#include <twill/runtime/lanes.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI {

// What happens when a task holds its event thread longer than `watchdog_limit`, in computing or in
// a call that blocks, while others wait for it to suspend.
enum class watchdog : std::uint8_t {
    // Nothing is looked at.
    off,
    // It is counted (`runtime::stats`) and reported: where it was spawned and what it does. At most
    // five reports at once, and one more every 12 s, of all runtimes of the process together.
    report,
    // And another thread goes on with the other tasks. The one that holds its thread then runs
    // beside them until it next suspends or ends, so all tasks must be written for that: what they
    // share needs a lock or atomics, as if each had a thread of its own.
    hand_over,
};

struct runtime_options {
    // Threads of the compute pool. 0: one for each usable CPU, also when that changes.
    // TWILL_COMPUTE_THREADS
    unsigned compute_threads = 0;

    // The most threads of the blocking pool. TWILL_BLOCKING_THREADS
    unsigned blocking_threads = 512;

    // The most event threads. 0: one for each usable CPU. There is one, that which called `run`,
    // until ready tasks wait longer than `event_delay`; then further ones come, and leave again.
    // With 1 the tasks of a runtime never run at once, so that what only they touch needs no lock.
    // With more they may, when there is much to do: what they share needs a lock or atomics, as if
    // each had a thread of its own, and a task may go on on another thread than it was suspended
    // on. Not with watchdog::hand_over.
    // TWILL_EVENT_THREADS (a number, or auto)
    unsigned event_threads = 1;
    // Zero: a further one is called as soon as anything waits, which serves tests.
    // TWILL_EVENT_DELAY (seconds)
    duration event_delay = std::chrono::microseconds(200);

    // How files are read and written: by io_uring, or by threads of the blocking pool. Where
    // io_uring is asked for and cannot be had, there is no runtime. TWILL_REACTOR (auto, epoll,
    // io_uring)
    reactor_kind reactor = reactor_kind::automatic;

    // What the threads that compute do for those that serve I/O.
    // TWILL_LANES (give_way, none, idle, nice:1 to nice:19)
    twill::lanes lanes = lanes::give_way;

    // TWILL_WATCHDOG (off, report, hand_over)
    twill::watchdog watchdog = watchdog::report;
    // Not less than 0.1 ms. TWILL_WATCHDOG_LIMIT (seconds)
    duration watchdog_limit = std::chrono::milliseconds(1);

    // How long after `stop` a report says what still runs. TWILL_SHUTDOWN_LIMIT (seconds)
    duration shutdown_limit = std::chrono::seconds(10);

    // How much later than asked for sleeps and time limits may end, so that many end in one go and
    // the program wakes up less often. Rounded down to 66 us times a power of two; 0: each at its
    // own time. TWILL_TIMER_COALESCING (seconds)
    duration timer_coalescing = duration::zero();

    // After so long without anything to do, while all tasks wait for one another (for locks,
    // channels, joins) and neither for a timer nor for I/O nor for a call, a report shows them. A
    // program whose plain threads take longer than that to send or to unlock wants more: a report
    // after which something goes on was wrong, and the next one comes after twice as long. 0: no
    // report. Only with one event thread. TWILL_STALL_LIMIT (seconds)
    duration stall_limit = std::chrono::seconds(10);

    // A signal, such as SIGQUIT, at which all tasks are reported as by runtime::dump; 0: none. It
    // is caught while the runtime lives, by a thread of its own. TWILL_DUMP_SIGNAL (QUIT, USR1,
    // USR2)
    int dump_signal = 0;

    // Where a trace of the run is written, for Perfetto; empty: none. TWILL_TRACE
    std::string trace_file = {};

    // Takes reports, each one or more whole lines, on any thread, one at a time. Empty: they go to
    // standard error, as does what is to be reported of the function itself while it runs.
    std::function<void(std::string_view)> report = {};

    // The defaults, changed by the environment variables named above. Throws usage_error, naming
    // the variable, when a value is not understood.
    [[nodiscard]] TWILL_API static runtime_options from_environment();
};

}  // namespace twill::inline TWILL_ABI
