// How an atomic is used this time.
#pragma once

#include <twill/core/config.hpp>

#include <atomic>
#include <source_location>

namespace twill::inline TWILL_ABI::explore::model {

struct use {
    void* address;
    unsigned size;
    std::source_location where;
    std::memory_order order = std::memory_order_seq_cst;    // of success, where it can fail
    std::memory_order failure = std::memory_order_relaxed;  // of a comparison that fails
};

}  // namespace twill::inline TWILL_ABI::explore::model
