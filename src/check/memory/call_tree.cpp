#include "call_tree.hpp"

namespace twill::inline TWILL_ABI::check {
namespace {

constexpr std::size_t first_table = 4096;

std::size_t hash(call_id caller, std::uintptr_t address) noexcept {
    std::uint64_t mixed = (std::uint64_t{address} ^ (std::uint64_t{caller} << 40)) + caller;
    mixed *= 0x9e3779b97f4a7c15U;
    return static_cast<std::size_t>(mixed ^ (mixed >> 29));
}

}  // namespace

call_tree::call_tree(explore::arena& memory) noexcept : nodes_(memory), table_(memory) {
    nodes_.push_back({0, 0});
    table_.resize(first_table);
}

// Where (caller, address) is, or would be.
std::size_t call_tree::slot(call_id caller, std::uintptr_t address) const noexcept {
    const std::size_t mask = table_.size() - 1;
    std::size_t at = hash(caller, address) & mask;
    while (table_[at] != 0) {
        const node& there = nodes_[table_[at]];
        if (there.caller == caller && there.address == address) break;
        at = (at + 1) & mask;
    }
    return at;
}

call_id call_tree::enter(call_id caller, std::uintptr_t address) noexcept {
    std::size_t at = slot(caller, address);
    if (table_[at] != 0) return table_[at];
    if (nodes_.size() >= most_nodes) return caller;
    if (2 * nodes_.size() >= table_.size()) {
        grow();
        at = slot(caller, address);
    }
    const auto made = static_cast<call_id>(nodes_.size());
    nodes_.push_back({address, caller});
    table_[at] = made;
    return made;
}

void call_tree::grow() noexcept {
    const std::size_t size = 2 * table_.size();
    table_.clear();
    table_.resize(size);
    for (call_id call = 1; call != nodes_.size(); ++call)
        table_[slot(nodes_[call].caller, nodes_[call].address)] = call;
}

std::size_t call_tree::frames(call_id call, std::uintptr_t* to, std::size_t most) const noexcept {
    std::size_t count = 0;
    for (; call != 0 && count != most; call = nodes_[call].caller)
        to[count++] = nodes_[call].address;
    return count;
}

}  // namespace twill::inline TWILL_ABI::check
