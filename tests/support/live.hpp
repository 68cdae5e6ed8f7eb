// An object that is counted while it lives: what a test leaves behind is seen.
#pragma once

#include <twill/core/atomic.hpp>

namespace twill_test {

struct live {
    live() noexcept { count.fetch_add(1); }
    live(const live& /*other*/) noexcept { count.fetch_add(1); }
    live& operator=(const live&) noexcept = default;
    ~live() { count.fetch_sub(1); }

    static inline twill::atomic<int> count{0};
};

}  // namespace twill_test
