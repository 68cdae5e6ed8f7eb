// One place in the source where an atomic is used, and what can be changed there to see whether a
// model notices: a mutant without a second build.
#pragma once

#include <twill/core/config.hpp>

#include <atomic>
#include <cstdint>
#include <source_location>
#include <string>

namespace twill::inline TWILL_ABI::explore::model {

// What an atomic operation does.
enum class action : std::uint8_t { load, store, exchange, add, compare, wait, notify, barrier };
[[nodiscard]] const char* name(action what) noexcept;

struct site {
    std::source_location where;
    action what = action::load;
    std::memory_order order = std::memory_order_seq_cst;    // of success, where it can fail
    std::memory_order failure = std::memory_order_relaxed;  // of a comparison that fails

    // "futex_mutex::unlock exchange", the stable part of its name.
    [[nodiscard]] std::string title() const;
    // "futex_mutex.hpp:29".
    [[nodiscard]] std::string place() const;
    [[nodiscard]] bool same_as(const site& other) const noexcept;
};

struct change {
    enum class kind : std::uint8_t {
        none,
        weaken,          // the order is `order`
        weaken_failure,  // that of a failed comparison is
        tear,            // a read-modify-write is a load, and then a store
        omit,            // a store, notify or barrier is not done; a read-modify-write only reads
        pretend,         // a load gives `value` without looking
        sleep_blind      // a wait blocks without comparing again
    };
    kind how = kind::none;
    site at;
    std::memory_order order = std::memory_order_relaxed;
    std::uint64_t value = 0;

    [[nodiscard]] std::string title() const;
};

[[nodiscard]] const char* name(std::memory_order order) noexcept;

}  // namespace twill::inline TWILL_ABI::explore::model
