// What a job did with its time, as far as the kernel tells.
#pragma once

#include <twill/core/time.hpp>
#include <twill/io/process.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <sys/types.h>

#include <optional>
#include <string_view>

namespace twill_command {

// Of one thread: on a CPU, and runnable but waiting for one.
struct scheduled_time {
    twill::duration run{};
    twill::duration queued{};
};

// From the text of /proc/PID/schedstat: "run queued slices", in nanoseconds.
std::optional<scheduled_time> parse_schedstat(std::string_view text);

// Of the first thread of a process, which may have ended if it was not reaped. None: the kernel
// does not say.
std::optional<scheduled_time> read_schedstat(pid_t process);

// CPU time of all threads of a process and of the children that it has waited for, in steps of
// some milliseconds.
std::optional<twill::duration> read_cpu_time(pid_t process);

// From the text of /proc/PID/stat, with so many ticks a second.
std::optional<twill::duration> parse_cpu_time(std::string_view text, long ticks_a_second);

// Whether that thread runs, or waits for a CPU, at this moment: of what it waits for one now, the
// above says nothing before it has got it. False also where the kernel does not say.
bool wants_cpu_now(pid_t process);

// A job that took `wall` from its start to its end, with what `read_schedstat` said then, if it
// did. CPU time of further threads and of children is in `status` only.
twill::call_sample times_of_job(twill::duration wall, const std::optional<scheduled_time>& first,
                                const twill::exit_status& status);

}  // namespace twill_command
