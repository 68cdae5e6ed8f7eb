// A turn at the reactor, as traces and those who compute see it.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/event.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/detail/io_activity.hpp>

#include <cstddef>

namespace twill::inline TWILL_ABI::detail {

// By `who`, for `limit` at most. Gives how many completions it brought.
inline std::size_t turn_at_reactor(reactor& io, io_activity& activity, const void* who,
                                   duration limit) noexcept {
    const bool waits = limit != duration::zero();
    if (waits) note(event_kind::park, who);
    const std::size_t completions = io.poll(limit);
    activity.turned(completions != 0);
    if (waits) note(event_kind::unpark, who);
    return completions;
}

}  // namespace twill::inline TWILL_ABI::detail
