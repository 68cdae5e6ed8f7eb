// Call stacks as single numbers.
//
// Each distinct stack of a run is a node: its parent is the stack without the innermost frame. So a
// thread that enters a function goes to a child, one that leaves it to the parent, and whoever
// wants to remember "where that was" (each access to memory does) keeps 4 bytes.
//
//     here = calls.enter(here, return_address);     // __tsan_func_entry
//     const call_id place = calls.enter(here, pc);  // an access, in that function
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>

#include "explore/arena.hpp"

namespace twill::inline TWILL_ABI::check {

using call_id = std::uint32_t;  // 0: the empty stack

class call_tree {
public:
    // Beyond it, new stacks are not told from their callers' any more: a recursion without bounds
    // must not eat the machine.
    static constexpr std::size_t most_nodes = std::size_t{4} << 20;

    explicit call_tree(explore::arena& memory) noexcept;

    // The stack `caller` with one more frame, at `address`.
    [[nodiscard]] call_id enter(call_id caller, std::uintptr_t address) noexcept;

    [[nodiscard]] call_id caller(call_id call) const noexcept { return nodes_[call].caller; }
    [[nodiscard]] std::uintptr_t address(call_id call) const noexcept {
        return nodes_[call].address;
    }
    // Writes the innermost `most` addresses of `call`, from the inside out; gives their number.
    std::size_t frames(call_id call, std::uintptr_t* to, std::size_t most) const noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }

private:
    struct node {
        std::uintptr_t address;
        call_id caller;
    };

    [[nodiscard]] std::size_t slot(call_id caller, std::uintptr_t address) const noexcept;
    void grow() noexcept;

    explore::row<node> nodes_;
    explore::row<call_id> table_;  // open addressing by (caller, address); 0: empty
};

}  // namespace twill::inline TWILL_ABI::check
