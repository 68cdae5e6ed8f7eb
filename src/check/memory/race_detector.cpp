#include "race_detector.hpp"

#include <algorithm>
#include <bit>

namespace twill::inline TWILL_ABI::check {
namespace {

bool conflict(const access_record& a, const access_record& b) noexcept {
    const bool writes = ((a.kind | b.kind) & access_record::write) != 0;
    const bool both_atomic = (a.kind & b.kind & access_record::atomic) != 0;
    return writes && !both_atomic;
}

// Whether each access that conflicts with `other`, to the same bytes, conflicts with `one` too.
bool says_as_much(const access_record& one, const access_record& other) noexcept {
    return (other.kind & ~one.kind & access_record::write) == 0 &&
           (one.kind & ~other.kind & access_record::atomic) == 0;
}

bool covers(const access_record& one, const access_record& other) noexcept {
    return (other.bytes & ~one.bytes) == 0 && says_as_much(one, other);
}

}  // namespace

race_detector::race_detector(explore::arena& memory, shadow_memory::source pages) noexcept
    : memory_(memory), shadow_(memory, pages), threads_(memory) {}

// ---- threads

race_detector::thread_state& race_detector::state(thread_id thread) noexcept {
    if (thread >= threads_.size()) threads_.resize(thread + 1);
    return threads_[thread];
}

// What the thread does from now on is not part of what it released before.
void race_detector::tick(thread_id thread, thread_state& its) noexcept {
    its.now.set(memory_, thread, ++its.time);
}

void race_detector::begin(thread_id thread) noexcept { tick(thread, state(thread)); }

void race_detector::spawn(thread_id parent, thread_id child) noexcept {
    thread_state& its = state(child);  // first: it may move the others
    thread_state& from = state(parent);
    its.now.join(memory_, from.now);
    tick(child, its);
    tick(parent, from);
}

void race_detector::join(thread_id thread, thread_id ended) noexcept {
    const explore::vector_clock& seen = state(ended).now;
    state(thread).now.join(memory_, seen);
}

// ---- what orders

void race_detector::acquire(thread_id thread, std::uintptr_t object) noexcept {
    if (const sync_record* const sync = shadow_.find_sync(object))
        state(thread).now.join(memory_, sync->released);
}

void race_detector::release(thread_id thread, std::uintptr_t object) noexcept {
    thread_state& its = state(thread);
    shadow_.sync(object).released.join(memory_, its.now);
    tick(thread, its);
}

const race* race_detector::atomic(thread_id thread, std::uintptr_t object, std::size_t size,
                                  atomic_op operation, order how, call_id place) noexcept {
    thread_state& its = state(thread);
    sync_record* const sync =
        operation == atomic_op::load ? shadow_.find_sync(object) : &shadow_.sync(object);
    // First what it learns: a plain write before the store that it reads happened before itself.
    if (operation != atomic_op::store && sync != nullptr)
        (how.acquire ? its.now : its.acquired).join(memory_, sync->released);

    const std::uint8_t kind = operation == atomic_op::load
                                  ? access_record::atomic
                                  : access_record::atomic | access_record::write;
    const race* const found = access(thread, object, size, kind, place);

    if (operation == atomic_op::load) return found;
    // A store begins a new release sequence, or none; a read-modify-write goes on with the one that
    // it reads from, whoever began it.
    const explore::vector_clock& released = how.release ? its.now : its.fenced;
    if (operation == atomic_op::store)
        sync->released.assign(memory_, released);
    else
        sync->released.join(memory_, released);
    if (how.release) tick(thread, its);
    return found;
}

void race_detector::fence(thread_id thread, order how) noexcept {
    thread_state& its = state(thread);
    if (how.acquire) its.now.join(memory_, its.acquired);
    if (how.release) {
        its.fenced.assign(memory_, its.now);
        tick(thread, its);
    }
}

// ---- what must be ordered

const race* race_detector::access(thread_id thread, std::uintptr_t address, std::size_t size,
                                  std::uint8_t kind, call_id place) noexcept {
    constexpr std::uintptr_t whole = shadow_memory::granule_bytes;
    const thread_state& its = state(thread);
    access_record made{place, its.time, 0, static_cast<std::uint16_t>(thread), 0, kind};
    const race* found = nullptr;
    for (const std::uintptr_t end = address + size; address < end;) {
        const std::uintptr_t begin = address / whole * whole;
        const std::uintptr_t stop = std::min(end, begin + whole);
        made.bytes =
            static_cast<std::uint8_t>(((1U << (stop - address)) - 1U) << (address - begin));
        race other{};
        race& here = found == nullptr ? found_ : other;
        if (check(shadow_.at(address), begin, its, made, here)) found = &found_;
        address = stop;
    }
    return found;
}

// An earlier record says nothing that the new one does not say as well, if whoever races with the
// old one races with the new one too: the old one happened before the new one (so who has not seen
// the old has not seen the new), and the new one says as much.
bool race_detector::check(granule& where, std::uintptr_t address, const thread_state& its,
                          const access_record& made, race& found) noexcept {
    access_record& newest = where.newest;
    if (newest.thread == made.thread && newest.time == made.time && covers(newest, made))
        return false;  // nothing that matters came in between

    if (where.first_user == 0)
        where.first_user = static_cast<std::uint16_t>(made.thread + 1);
    else if (where.first_user != made.thread + 1)
        where.shared = true;

    bool raced = false;
    // Whether something is left of `old` that has to be kept.
    const auto keeps = [&](access_record& old) {
        const auto overlap = static_cast<std::uint8_t>(old.bytes & made.bytes);
        if (overlap == 0) return old.bytes != 0;
        const bool ordered = old.thread == made.thread || its.now.has_seen({old.thread, old.time});
        bool superseded = ordered && says_as_much(made, old);
        if (!ordered && conflict(old, made)) {
            superseded = true;  // told once
            if (!raced) {
                raced = true;
                found = {{old.thread, old.kind, old.place, old.time},
                         {made.thread, made.kind, made.place, made.time},
                         address + static_cast<unsigned>(std::countr_zero(overlap))};
            }
        }
        if (superseded) old.bytes &= static_cast<std::uint8_t>(~made.bytes);
        return old.bytes != 0;
    };

    for (std::uint32_t* link = &newest.next; *link != 0;) {
        access_record& old = shadow_.record(*link);
        if (keeps(old)) {
            link = &old.next;
            continue;
        }
        const std::uint32_t dropped = *link;
        *link = old.next;
        shadow_.drop_record(dropped);
    }
    const std::uint32_t behind = keeps(newest) ? shadow_.make_record(newest) : newest.next;
    newest = made;
    newest.next = behind;
    return raced;
}

}  // namespace twill::inline TWILL_ABI::check
