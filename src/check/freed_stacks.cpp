#include "check/freed_stacks.hpp"

#include "check/stack.hpp"
#include "check/world.hpp"

namespace twill::inline TWILL_ABI::check {
namespace {

struct freed {
    std::uintptr_t block;
    stack_trace where;
};
constexpr std::size_t most = 256;  // the latest

constinit freed kept[most]{};
std::size_t next_place = 0;

}  // namespace

void remember_free(const void* block) noexcept {
    if (the.run == nullptr || the.shared->options.keep_events == 0) return;
    freed& entry = kept[next_place++ % most];
    entry.block = reinterpret_cast<std::uintptr_t>(block);
    take_stack(entry.where);
}

const stack_trace* where_freed(std::uintptr_t block) noexcept {
    for (const freed& each : kept)
        if (each.block == block) return &each.where;
    return nullptr;
}

}  // namespace twill::inline TWILL_ABI::check
