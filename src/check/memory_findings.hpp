// What memory mode finds, as `finding`s.
#pragma once

#include "check/memory/call_tree.hpp"
#include "check/memory/heap.hpp"
#include "check/memory/race_detector.hpp"

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::check {

struct thread;

// Each pair of places is told once; the run goes on. `size`: of the later access.
void report_race(const call_tree& calls, const race& found, std::size_t size) noexcept;

// These end the run: what comes after them means nothing. `kind`: bits of access_record::kind.
[[noreturn]] void report_use_after_free(const call_tree& calls, const heap::block& block,
                                        std::uintptr_t address, std::size_t size,
                                        std::uint8_t kind) noexcept;
[[noreturn]] void report_out_of_bounds(const call_tree& calls, const heap::block& block,
                                       std::uintptr_t address, std::size_t size,
                                       std::uint8_t kind) noexcept;
// The program uses a mutex or the like in a block that was freed. `calls`: null outside of memory
// mode, `text`: what it uses.
[[noreturn]] void report_use_of_freed_object(const call_tree* calls, const heap::block& block,
                                             std::uintptr_t address, const char* text,
                                             const thread* by) noexcept;
// `block`: null where there is none. `calls`: null outside of memory mode.
[[noreturn]] void report_bad_free(const call_tree* calls, const heap::block* block,
                                  std::uintptr_t address, heap::release_result why) noexcept;

// The thread on whose stack the address lies; -1: on nobody's.
std::int64_t stack_owner(std::uintptr_t address) noexcept;

}  // namespace twill::inline TWILL_ABI::check
