// A snapshot as a trace-event file (JSON), for https://ui.perfetto.dev and chrome://tracing.
//
//     std::ofstream file("run.json");
//     twill::trace::write_perfetto(file, recorder.take());
//
// A track a thread, with slices for tasks, parallel regions and jobs, blocking calls, polls, parked
// stretches and spans; instants for steals, promotions, wake-ups, cancellations and marks; arrows
// from what spawned or woke a task to where it ran; a track of their own for spans that cross
// suspensions.
#pragma once

#include <twill/core/config.hpp>
#include <twill/trace/snapshot.hpp>

#include <functional>
#include <iosfwd>
#include <string_view>

namespace twill::inline TWILL_ABI::trace {

// Writes `seen` to `out`; look at the stream's state for failures. About 150 bytes an event. The
// result is valid JSON and valid UTF-8, whatever the labels hold.
TWILL_API void write_perfetto(std::ostream& out, const snapshot& seen);

// The same, handed over in pieces of some ten kilobytes.
TWILL_API void write_perfetto(const std::function<void(std::string_view)>& out,
                              const snapshot& seen);

}  // namespace twill::inline TWILL_ABI::trace
