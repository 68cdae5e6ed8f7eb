// How much a piece of work could gain from more cores, measured by running it on one.
//
//     const twill::work_span seen = twill::par::profile([&] { render(scene); });
//     std::printf("parallelism %.0f; on 16 cores %.1f to %.1f times as fast\n",
//                 seen.parallelism(), seen.speedup_at_least(16), seen.speedup_at_most(16));
//
// For all regions of a program at once: TWILL_PROFILE=1. docs/parallel.md tells how to read the
// figures.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/runtime/detail/work_meter.hpp>
#include <twill/runtime/work_span.hpp>

#include <utility>

namespace twill::inline TWILL_ABI {
namespace par {

// Runs `function` on the calling thread, and everything that it forks there too, in place of
// sharing it; gives the work and span that this was. What `function` returns is dropped. A fork
// takes about 0.1 us longer meanwhile; the figures leave that out, and the time in which the thread
// sleeps, waits for a lock or has no core.
//
// Forks and loops count as parallel wherever they may run so, a scope's forks from where they are
// made (from the end of its body, beyond the first eight). Scans, and what keeps an order as they
// do, count with the work that they are when they are shared: most do each element twice then.
//
// Throws what `function` throws; `cancelled` arrives at forks, as in any region. It may be called
// inside of a region, measured or not. Any thread.
template <branch F>
work_span profile(context& here, F&& function) {
    detail::measured_part measured(here);
    detail::invoke_branch(here, std::forward<F>(function));
    return measured.seen();
}

template <branch F>
work_span profile(F&& function) {
    return region([&](context& here) { return par::profile(here, std::forward<F>(function)); });
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
