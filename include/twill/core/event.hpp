// What happens in the runtime, as small fixed records, and the place where they are handed over.
//
// Every room emits events through `note`; `trace/` receives them when tracing is on. Off, an event
// costs one load and one predictable branch.
//
//     note(event_kind::steal, job, "", victim_index);
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <cstdint>
#include <type_traits>

namespace twill::inline TWILL_ABI {

enum class event_kind : std::uint8_t {
    // Tasks. subject: the task's context.
    task_spawn,    // label: file of the spawning line; value: its line
    task_resume,   // a thread starts to run the task
    task_suspend,  // label: what it waits for ("sleep", "recv", "join", ...)
    task_end,      // value: 1 when it ended by an exception
    wake,          // the task became ready to run
    cancel,        // cancellation was requested

    // Parallel work. subject: the region or job.
    region_begin,  // label: name or file; value: line
    region_end,
    job_begin,  // a thread starts a promoted or published branch
    job_end,
    promote,  // a private fork was made visible to other workers
    steal,    // value: index of the worker it was taken from

    // Threads. subject: the worker.
    thread_start,  // label: the thread's name
    park,
    unpark,
    held_up,         // a task holds an event thread; label, value: file and line of its spawning
    hand_over,       // a thread takes an event worker from one that does not come back
    give_way,        // the CPU was given up for who serves I/O; value: us until it came back
    lane_starved,    // threads of normal weight take over; label: the lane's threads; value: which
    lane_returned,   // those of low weight work again
    blocking_begin,  // a call on the blocking pool; label: what
    blocking_end,
    poll_begin,  // the reactor is asked
    poll_end,    // value: how many events it gave

    // The user's own: see trace/span.hpp.
    span_begin,  // label: name
    span_end,
    mark,  // label: name
};

// 32 bytes. `label` points to a string that lives for ever (a literal, or an interned name).
struct event {
    time_point at{};
    std::uint64_t subject = 0;
    const char* label = "";
    std::uint32_t value = 0;
    event_kind kind = event_kind::mark;
};
static_assert(std::is_trivially_copyable_v<event>);

// Receives events from every thread of the process, in the thread that emits them.
class event_sink {
public:
    // Must not allocate, block or throw: it is called from inside the scheduler.
    virtual void record(const event& what) noexcept = 0;

protected:
    ~event_sink() = default;
};

// Directs all events of the process to `sink`; null turns them off. The sink must outlive every
// thread that may still be inside `record`; trace/recorder.hpp sees to that. Any thread.
TWILL_API void set_event_sink(event_sink* sink) noexcept;

namespace detail {
TWILL_API extern constinit atomic<event_sink*> current_event_sink;
TWILL_API void emit(event_sink& sink, event_kind kind, std::uint64_t subject, const char* label,
                    std::uint32_t value) noexcept;
}  // namespace detail

// Whether tracing is on: for events whose label takes a call to find out.
[[nodiscard]] inline bool is_traced() noexcept {
    return detail::current_event_sink.load(std::memory_order_relaxed) != nullptr;
}

// Emits an event when tracing is on. Any thread; never throws.
inline void note(event_kind kind, const void* subject, const char* label = "",
                 std::uint32_t value = 0) noexcept {
    // Acquire pairs with the release in set_event_sink: the sink is seen fully made.
    if (auto* sink = detail::current_event_sink.load(std::memory_order_acquire)) [[unlikely]]
        detail::emit(*sink, kind, reinterpret_cast<std::uintptr_t>(subject), label, value);
}

}  // namespace twill::inline TWILL_ABI
