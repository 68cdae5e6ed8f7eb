#include "entrance.hpp"

#include "world.hpp"

#include <cstdlib>
#include <cstring>
#include <iterator>

namespace twill::inline TWILL_ABI::explore::model {
namespace {

std::uint64_t peek(const use& how) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, how.address, how.size);
    return value;
}
void poke(const use& how, std::uint64_t value) noexcept {
    std::memcpy(how.address, &value, how.size);
}

const void* constants[8] = {};
unsigned constants_known = 0;

bool is_constant(const void* address) noexcept {
    for (unsigned i = 0; i != constants_known; ++i)
        if (constants[i] == address) return true;
    return false;
}

// The world of this run, unless it need not know of the access: a thread-local atomic has an
// address that says nothing of its thread, and is looked at by no other in a run.
world* concerned(const use& how) noexcept {
    return thread_locals::lie_at(how.address) ? nullptr : world::entered();
}

template <class Change>
std::uint64_t modify(const use& how, action what, const Change& change) noexcept {
    if (world* const in = concerned(how)) {
        const world::entry own;
        return in->atomics().modify(how, what, change);
    }
    const std::uint64_t before = peek(how);
    poke(how, change(before));
    return before;
}

}  // namespace

void entrance::hold_constant(const void* address) noexcept {
    if (is_constant(address)) return;
    if (constants_known == std::size(constants)) std::abort();
    constants[constants_known++] = address;
}

void entrance::begin(void* address, unsigned size) noexcept {
    if (world* const in = world::entered()) {
        const world::entry own;
        in->atomics().begin(address, size);
    }
}

std::uint64_t entrance::load(const use& how) noexcept {
    if (world* const in = is_constant(how.address) ? nullptr : concerned(how)) {
        const world::entry own;
        return in->atomics().load(how);
    }
    return peek(how);
}

void entrance::store(const use& how, std::uint64_t value) noexcept {
    if (world* const in = concerned(how)) {
        const world::entry own;
        return in->atomics().store(how, value);
    }
    poke(how, value);
}

std::uint64_t entrance::exchange(const use& how, std::uint64_t value) noexcept {
    return modify(how, action::exchange, [value](std::uint64_t) { return value; });
}
std::uint64_t entrance::add(const use& how, std::uint64_t value) noexcept {
    return modify(how, action::add, [value](std::uint64_t old) { return old + value; });
}
std::uint64_t entrance::set(const use& how, std::uint64_t bits) noexcept {
    return modify(how, action::add, [bits](std::uint64_t old) { return old | bits; });
}
std::uint64_t entrance::clear(const use& how, std::uint64_t bits) noexcept {
    return modify(how, action::add, [bits](std::uint64_t old) { return old & ~bits; });
}

bool entrance::compare(const use& how, std::uint64_t& expected, std::uint64_t desired,
                       bool weak) noexcept {
    if (world* const in = concerned(how)) {
        const world::entry own;
        return in->atomics().compare(how, expected, desired, weak);
    }
    const std::uint64_t found = peek(how);
    if (found != expected) {
        expected = found;
        return false;
    }
    poke(how, desired);
    return true;
}

void entrance::wait(const use& how, std::uint64_t old) noexcept {
    if (world* const in = world::entered()) {
        const world::entry own;
        return in->atomics().wait(how, old);
    }
    if (peek(how) == old) std::abort();  // nobody else is there who could change it
}

void entrance::sleep(const use& how, std::uint64_t old, std::uint64_t deadline) noexcept {
    if (world* const in = world::entered()) {
        const world::entry own;
        return in->atomics().sleep(how, old, deadline);
    }
    if (peek(how) == old) std::abort();  // nobody else is there who could change it
}

void entrance::notify(const use& how, bool all) noexcept {
    if (world* const in = world::entered()) {
        const world::entry own;
        in->atomics().notify(how, all);
    }
}

}  // namespace twill::inline TWILL_ABI::explore::model
