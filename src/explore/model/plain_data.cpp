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
    : world_(in), arena_(from), numbers_(from), words_(from) {
    words_.push_back(nullptr);
}

template <class Visit>
void plain_data::visit(const void* address, std::size_t size, const Visit& visit_part) noexcept {
    auto at = reinterpret_cast<std::uintptr_t>(address);
    for (const std::uintptr_t end = at + size; at != end;) {
        const std::uintptr_t word_end = (at / word + 1) * word;
        const std::uintptr_t until = word_end < end ? word_end : end;
        const std::uint64_t number = numbers_.of(at / word);
        if (number == words_.size()) words_.push_back(nullptr);
        const unsigned bits = ((1U << (until - at)) - 1) << (at % word);
        visit_in(words_[number], static_cast<std::uint8_t>(bits), visit_part);
        at = until;
    }
}

template <class Visit>
void plain_data::visit_in(part*& first, std::uint8_t which, const Visit& visit_part) noexcept {
    unsigned fresh = which;
    for (part* each = first; each != nullptr; each = each->next) {
        if ((each->which & which) == 0) continue;
        if ((each->which & ~which) != 0) {
            part* const rest = split(*each, static_cast<std::uint8_t>(each->which & ~which));
            rest->next = first;
            first = rest;
        }
        fresh &= ~unsigned{each->which};
        visit_part(*each);
    }
    if (fresh == 0) return;
    first = new_part(first, static_cast<std::uint8_t>(fresh));
    visit_part(*first);
}

plain_data::part* plain_data::new_part(part* next, std::uint8_t which) noexcept {
    return ::new (arena_.take(sizeof(part))) part(next, which);
}

// Takes the bytes `which` out of `from`, with all that is known of them.
plain_data::part* plain_data::split(part& from, std::uint8_t which) noexcept {
    part* const made = new_part(nullptr, which);
    made->shared = from.shared;
    made->ended = from.ended;
    made->write = from.write;
    made->read = from.read;
    made->reads.assign(arena_, from.reads);
    made->atomics.assign(arena_, from.atomics);
    made->atomic_writes.assign(arena_, from.atomic_writes);
    made->wrote = from.wrote;
    made->has_read = from.has_read;
    from.which = static_cast<std::uint8_t>(from.which & ~which);
    return made;
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
    visit(address, size, [&](part& each) {
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
    visit(address, size, [&](part& each) {
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
    visit(address, size, [&](part& each) {
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
    visit(address, size, [](part& each) { each.ended = true; });
}

void plain_data::begin(const void* address, std::size_t size) noexcept {
    visit(address, size, [](part& each) { each = part(each.next, each.which); });
}

}  // namespace twill::inline TWILL_ABI::explore::model
