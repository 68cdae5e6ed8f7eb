#include "check/waiters.hpp"

#include "check/stack.hpp"
#include "check/world.hpp"

namespace twill::inline TWILL_ABI::check {
namespace {

// The last notification of an object, if it reached nobody.
struct lost_notification {
    std::uint64_t number;   // of the object; 0: a later one has reached somebody
    std::uint64_t arrival;  // who was woken after it has looked since
    std::uint32_t by;
    object_kind what;
    stack_trace where;
};
struct lost_notifications {
    static constexpr std::size_t most = 64;
    std::size_t count;
    lost_notification all[most];
};
constinit lost_notifications lost{};

bool waits_at(const thread& each, object_kind kind, const void* object,
              std::uint64_t extra) noexcept {
    return each.waiting && !each.notified && each.next.what == kind && each.next.object == object &&
           (each.extra & extra) != 0;
}

// The one that has waited longest but `passed` of them.
thread* waiter(object_kind kind, const void* object, std::uint64_t extra,
               std::size_t passed) noexcept {
    thread* found = nullptr;
    std::uint64_t after = 0;
    for (std::size_t round = 0; round <= passed; ++round) {
        found = nullptr;
        for (std::uint32_t i = 0; i != the.count; ++i) {
            thread& each = the.threads[i];
            if (!waits_at(each, kind, object, extra) || each.arrival <= after) continue;
            if (found == nullptr || each.arrival < found->arrival) found = &each;
        }
        if (found == nullptr) return nullptr;
        after = found->arrival;
    }
    return found;
}

lost_notification* lost_at(std::uint64_t number) noexcept {
    for (std::size_t i = 0; i != lost.count; ++i)
        if (lost.all[i].number == number) return &lost.all[i];
    return nullptr;
}

}  // namespace

void join_waiters(thread& me) noexcept {
    me.waiting = true;
    me.notified = false;
    me.arrival = ++the.arrivals;
    me.extra = ~std::uint64_t{0};
}

void leave_waiters(thread& me) noexcept {
    me.waiting = false;
    me.notified = false;
    me.left = me.next.number;
    me.left_at = ++the.arrivals;
}

bool was_notified(const thread& asking) noexcept { return asking.notified; }

std::size_t count_waiters(object_kind kind, const void* object, std::uint64_t extra) noexcept {
    std::size_t count = 0;
    for (std::uint32_t i = 0; i != the.count; ++i)
        if (waits_at(the.threads[i], kind, object, extra)) ++count;
    return count;
}

std::size_t notify(object_kind kind, const void* object, std::size_t most,
                   std::uint64_t extra) noexcept {
    std::size_t waiting = count_waiters(kind, object, extra);
    std::size_t done = 0;
    for (; done != most && waiting != 0; ++done, --waiting) {
        // With all to be notified there is nothing to choose.
        const std::size_t passed =
            most - done >= waiting ? 0 : choose(static_cast<std::uint32_t>(waiting));
        waiter(kind, object, extra, passed)->notified = true;
    }
    if (done == 0) return 0;
    changed();
    if (lost.count != 0)
        if (lost_notification* const before = lost_at(object_number(kind, object)))
            before->number = 0;
    return done;
}

std::size_t move_waiters(object_kind kind, const void* from, const void* to,
                         std::size_t most) noexcept {
    std::size_t done = 0;
    for (; done != most; ++done) {
        thread* const each = waiter(kind, from, ~std::uint64_t{0}, 0);
        if (each == nullptr) break;
        each->next.object = to;
        each->next.number = object_number(kind, to);
    }
    return done;
}

void notified_nobody(const step& at) noexcept {
    // Most of them do no harm, and a stack takes its time: only for a report.
    if (the.shared->options.keep_events == 0) return;
    const no_switching inside;
    const std::uint64_t number = object_number(at.what, at.object);
    lost_notification* entry = lost_at(number);
    if (entry == nullptr) entry = lost_at(0);
    if (entry == nullptr) {
        if (lost.count == lost_notifications::most) return;
        entry = &lost.all[lost.count++];
    }
    entry->number = number;
    entry->arrival = ++the.arrivals;
    entry->by = current->index;
    entry->what = at.what;
    take_stack(entry->where);
}

bool is_lost_on(const thread& waiting) noexcept {
    if (!waiting.waiting || waiting.notified) return false;
    const lost_notification* const last = lost_at(waiting.next.number);
    return last != nullptr &&
           (waiting.left != waiting.next.number || waiting.left_at < last->arrival);
}

void note_lost_notification(const thread& waiting, std::uint64_t object) noexcept {
    const lost_notification* const last = lost_at(object);
    finding* const made = note(finding_kind::lost_signal, {});
    if (last == nullptr || made == nullptr) return;
    made->thread = last->by;
    made->what = last->what;
    made->object = last->number;
    made->here = last->where;
    made->other = waiting.index;
    made->has_other = 1;
}

}  // namespace twill::inline TWILL_ABI::check
