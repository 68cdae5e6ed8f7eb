// What a recorder saw, as plain data: the one input of every view (perfetto.hpp, timeline_svg.hpp,
// slices.hpp).
//
//     twill::trace::snapshot seen = recorder.take();
//     for (const auto& thread : seen.threads) std::cout << thread.name << thread.events.size();
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/event.hpp>
#include <twill/core/time.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::trace {

struct thread_events {
    int id = 0;                   // the kernel's thread id
    std::string name{};           // any bytes: the thread chose it
    std::uint64_t lost = 0;       // older events, overwritten by the ones that are here
    std::vector<event> events{};  // oldest first
};

struct snapshot {
    time_point from{};  // when recording began; no event is older
    time_point to{};    // when it stopped or, if it goes on, when the snapshot was taken
    std::vector<thread_events> threads{};
    std::uint64_t homeless = 0;  // events of threads for which no ring was left
};

}  // namespace twill::inline TWILL_ABI::trace
