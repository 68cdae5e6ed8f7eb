// Says that the code around it blocks, so that the thread's core can be used meanwhile.
//
//     twill::par::for_each(files, [](const file& f) {
//         const auto bytes = [&] {
//             twill::blocked_section waiting;    // a spare thread computes on this core
//             return read_slowly(f);
//         }();
//         index(bytes);
//     });
//
// On a thread of the compute pool, or inside a par:: call, the core is given up until the end of
// the section: waiting work gets another thread, up to `compute_pool_options::max_threads`. After
// the section the thread goes on at once, and for the length of one job there may be a thread more
// than cores. Elsewhere it does nothing. Sections nest. Never throws; costs a lock on each side.
#pragma once

#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI {

namespace detail {
class compute_worker;
}

class TWILL_API blocked_section {
public:
    blocked_section() noexcept;
    ~blocked_section();
    blocked_section(const blocked_section&) = delete;
    blocked_section& operator=(const blocked_section&) = delete;

private:
    detail::compute_worker* worker_;  // null: nothing to give up
};

}  // namespace twill::inline TWILL_ABI
