// Traces to files, and tracing a program that is not changed for it:
//
//     TWILL_TRACE=run.json ./server       # then open run.json in https://ui.perfetto.dev
//     TWILL_TRACE=run.svg  ./server       # a picture for a browser
//
// The runtime calls `start_from_environment`; a program without the runtime can do so, too.
#pragma once

#include <twill/core/config.hpp>
#include <twill/trace/recorder.hpp>

#include <memory>
#include <string>

namespace twill::inline TWILL_ABI::trace {

// Writes `seen` to a new file, or over an old one: a picture (timeline_svg.hpp) when the path ends
// in ".svg", else trace-event JSON (perfetto.hpp). Throws `io_error`.
TWILL_API void save(const snapshot& seen, const std::string& path);

// Records from its construction to its destruction, and then writes the file.
class TWILL_API file_trace {
public:
    // Creates the file at once, so that a wrong path is told at the start. Throws `io_error`, and
    // what the recorder's constructor throws.
    explicit file_trace(std::string path, recorder_options options = {});

    // Writes the file. A failure is told on standard error, in one line.
    ~file_trace();

    file_trace(const file_trace&) = delete;
    file_trace& operator=(const file_trace&) = delete;

    [[nodiscard]] recorder& its_recorder() noexcept { return recorder_; }

private:
    recorder recorder_;  // first, so that a refused recorder leaves the file alone
    std::string path_;
};

// What the variable TWILL_TRACE asks for: a trace to the file it names; null when it is unset or
// empty, or when there is a recorder already (that of another runtime in this process, which sees
// the events of this one, too). TWILL_TRACE_EVENTS=N sets how many of the last events of a thread
// are kept. Keep the result until the threads whose events matter have done their work. Throws
// `usage_error` when TWILL_TRACE_EVENTS is not a number in the recorder's range, and what
// `file_trace` throws.
[[nodiscard]] TWILL_API std::unique_ptr<file_trace> start_from_environment();

}  // namespace twill::inline TWILL_ABI::trace
