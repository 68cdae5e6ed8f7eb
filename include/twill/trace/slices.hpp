// Who ran what, when: the stretches of time between the paired events of a snapshot, and what woke
// whom. perfetto.hpp and timeline_svg.hpp are made from them.
//
//     auto seen = recorder.take();
//     for (const auto& s : twill::trace::make_slices(seen).on_threads)
//         if (s.kind == slice_kind::task) cpu[s.name()] += s.to - s.from;
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>
#include <twill/trace/snapshot.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::trace {

enum class slice_kind : std::uint8_t { task, region, job, blocking, poll, park, span };

// The name of a kind, as the views show it: "task", "parallel region", ...
TWILL_API const char* name_of(slice_kind kind) noexcept;

struct slice {
    slice_kind kind = slice_kind::task;
    bool failed = false;       // a task that ended by an exception
    std::uint16_t depth = 0;   // how many slices of its thread enclose it
    std::uint32_t thread = 0;  // index into snapshot::threads; for a span, where it began
    std::uint32_t value = 0;   // task, region: the line in `label`; poll: events it gave
    time_point from{};
    time_point to{};
    std::uint64_t subject = 0;
    const char* label = "";   // task, region: file or name; blocking, span: name
    const char* ending = "";  // task: what it went to wait for

    // "server.cpp:42", "poll", "parse", ...
    [[nodiscard]] std::string name() const;
};

// At `from` a thread spawned, woke or promoted what another, or the same, began to run at `to`.
struct flow {
    std::uint32_t from_thread = 0;
    std::uint32_t to_thread = 0;
    time_point from{};
    time_point to{};
};

struct slice_set {
    std::vector<slice> on_threads;  // any two of one thread are nested or apart; by end
    std::vector<slice> crossing;    // spans that outlived the slice in which they began
    std::vector<flow> flows;
};

// Makes the best of what is there: a stretch that began before the oldest event begins where the
// thread's record does, one that did not end lasts until `seen.to`, an end without a beginning is
// left out. O(n log n) in the number of events. Throws only std::bad_alloc.
TWILL_API slice_set make_slices(const snapshot& seen);

}  // namespace twill::inline TWILL_ABI::trace
