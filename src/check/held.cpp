#include "check/held.hpp"

#include "check/world.hpp"

#include <cstring>

namespace twill::inline TWILL_ABI::check {
namespace {

// "`to` was wanted with `from` held."
struct order {
    std::uint64_t from;
    std::uint64_t to;
    bool shares_from;  // a read-write lock, for reading
    bool shares_to;
    std::uint32_t thread;
    explore::tick time;  // of that thread
    std::uint32_t gates_count;
    std::uint64_t gates[most_held];  // what else was held
};
constexpr std::size_t most_orders = 1024;

struct orders {
    std::size_t count;
    order all[most_orders];
};
constinit orders seen{};

bool in(const order& of, std::uint64_t number) noexcept {
    for (std::uint32_t i = 0; i != of.gates_count; ++i)
        if (of.gates[i] == number) return true;
    return false;
}

bool share_a_gate(const order& a, const order& b) noexcept {
    for (std::uint32_t i = 0; i != a.gates_count; ++i)
        if (in(b, a.gates[i])) return true;
    return false;
}

// Whether the two could have happened at the same time. `later` is about to happen.
bool could_meet(const order& earlier, const order& later) noexcept {
    return earlier.thread != later.thread &&
           !the.run->past_of(later.thread).has_seen({earlier.thread, earlier.time}) &&
           !share_a_gate(earlier, later);
}

// Whether `first`, which waits for what `then` holds, has to.
bool has_to_wait(const order& first, const order& then) noexcept {
    return !first.shares_to || !then.shares_from;
}

// A way from `at` back to `goal` by orders of other threads, none of which excludes another.
struct search {
    static constexpr std::size_t longest = 6;
    const order* path[longest];
    std::size_t length = 0;

    bool find(std::uint64_t at, std::uint64_t goal) noexcept {
        for (std::size_t i = 0; i != seen.count; ++i) {
            const order& next = seen.all[i];
            if (next.from != at || !has_to_wait(*path[length - 1], next) || !fits(next)) continue;
            path[length++] = &next;
            if ((next.to == goal && has_to_wait(next, *path[0])) ||
                (length != longest && find(next.to, goal)))
                return true;
            --length;
        }
        return false;
    }
    bool fits(const order& next) const noexcept {
        for (std::size_t i = 0; i != length; ++i)
            if (!could_meet(next, *path[i]) || path[i]->from == next.from) return false;
        return true;
    }
};

bool same(const order& a, const order& b) noexcept {
    return a.from == b.from && a.to == b.to && a.shares_from == b.shares_from &&
           a.shares_to == b.shares_to && a.thread == b.thread && a.time == b.time &&
           a.gates_count == b.gates_count &&
           std::memcmp(a.gates, b.gates, a.gates_count * sizeof a.gates[0]) == 0;
}

bool is_known(const order& what) noexcept {
    for (std::size_t i = 0; i != seen.count; ++i)
        if (same(seen.all[i], what)) return true;
    return false;
}

void judge(const order& what, const step& wanted) noexcept {
    search cycle;
    cycle.path[cycle.length++] = &what;
    if (!cycle.find(what.to, what.from)) return;
    finding* const made = note(finding_kind::lock_order, wanted,
                               "takes locks in the opposite order to another thread");
    if (made == nullptr) return;
    made->other = cycle.path[1]->thread;
    made->has_other = 1;
}

}  // namespace

void keep_lock(const step& at) noexcept {
    thread& me = *self_even_inside();
    if (me.held_count == most_held) {
        ++me.held_beside;
        return;
    }
    me.held[me.held_count++] = {at.object, object_number(at.what, at.object),
                                at.kind == action::read_lock};
}

void drop_lock(const void* lock) noexcept {
    thread& me = *self_even_inside();
    for (std::uint32_t i = me.held_count; i-- != 0;) {
        if (me.held[i].object != lock) continue;
        --me.held_count;
        for (; i != me.held_count; ++i) me.held[i] = me.held[i + 1];
        return;
    }
    if (me.held_beside != 0) --me.held_beside;
}

bool keeps_lock(const void* lock) noexcept {
    const thread& me = *self_even_inside();
    for (std::uint32_t i = 0; i != me.held_count; ++i)
        if (me.held[i].object == lock) return true;
    return me.held_beside != 0;  // it may be one of those
}

const thread* who_keeps(const void* lock) noexcept {
    for (std::uint32_t t = 0; t != the.count; ++t) {
        const thread& each = the.threads[t];
        for (std::uint32_t i = 0; i != each.held_count; ++i)
            if (each.held[i].object == lock) return &each;
    }
    return nullptr;
}

void watch_lock_order(const step& wanted) noexcept {
    const thread& me = *self_even_inside();
    // Nobody can come in between with one thread, and most programs begin with one.
    if (me.held_count == 0 || the.count == 1) return;
    // One of which nothing is known may exclude whatever would be found.
    if (me.held_beside != 0) return;
    const std::uint64_t to = object_number(wanted.what, wanted.object);
    for (std::uint32_t i = 0; i != me.held_count; ++i) {
        order what{.from = me.held[i].number,
                   .to = to,
                   .shares_from = me.held[i].shared,
                   .shares_to = wanted.kind == action::read_lock,
                   .thread = me.index,
                   .time = the.run->epoch_of(me.index).time,
                   .gates_count = 0,
                   .gates = {}};
        if (what.from == to) continue;
        for (std::uint32_t g = 0; g != me.held_count; ++g)
            if (g != i) what.gates[what.gates_count++] = me.held[g].number;
        if (is_known(what)) continue;
        judge(what, wanted);
        if (seen.count != most_orders) seen.all[seen.count++] = what;
    }
}

}  // namespace twill::inline TWILL_ABI::check
