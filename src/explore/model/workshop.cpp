#include "workshop.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

namespace twill::inline TWILL_ABI::explore::model {
namespace {

constexpr std::size_t guard_size = 4096;

void* map(std::size_t bytes) noexcept {
    void* const memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    return memory;
}

void unmap(void* memory, std::size_t bytes) noexcept { ::munmap(memory, bytes); }

// Of a path, what tells the file from others.
const char* file_of(const std::source_location& where) noexcept {
    const char* const slash = std::strrchr(where.file_name(), '/');
    return slash == nullptr ? where.file_name() : slash + 1;
}

// "futex_mutex::unlock" of "void twill::v0::futex_mutex::unlock()".
std::string function_of(const std::source_location& where) {
    std::string name = where.function_name();
    constexpr std::string_view nameless = "(anonymous namespace)::";
    for (std::size_t at; (at = name.find(nameless)) != std::string::npos;)
        name.erase(at, nameless.size());
    name.resize(std::min(name.find('('), name.size()));
    // Arguments of templates hold blanks and colons of their own.
    for (std::size_t open; (open = name.find('<')) != std::string::npos;) {
        std::size_t close = open;
        for (int depth = 0; close != name.size(); ++close) {
            depth += name[close] == '<' ? 1 : name[close] == '>' ? -1 : 0;
            if (depth == 0) break;
        }
        name.erase(open, close + 1 - open);
    }
    if (const auto blank = name.rfind(' '); blank != std::string::npos) name.erase(0, blank + 1);
    if (name.empty()) return "lambda";
    const auto last = name.rfind("::");
    if (last == std::string::npos || last == 0) return name;
    const auto before = name.rfind("::", last - 1);
    return before == std::string::npos ? name : name.substr(before + 2);
}

}  // namespace

const char* name(action what) noexcept {
    constexpr const char* names[] = {"load",    "store", "exchange", "add",
                                     "compare", "wait",  "notify",   "barrier"};
    return names[static_cast<unsigned>(what)];
}

const char* name(std::memory_order order) noexcept {
    switch (order) {
        case std::memory_order_relaxed:
            return "relaxed";
        case std::memory_order_consume:
            return "consume";
        case std::memory_order_acquire:
            return "acquire";
        case std::memory_order_release:
            return "release";
        case std::memory_order_acq_rel:
            return "acq_rel";
        case std::memory_order_seq_cst:
            return "seq_cst";
    }
    return "?";
}

bool site::same_as(const site& other) const noexcept {
    return where.line() == other.where.line() && where.column() == other.where.column() &&
           what == other.what && std::strcmp(where.file_name(), other.where.file_name()) == 0;
}

std::string site::title() const { return function_of(where) + ' ' + name(what); }

std::string site::place() const {
    return std::string(file_of(where)) + ':' + std::to_string(where.line());
}

std::string change::title() const {
    switch (how) {
        case kind::none:
            return "nothing";
        case kind::weaken:
            return at.title() + ": " + name(at.order) + " -> " + name(order);
        case kind::weaken_failure:
            return at.title() + ", failing: " + name(at.failure) + " -> " + name(order);
        case kind::tear:
            return at.title() + " torn";
        case kind::omit:
            return at.title() + " omitted";
        case kind::pretend:
            return at.title() + " is " + std::to_string(value);
        case kind::sleep_blind:
            return at.title() + " does not look again";
    }
    return "?";
}

workshop::workshop() : memory(&map), objects(&map) {}

workshop::~workshop() {
    memory.give_back(&unmap);
    objects.give_back(&unmap);
    for (void* each : stacks_) ::munmap(each, guard_size + stack_size);
}

void* workshop::stack(std::size_t number) {
    while (stacks_.size() <= number) {
        void* const made = map(guard_size + stack_size);
        ::mprotect(made, guard_size, PROT_NONE);
        stacks_.push_back(made);
    }
    return static_cast<char*>(stacks_[number]) + guard_size;
}

std::size_t workshop::number_of(const site& at) {
    std::size_t slot =
        (at.where.line() * 131U + at.where.column() * 7U + static_cast<unsigned>(at.what)) %
        index_.size();
    for (; index_[slot] != 0; slot = (slot + 1) % index_.size())
        if (sites_[index_[slot] - 1].same_as(at)) return index_[slot];
    sites_.push_back(at);
    if (sites_.size() == index_.size()) std::abort();  // a model has dozens
    index_[slot] = static_cast<std::uint32_t>(sites_.size());
    return index_[slot];
}

}  // namespace twill::inline TWILL_ABI::explore::model
