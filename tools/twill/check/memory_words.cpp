#include "twill/check/memory_words.hpp"

#include "twill/check/elf_file.hpp"

#include <fmt/format.h>

#include <cstring>
#include <string_view>

namespace twill_command::check {
namespace {

using twill::check::finding;
using twill::check::finding_kind;
using twill::check::memory_place;

std::string bytes(std::uint64_t count) {
    return fmt::format("{} byte{}", count, count == 1 ? "" : "s");
}

std::string_view does(std::uint32_t access) {
    if ((access & twill::check::access_frees) != 0) return "frees";
    const bool atomically = (access & twill::check::access_is_atomic) != 0;
    if ((access & twill::check::access_writes) != 0)
        return atomically ? "atomically writes" : "writes";
    return atomically ? "atomically reads" : "reads";
}

// "thread 1 writes 4 bytes at byte 8 of a block of 40 bytes"
std::string access_in_block(const finding& found) {
    // Or "thread 1 uses a mutex at byte 8 of a block of 40 bytes".
    const std::string_view object(found.text, ::strnlen(found.text, sizeof found.text));
    if (!object.empty())
        return fmt::format("thread {} uses {} at byte {} of a block of {}", found.thread, object,
                           found.object - found.memory.block, bytes(found.memory.block_size));
    return fmt::format("thread {} {} {} at byte {} of a block of {}", found.thread,
                       does(found.memory.here), bytes(found.memory.size),
                       found.object - found.memory.block, bytes(found.memory.block_size));
}

}  // namespace

bool is_about_memory(finding_kind kind) {
    return kind == finding_kind::data_race || kind == finding_kind::use_after_free ||
           kind == finding_kind::out_of_bounds || kind == finding_kind::double_free ||
           kind == finding_kind::bad_free;
}

std::string summary_of_memory(const finding& found) {
    switch (found.kind) {
        case finding_kind::data_race:
            return fmt::format(
                "data race: thread {} {} {} that thread {} {}, and nothing orders the two",
                found.thread, does(found.memory.here), bytes(found.memory.size), found.other,
                does(found.memory.there));
        case finding_kind::use_after_free:
            return fmt::format("use after free: {} that thread {} freed", access_in_block(found),
                               found.other);
        case finding_kind::out_of_bounds:
            return fmt::format("out of bounds: {}", access_in_block(found));
        case finding_kind::double_free:
            return fmt::format("double free: thread {} frees a block of {} that thread {} freed",
                               found.thread, bytes(found.memory.block_size), found.other);
        default:
            break;
    }
    if (found.memory.place != memory_place::heap)
        return fmt::format("bad free: thread {} frees 0x{:x}, which was never allocated",
                           found.thread, found.object);
    return fmt::format("bad free: thread {} frees a pointer to byte {} of a block of {}",
                       found.thread, found.object - found.memory.block,
                       bytes(found.memory.block_size));
}

std::string variable_at(std::uint64_t address, std::span<const twill::check::module> modules) {
    for (const auto& each : modules)
        if (address >= each.begin && address < each.end)
            return elf_file(each.path).variable_at(address - each.bias);
    return {};
}

std::string place_of_memory(const finding& found, std::span<const twill::check::module> modules) {
    const auto& memory = found.memory;
    switch (memory.place) {
        case memory_place::heap:
            return fmt::format("in a heap block of {}, at byte {}, which thread {} allocated",
                               bytes(memory.block_size), found.object - memory.block, memory.owner);
        case memory_place::stack:
            return fmt::format("on the stack of thread {}", memory.owner);
        case memory_place::global: {
            const auto name = variable_at(found.object, modules);
            return name.empty() ? fmt::format("at 0x{:x}", found.object)
                                : fmt::format("in the variable {}", name);
        }
        case memory_place::unknown:
            break;
    }
    return {};
}

}  // namespace twill_command::check
