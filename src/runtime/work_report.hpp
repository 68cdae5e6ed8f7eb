// TWILL_PROFILE=1: all regions are measured, and at the end of the program a table says what each
// could gain from more cores.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/runtime/detail/work_meter.hpp>
#include <twill/runtime/work_span.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace twill::inline TWILL_ABI {
namespace detail {

// Its strings live for ever.
struct region_label {
    const char* name;  // the user's; empty: none
    const char* file;
    std::uint32_t line;
    const void* caller;  // where a plain thread began it, in machine code
};

// All regions of one label.
struct work_row {
    region_label label;
    std::uint64_t runs = 0;
    std::uint64_t strands = 0;
    work_span sum{};
};

// The table, whole lines, the most work first.
std::string work_table(std::span<const work_row> rows);

extern constinit atomic<bool> profile_wanted;

// Reads the variable, when the first pool is made; throws usage_error if it is not understood.
void look_whether_profile_is_wanted();

// Relaxed: it is set before the first pool is there.
[[nodiscard]] inline bool profile_is_wanted() noexcept {
    return profile_wanted.load(std::memory_order_relaxed);
}

// While it lives, the region of the thread is measured for the table.
class measured_region {
public:
    measured_region(compute_context& here, const region_label& label) noexcept
        : label_(label), part_(here) {}
    ~measured_region();
    measured_region(const measured_region&) = delete;
    measured_region& operator=(const measured_region&) = delete;

private:
    const region_label label_;
    measured_part part_;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
