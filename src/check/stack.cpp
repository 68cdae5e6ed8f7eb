#include "check/stack.hpp"

#include "check/system.hpp"

#include <link.h>
#include <unwind.h>

#include <cstring>

namespace twill::inline TWILL_ABI::check {
namespace {

// This library's own text.
struct own_text {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};
own_text ours;

int find_own_text(dl_phdr_info* info, std::size_t /*size*/, void* /*nothing*/) {
    const auto here = reinterpret_cast<std::uint64_t>(&find_own_text);
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto& part = info->dlpi_phdr[i];
        const std::uint64_t begin = info->dlpi_addr + part.p_vaddr;
        if (part.p_type != PT_LOAD || here < begin || here >= begin + part.p_memsz) continue;
        ours = {begin, begin + part.p_memsz};
        return 1;
    }
    return 0;
}

_Unwind_Reason_Code keep_frame(_Unwind_Context* context, void* argument) {
    auto& into = *static_cast<stack_trace*>(argument);
    int before = 0;
    std::uint64_t address = _Unwind_GetIPInfo(context, &before);
    if (address == 0 || into.depth == most_frames) return _URC_END_OF_STACK;
    // A return address lies behind the call; a signal's frame names the instruction itself.
    if (before == 0) --address;
    if (into.depth == 0 && is_own_code(address)) return _URC_NO_REASON;
    into.frames[into.depth++] = address;
    return _URC_NO_REASON;
}

int keep_module(dl_phdr_info* info, std::size_t /*size*/, void* argument) {
    auto& into = *static_cast<run_result*>(argument);
    if (into.modules_count == most_modules) return 1;
    auto& entry = into.modules[into.modules_count];
    entry = {};
    entry.bias = info->dlpi_addr;
    entry.begin = ~std::uint64_t{0};
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto& part = info->dlpi_phdr[i];
        if (part.p_type != PT_LOAD) continue;
        const std::uint64_t begin = info->dlpi_addr + part.p_vaddr;
        if (begin < entry.begin) entry.begin = begin;
        if (begin + part.p_memsz > entry.end) entry.end = begin + part.p_memsz;
    }
    if (entry.end == 0) return 0;
    const char* name = info->dlpi_name;
    if (name == nullptr || *name == '\0') {
        // The program itself.
        const long length = raw_syscall(SYS_readlinkat, -100, as_word("/proc/self/exe"),
                                        as_word(entry.path), sizeof entry.path - 1);
        if (length < 0) return 0;
        entry.path[length] = '\0';
    } else {
        std::strncpy(entry.path, name, sizeof entry.path - 1);
    }
    ++into.modules_count;
    return 0;
}

}  // namespace

bool is_own_code(std::uint64_t address) noexcept {
    if (ours.end == 0) ::dl_iterate_phdr(&find_own_text, nullptr);
    return address >= ours.begin && address < ours.end;
}

void take_stack(stack_trace& into) noexcept {
    into.depth = 0;
    _Unwind_Backtrace(&keep_frame, &into);
}

void list_modules(run_result& into) noexcept {
    into.modules_count = 0;
    ::dl_iterate_phdr(&keep_module, &into);
}

}  // namespace twill::inline TWILL_ABI::check
