// A tree in which every node has ten children; the leaves give their numbers, the others the sum of
// their children. The well-known micro-benchmark of languages with light threads.
#pragma once

#include <twill/core/config.hpp>

#include "par/kernels/runtimes.hpp"

namespace twill::inline TWILL_ABI::bench {

template <class Runtime>
long skynet(typename Runtime::context& here, long first, long leaves) {
    if (leaves == 1) return first;
    return Runtime::sum(here, 10, always, [=](auto& there, int i) {
        return skynet<Runtime>(there, first + i * (leaves / 10), leaves / 10);
    });
}

}  // namespace twill::inline TWILL_ABI::bench
