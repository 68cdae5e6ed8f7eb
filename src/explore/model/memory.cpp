#include "memory.hpp"

#include "use_of.hpp"
#include "world.hpp"

#include <cstring>

namespace twill::inline TWILL_ABI::explore::model {
namespace {

using std::memory_order_acq_rel;
using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;

constexpr bool acquires(std::memory_order order) noexcept {
    return order == memory_order_acquire || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}
constexpr bool releases(std::memory_order order) noexcept {
    return order == memory_order_release || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

std::uint64_t peek(const void* address, unsigned size) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, address, size);
    return value;
}
void poke(void* address, unsigned size, std::uint64_t value) noexcept {
    std::memcpy(address, &value, size);
}

// Only the bytes that an atomic of this size has.
std::uint64_t trimmed(std::uint64_t value, unsigned size) noexcept {
    return size == 8 ? value : value & ((std::uint64_t{1} << (8 * size)) - 1);
}

}  // namespace

memory::memory(world& in, arena& from) noexcept
    : world_(in), arena_(from), numbers_(from), locations_(from), views_(from) {
    locations_.push_back(nullptr);
}

// ---- locations

memory::location& memory::add(void* address, unsigned size) noexcept {
    location* const made = arena_.make<location>(arena_);
    made->address = address;
    made->size = size;
    made->number = static_cast<std::uint32_t>(numbers_.of(address));
    locations_.resize(made->number + 1, nullptr);
    locations_[made->number] = made;
    return *made;
}

void memory::begin(void* address, unsigned size) noexcept {
    numbers_.forget(address);
    location& made = add(address, size);
    const thread_id self = world_.self();
    made.stores.push_back({peek(address, size), world_.engine().epoch_of(self), nullptr});
    view().seen.set(arena_, made.number, 0);
    world_.plain().write(address, size, nullptr);
}

memory::location& memory::at(const use& how) noexcept {
    const std::uint64_t number = numbers_.known(reinterpret_cast<std::uintptr_t>(how.address));
    if (number == 0) {
        // Made before the run.
        location& made = add(how.address, how.size);
        made.before = peek(how.address, how.size);
        made.restored = true;
        made.stores.push_back({made.before, {}, nullptr});
        return made;
    }
    location& found = *locations_[number];
    if (found.ended) world_.fail("an atomic is used after the end of its life");
    if (!world_.engine().past_of(world_.self()).has_seen(found.stores[0].by))
        world_.fail("an atomic is used by a thread that does not know it was made");
    return found;
}

void memory::end(const void* address, std::size_t size) noexcept {
    const auto* const from = static_cast<const std::byte*>(address);
    for (std::size_t i = 1; i < locations_.size(); ++i) {
        const auto* const each = static_cast<const std::byte*>(locations_[i]->address);
        if (each >= from && each < from + size) locations_[i]->ended = true;
    }
}

void memory::restore() noexcept {
    for (std::size_t i = 1; i < locations_.size(); ++i)
        if (const location& each = *locations_[i]; each.restored)
            poke(each.address, each.size, each.before);
}

// ---- what a thread knows

memory::thread_view& memory::view() noexcept {
    const thread_id self = world_.self();
    if (self >= views_.size()) views_.resize(self + 1);
    return views_[self];
}

void memory::begin_thread(thread_id child, thread_id parent) noexcept {
    if (child >= views_.size()) views_.resize(child + 1);
    if (parent != no_thread) views_[child].seen.assign(arena_, views_[parent].seen);
}

void memory::end_thread(vector_clock& left) noexcept { left.assign(arena_, view().seen); }
void memory::join_thread(const vector_clock& left) noexcept { view().seen.join(arena_, left); }

// The oldest store that a load of this order may return.
std::uint32_t memory::floor(const location& of, std::memory_order order) noexcept {
    const std::uint32_t seen = view().seen.at(of.number);
    return order == memory_order_seq_cst && of.ordered > seen ? of.ordered : seen;
}

std::uint32_t memory::pick_store(location& of, std::uint32_t oldest) noexcept {
    const auto newest = static_cast<std::uint32_t>(of.stores.size() - 1);
    if (oldest == newest) return newest;
    // Stores become visible in the end: a loop must not read an old one for ever.
    vector_clock& stale = view().stale;
    const tick before = stale.at(of.number);
    std::uint32_t back = 0;
    if (before < world_.settings().stale_reads)
        back = world_.engine().pick(world_.self(), newest - oldest + 1, true);
    stale.set(arena_, of.number, back == 0 ? 0 : before + 1);
    return newest - back;
}

std::uint64_t memory::read(location& of, std::uint32_t which, std::memory_order order) noexcept {
    const kept_store& store = of.stores[which];
    vector_clock& seen = view().seen;
    if (seen.at(of.number) < which) seen.set(arena_, of.number, which);
    if (order == memory_order_seq_cst && of.ordered < which) of.ordered = which;
    if (acquires(order) && store.left != nullptr) {
        world_.engine().acquire(world_.self(), store.left->past);
        seen.join(arena_, store.left->seen);
    }
    return store.value;
}

void memory::append(location& of, std::uint64_t value, std::memory_order order,
                    const knowledge* passed_on) noexcept {
    const auto which = static_cast<std::uint32_t>(of.stores.size());
    const thread_id self = world_.self();
    const epoch by = world_.engine().epoch_of(self);
    vector_clock& seen = view().seen;
    seen.set(arena_, of.number, which);
    const knowledge* left = passed_on;
    if (releases(order)) {
        auto* const own = arena_.make<knowledge>();
        world_.engine().release(self, own->past);
        own->seen.assign(arena_, seen);
        if (passed_on != nullptr) {
            own->past.join(arena_, passed_on->past);
            own->seen.join(arena_, passed_on->seen);
        }
        left = own;
    }
    of.stores.push_back({value, by, left});
    if (order == memory_order_seq_cst) of.ordered = which;
    poke(of.address, of.size, value);
}

// ---- operations

std::uint64_t memory::load(const use& how) noexcept {
    const use_of use(world_, how, action::load);
    if (use.mutant == change::kind::pretend)
        return trimmed(world_.settings().mutant.value, how.size);
    location* of = &at(how);
    world_.point({.kind = op_kind::load,
                  .writes = false,
                  .ordered = use.order == memory_order_seq_cst,
                  .place = use.place,
                  .object = of->number});
    of = &at(how);  // it may have ended meanwhile
    world_.plain().atomic(how.address, how.size, false);
    const std::uint32_t which = pick_store(*of, floor(*of, use.order));
    const std::uint64_t value = read(*of, which, use.order);
    if (world_.narrates()) {
        std::string text = std::to_string(value);
        if (const std::size_t old = of->stores.size() - 1 - which; old != 0)
            text += " (" + std::to_string(old) + " stores old)";
        use.tell(of->number, text);
    }
    return value;
}

void memory::store(const use& how, std::uint64_t value) noexcept {
    const use_of use(world_, how, action::store);
    location* of = &at(how);
    world_.point({.kind = op_kind::store,
                  .ordered = use.order == memory_order_seq_cst,
                  .place = use.place,
                  .object = of->number});
    of = &at(how);
    if (use.mutant == change::kind::omit) return;
    world_.plain().atomic(how.address, how.size, true);
    append(*of, value, use.order, nullptr);
    if (world_.narrates()) use.tell(of->number, std::to_string(value));
}

std::uint64_t memory::modify(const use& how, action what, const void* with,
                             change_function change) noexcept {
    const use_of use(world_, how, what);
    location* of = &at(how);
    const operation step{.kind = op_kind::rmw,
                         .ordered = use.order == memory_order_seq_cst,
                         .place = use.place,
                         .object = of->number};
    world_.point(step);
    of = &at(how);
    world_.plain().atomic(how.address, how.size, true);
    // By value: the row may move.
    kept_store newest = of->stores.back();
    read(*of, static_cast<std::uint32_t>(of->stores.size() - 1), use.order);
    if (use.mutant == change::kind::omit) return newest.value;
    if (use.mutant == change::kind::tear) {
        world_.point(step);
        of = &at(how);
        newest.left = nullptr;
    }
    const std::uint64_t after = trimmed(change(with, newest.value), how.size);
    append(*of, after, use.order, newest.left);
    if (world_.narrates())
        use.tell(of->number, std::to_string(newest.value) + " -> " + std::to_string(after));
    return newest.value;
}

bool memory::compare(const use& how, std::uint64_t& expected, std::uint64_t desired,
                     bool weak) noexcept {
    const use_of use(world_, how, action::compare);
    location* of = &at(how);
    const operation step{
        .kind = op_kind::rmw,
        .ordered = use.order == memory_order_seq_cst || use.failure == memory_order_seq_cst,
        .place = use.place,
        .object = of->number};
    world_.point(step);
    of = &at(how);

    // It fails with any store that a load could return and that is another value; it succeeds only
    // with the newest.
    const auto newest = static_cast<std::uint32_t>(of->stores.size() - 1);
    const std::uint32_t oldest = floor(*of, use.failure);
    const bool equal = of->stores[newest].value == expected;
    std::uint32_t options = 1;
    for (std::uint32_t i = oldest; i != newest; ++i) options += of->stores[i].value != expected;
    const bool spurious = weak && equal && world_.settings().spurious;
    if (spurious) ++options;
    std::uint32_t option =
        options == 1 || view().stale.at(of->number) >= world_.settings().stale_reads
            ? 0
            : world_.engine().pick(world_.self(), options, true);
    view().stale.set(arena_, of->number, option == 0 ? 0 : view().stale.at(of->number) + 1);
    std::uint32_t which = newest;
    if (!(spurious && option == options - 1))
        while (option != 0)
            if (of->stores[--which].value != expected) --option;

    const std::uint64_t found = of->stores[which].value;
    if (which == newest && equal && option == 0) {
        world_.plain().atomic(how.address, how.size, true);
        const knowledge* left = of->stores[newest].left;
        read(*of, newest, use.order);
        if (use.mutant == change::kind::tear) {
            world_.point(step);
            of = &at(how);
            left = nullptr;
        }
        if (use.mutant != change::kind::omit) append(*of, desired, use.order, left);
        if (world_.narrates())
            use.tell(of->number, std::to_string(found) + " -> " + std::to_string(desired));
        return true;
    }
    world_.plain().atomic(how.address, how.size, false);
    read(*of, which, use.failure);
    world_.engine().changed_nothing();
    if (world_.narrates())
        use.tell(of->number, "is " + std::to_string(found) + ", not " + std::to_string(expected));
    expected = found;
    return false;
}

void memory::wait(const use& how, std::uint64_t old) noexcept {
    use looks = how;
    while (load(looks) == old) sleep(how, old, no_deadline);
}

// The kernel's futex: it compares with the newest value and blocks, in one step.
void memory::sleep(const use& how, std::uint64_t old, std::uint64_t deadline) noexcept {
    const use_of use(world_, how, action::wait);
    const std::uint32_t number = at(how).number;
    world_.point({.kind = op_kind::wait, .place = use.place, .object = number});
    const location& of = at(how);
    if (of.stores.back().value != old && use.mutant != change::kind::sleep_blind) return;
    if (world_.narrates()) use.tell(number, "sleeps");
    const bool timed_out = world_.point({.kind = op_kind::wait,
                                         .blocked = true,
                                         .place = use.place,
                                         .object = number,
                                         .deadline = deadline});
    if (world_.narrates()) use.tell(number, timed_out ? "has slept long enough" : "woken");
}

void memory::notify(const use& how, bool all) noexcept {
    const use_of use(world_, how, action::notify);
    const std::uint32_t number = at(how).number;
    world_.point({.kind = op_kind::notify, .place = use.place, .object = number});
    at(how);
    if (use.mutant == change::kind::omit) return;
    if (world_.narrates()) use.tell(number, all ? "all" : "one");
    if (all)
        world_.engine().wake_all(number);
    else
        world_.engine().wake_one(number, world_.self());
}

void memory::barrier(std::source_location where) noexcept {
    const use_of use(world_, {.address = nullptr, .size = 0, .where = where}, action::barrier);
    if (use.mutant == change::kind::omit) return;
    vector_clock all;
    const auto pass = [&](thread_id thread) {
        vector_clock& seen = views_[thread].seen;
        all.join(arena_, seen);
        seen.assign(arena_, all);
        for (std::uint32_t i = 1; i < locations_.size(); ++i)
            if (seen.at(i) < locations_[i]->ordered) seen.set(arena_, i, locations_[i]->ordered);
    };
    const thread_id self = world_.self();
    const operation step{.kind = op_kind::other, .place = use.place, .object = every_object};
    // The caller's own barrier comes first and last; between them the others, each at its own time.
    world_.point(step);
    if (world_.narrates()) use.tell(0, "begins");
    // Who has ended has long passed one.
    for (thread_id t = 0; t < views_.size(); ++t)
        if (!world_.alive(t)) all.join(arena_, views_[t].seen);
    pass(self);
    for (thread_id t = 0; t < views_.size(); ++t)
        if (t != self && world_.alive(t)) {
            world_.point(step);
            if (world_.narrates()) use.tell(0, "reaches thread " + std::to_string(t));
            pass(t);
        }
    pass(self);
}

}  // namespace twill::inline TWILL_ABI::explore::model
