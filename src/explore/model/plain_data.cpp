#include "plain_data.hpp"

#include "world.hpp"

#include <cstdio>
#include <string>

// Where the linker put the program's first byte.
extern "C" const char program_begin asm("__executable_start");

namespace twill::inline TWILL_ABI::explore::model {
namespace {

// As addr2line takes it.
std::string place_of(const void* code) {
    if (code == nullptr) return "an unknown place";
    char text[32];
    std::snprintf(text, sizeof text, "0x%tx", static_cast<const char*>(code) - &program_begin);
    return text;
}

}  // namespace

plain_data::plain_data(world& in, arena& from) noexcept
    : world_(in), arena_(from), numbers_(from), groups_(from) {
    groups_.push_back(nullptr);
}

template <class Visit>
void plain_data::visit(const void* address, std::size_t size, const Visit& visit_byte) noexcept {
    auto at = reinterpret_cast<std::uintptr_t>(address);
    for (const std::uintptr_t end = at + size; at != end;) {
        const std::uint64_t number = numbers_.of(at / group);
        if (number == groups_.size()) groups_.push_back(arena_.make<bytes>());
        bytes& found = *groups_[number];
        do visit_byte(found.each[at % group]);
        while (++at != end && at % group != 0);
    }
}

bool plain_data::knows(epoch event) const noexcept {
    return event.thread == world_.self() || world_.engine().past_of(world_.self()).has_seen(event);
}
bool plain_data::knows(const vector_clock& events) const noexcept {
    return events.size() == 0 || world_.engine().past_of(world_.self()).has_seen(events);
}

void plain_data::race(const char* mine, const char* other, const void* code, const void* other_code,
                      thread_id with) {
    std::string text = std::string("data race: ") + mine + " at " + place_of(code) +
                       ", unordered with " + other + " at " + place_of(other_code);
    if (with != no_thread) text += " by thread " + std::to_string(with);
    world_.fail(text);
}

void plain_data::read(const void* address, std::size_t size, const void* code) noexcept {
    const thread_id self = world_.self();
    const epoch now = world_.engine().epoch_of(self);
    visit(address, size, [&](byte& each) {
        if (each.ended) world_.fail("memory is read after it was freed, at " + place_of(code));
        if (each.read.thread == self && each.read.time == now.time) return;
        if (!knows(each.write)) race("a read", "a write", code, each.wrote, each.write.thread);
        if (!knows(each.atomic_writes)) race("a read", "an atomic write", code, nullptr, no_thread);
        if (!each.shared && !knows(each.read)) {
            each.shared = true;
            each.reads.clear();
            each.reads.set(arena_, each.read.thread, each.read.time);
        }
        if (each.shared) each.reads.set(arena_, self, now.time);
        each.read = now;
        each.has_read = code;
    });
}

void plain_data::write(const void* address, std::size_t size, const void* code) noexcept {
    const thread_id self = world_.self();
    const epoch now = world_.engine().epoch_of(self);
    visit(address, size, [&](byte& each) {
        if (each.ended) world_.fail("memory is written after it was freed, at " + place_of(code));
        if (!knows(each.write)) race("a write", "a write", code, each.wrote, each.write.thread);
        if (each.shared ? !knows(each.reads) : !knows(each.read))
            race("a write", "a read", code, each.has_read, each.read.thread);
        if (!knows(each.atomics)) race("a write", "an atomic access", code, nullptr, no_thread);
        each.write = now;
        each.wrote = code;
        each.read = {};
        each.shared = false;
        each.atomics.clear();
        each.atomic_writes.clear();
    });
}

void plain_data::atomic(const void* address, std::size_t size, bool writes) noexcept {
    const thread_id self = world_.self();
    const epoch now = world_.engine().epoch_of(self);
    visit(address, size, [&](byte& each) {
        if (each.ended) world_.fail("an atomic is used after its memory was freed");
        if (!knows(each.write))
            race("an atomic access", "a write", nullptr, each.wrote, each.write.thread);
        if (writes && (each.shared ? !knows(each.reads) : !knows(each.read)))
            race("an atomic write", "a read", nullptr, each.has_read, each.read.thread);
        each.atomics.set(arena_, self, now.time);
        if (writes) each.atomic_writes.set(arena_, self, now.time);
    });
}

void plain_data::end(const void* address, std::size_t size) noexcept {
    write(address, size, nullptr);
    visit(address, size, [](byte& each) { each.ended = true; });
}

void plain_data::begin(const void* address, std::size_t size) noexcept {
    visit(address, size, [](byte& each) { each = {}; });
}

}  // namespace twill::inline TWILL_ABI::explore::model
