// A flight recorder for the events of core/event.hpp: it keeps the last events of each thread in
// memory and can be read at any moment, while the program runs on.
//
//     twill::trace::recorder recorder;
//     work();
//     twill::trace::snapshot seen = recorder.take();
//     std::ofstream file("run.json");
//     twill::trace::write_perfetto(file, seen);
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/error.hpp>
#include <twill/core/time.hpp>
#include <twill/trace/snapshot.hpp>

#include <cstddef>

namespace twill::inline TWILL_ABI {
namespace detail {
class ring_storage;
}

namespace trace {

struct recorder_options {
    // How many events of a thread are kept; rounded up to a power of two, 16 to 2^28. Each takes 32
    // bytes, and memory is taken only as it is filled.
    std::size_t events_per_thread = 1U << 16;
    // How many threads can have a ring; 1 to 65,536. Events of further threads are only counted.
    std::size_t threads = 256;
};

// There is a recorder in this process already.
class TWILL_API already_recording : public usage_error {
public:
    already_recording();
};

// Records the events of all threads of the process from its construction until `stop` or its
// destruction.
//
// A thread gets its ring at its first event, without allocating or blocking; the ring stays
// readable when the thread has ended. When a ring is full its oldest events are overwritten, and
// counted. Recording an event costs about the reading of the clock.
//
// The rings are never unmapped, because a thread may still be inside `record` when the recorder
// goes (src/trace/ring.hpp has the argument): their memory is given back to the kernel, their
// addresses are used again by the next recorder with the same options. So use few different options
// in one process.
//
// One recorder at a time. Its members may be called by one thread at a time; events may come from
// any thread at any moment, but not from a signal handler.
class TWILL_API recorder {
public:
    // Starts to record. Throws `already_recording`, `usage_error` when an option is out of its
    // range, `io_error` when the address space for the rings cannot be had.
    explicit recorder(recorder_options options = {});
    ~recorder();
    recorder(const recorder&) = delete;
    recorder& operator=(const recorder&) = delete;

    // Stops recording; what was recorded stays. Does not wait: an event that another thread is in
    // the midst of recording may still come, or not.
    void stop() noexcept;

    // Goes on after `stop`. Nothing happens when it is already recording.
    void start() noexcept;

    // A copy of what the rings hold now, taken while the threads go on. Linear in the number of
    // events; throws only `std::bad_alloc`.
    [[nodiscard]] snapshot take() const;

private:
    detail::ring_storage& storage_;
    time_point started_;
    time_point stopped_ = never;  // `never`: recording
};

}  // namespace trace
}  // namespace twill::inline TWILL_ABI
