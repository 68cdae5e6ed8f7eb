// Snapshots made by hand, for the tests of the views.
#pragma once

#include <twill/core/event.hpp>
#include <twill/trace/snapshot.hpp>

#include <utility>
#include <vector>

namespace made {

inline twill::time_point at(long nanoseconds) {
    return twill::time_point(twill::duration(nanoseconds));
}

inline twill::event event(long when, twill::event_kind kind, std::uint64_t subject = 0,
                          const char* label = "", std::uint32_t value = 0) {
    return {at(when), subject, label, value, kind};
}

// From 0 to 1000 ns; thread i has the id 100 + i.
inline twill::trace::snapshot snapshot(std::vector<std::vector<twill::event>> threads) {
    twill::trace::snapshot result{.from = at(0), .to = at(1000)};
    int id = 100;
    for (auto& events : threads) {
        const std::string name = "worker " + std::to_string(id - 100);
        result.threads.push_back({.id = id, .name = name, .events = std::move(events)});
        ++id;
    }
    return result;
}

}  // namespace made
