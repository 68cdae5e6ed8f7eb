// What a debugger must know to find the tasks of a program, as plain numbers: see
// share/gdb/twill.py.
#pragma once

#include <twill/core/config.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI {
class context;
}

namespace twill::inline TWILL_ABI::detail {

// While it lives, a debugger finds the tree below `root`. No other thread is kept from anything by
// that: making and ending a run takes a lock once.
class debug_run {
public:
    explicit debug_run(const context& root) noexcept;
    ~debug_run();
    debug_run(const debug_run&) = delete;
    debug_run& operator=(const debug_run&) = delete;

private:
    friend struct debug_layout;
    const context* root_;
    debug_run* next_ = nullptr;
};

}  // namespace twill::inline TWILL_ABI::detail
