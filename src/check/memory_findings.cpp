#include "check/memory_findings.hpp"

#include "check/freed_stacks.hpp"
#include "check/memory_mode.hpp"
#include "check/scheduler.hpp"
#include "check/stack.hpp"

#include <twill/check/protocol.hpp>

#include <cstring>

namespace twill::inline TWILL_ABI::check {
namespace {

static_assert(access_record::write == access_writes && access_record::atomic == access_is_atomic &&
              access_record::freeing == access_frees);

void take_frames(const call_tree& calls, call_id from, stack_trace& into) noexcept {
    std::uintptr_t frames[most_frames];
    const std::size_t count = calls.frames(from, frames, most_frames);
    into.depth = 0;
    for (std::size_t i = 0; i != count; ++i) {
        if (is_own_code(frames[i])) continue;
        into.frames[into.depth++] = frames[i] - 1;  // it is a return address: the call is before
    }
}

step at(std::uintptr_t address) noexcept {
    return {action::load, object_kind::none, reinterpret_cast<const void*>(address), nullptr};
}

// A finding that is about memory; null: there are too many.
finding* begin(finding_kind kind, std::uintptr_t address, std::size_t size,
               std::uint32_t access) noexcept {
    finding* const made = note(kind, {});
    if (made == nullptr) return nullptr;
    made->what = object_kind::memory;
    made->object = address;
    made->memory.here = access;
    made->memory.size = size;
    // The run may pass for all that, and then nobody else lists them.
    list_modules(current_session()->result);
    return made;
}

void tell_block(const call_tree* calls, const heap::block& block, finding& into) noexcept {
    into.memory.place = memory_place::heap;
    into.memory.block = block.address;
    into.memory.block_size = block.size;
    into.memory.owner = block.allocated.thread;
    if (calls != nullptr) take_frames(*calls, block.allocated.place, into.memory.allocated);
}

void tell_free(const call_tree* calls, const heap::block& block, finding& into) noexcept {
    into.other = block.freed.thread;
    into.has_other = 1;
    into.memory.there = access_writes | access_frees;
    if (calls != nullptr)
        take_frames(*calls, block.freed.place, into.there);
    else if (const stack_trace* const where = where_freed(block.address))
        into.there = *where;
}

void tell_place(const call_tree& calls, std::uintptr_t address, finding& into) noexcept {
    if (const heap::block* const block = heap_block_at(address)) {
        tell_block(&calls, *block, into);
    } else if (const std::int64_t owner = stack_owner(address); owner >= 0) {
        into.memory.place = memory_place::stack;
        into.memory.owner = static_cast<std::uint32_t>(owner);
    } else {
        into.memory.place = memory_place::global;
    }
}

[[noreturn]] void end_with(finding* made, finding_kind kind, std::uintptr_t address) noexcept {
    if (made == nullptr) fail(kind, at(address));
    fail_with(*made);
}

// Whether the pair was told before, in this run.
bool told(std::uintptr_t one, std::uintptr_t other) noexcept {
    static struct {
        std::uintptr_t one, other;
    } pairs[64];
    static unsigned count = 0;
    if (other < one) {
        const std::uintptr_t swapped = one;
        one = other;
        other = swapped;
    }
    for (unsigned i = 0; i != count; ++i)
        if (pairs[i].one == one && pairs[i].other == other) return true;
    if (count == 64) return true;
    pairs[count++] = {one, other};
    return false;
}

}  // namespace

void report_race(const call_tree& calls, const race& found, std::size_t size) noexcept {
    if (told(calls.address(found.earlier.place), calls.address(found.later.place))) return;
    finding* const made = begin(finding_kind::data_race, found.address, size, found.later.kind);
    if (made == nullptr) return;
    made->other = found.earlier.thread;
    made->has_other = 1;
    made->memory.there = found.earlier.kind;
    take_frames(calls, found.earlier.place, made->there);
    tell_place(calls, found.address, *made);
}

void report_use_after_free(const call_tree& calls, const heap::block& block, std::uintptr_t address,
                           std::size_t size, std::uint8_t kind) noexcept {
    finding* const made = begin(finding_kind::use_after_free, address, size, kind);
    if (made != nullptr) {
        tell_block(&calls, block, *made);
        tell_free(&calls, block, *made);
    }
    end_with(made, finding_kind::use_after_free, address);
}

void report_use_of_freed_object(const call_tree* calls, const heap::block& block,
                                std::uintptr_t address, const char* text,
                                const thread* by) noexcept {
    finding* const made = begin(finding_kind::use_after_free, address, 0, access_writes);
    if (made != nullptr) {
        std::strncpy(made->text, text, sizeof made->text - 1);
        if (by != nullptr) {
            made->thread = by->index;
            made->here.depth = 0;  // it waits, and is shown with the others
        }
        tell_block(calls, block, *made);
        tell_free(calls, block, *made);
    }
    end_with(made, finding_kind::use_after_free, address);
}

void report_out_of_bounds(const call_tree& calls, const heap::block& block, std::uintptr_t address,
                          std::size_t size, std::uint8_t kind) noexcept {
    finding* const made = begin(finding_kind::out_of_bounds, address, size, kind);
    if (made != nullptr) tell_block(&calls, block, *made);
    end_with(made, finding_kind::out_of_bounds, address);
}

void report_bad_free(const call_tree* calls, const heap::block* block, std::uintptr_t address,
                     heap::release_result why) noexcept {
    const bool twice = why == heap::release_result::twice;
    const auto kind = twice ? finding_kind::double_free : finding_kind::bad_free;
    finding* const made = begin(kind, address, 0, access_writes | access_frees);
    if (made != nullptr) {
        if (block != nullptr) tell_block(calls, *block, *made);
        if (block != nullptr && twice) tell_free(calls, *block, *made);
    }
    end_with(made, kind, address);
}

}  // namespace twill::inline TWILL_ABI::check
