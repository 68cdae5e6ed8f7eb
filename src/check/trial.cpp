#include "check/trial.hpp"

#include "check/scheduler.hpp"
#include "check/waiters.hpp"
#include "check/world.hpp"

namespace twill::inline TWILL_ABI::check {
namespace {

// Of one that looks at memory in a loop; a predicate takes less.
constexpr unsigned most_accesses = 100'000;

struct trial {
    thread* of;            // null: none
    std::uint64_t object;  // for which it waited
    std::uint32_t next;    // the first thread that was not tried yet
    bool has_let_go;       // of the mutex, which it may do to wait again
    unsigned accesses;
};
constinit trial now{};

// The next that waits for an object of which a notification was lost.
thread* choose_next() noexcept {
    while (now.next != the.count) {
        thread& each = the.threads[now.next++];
        if (each.state != thread_state::blocked || !is_lost_on(each)) continue;
        now.of = &each;
        now.object = each.next.number;
        now.has_let_go = false;
        now.accesses = 0;
        each.notified = true;
        return &each;
    }
    now.of = nullptr;
    return nullptr;
}

[[noreturn]] void close(bool went_on) noexcept {
    const thread* const was = now.of;
    now.of = nullptr;
    if (went_on) note_lost_notification(*was, now.object);
    leave(status_of_finding);
}

// It waits again: as before, for others.
void give_up_on(thread& me) noexcept {
    thread* const other = choose_next();
    if (other == nullptr) leave(status_of_finding);
    the.running = other;
    other->baton.open();
    for (;;) me.baton.pass();
}

}  // namespace

bool is_on_trial() noexcept { return now.of != nullptr; }

thread* begin_trial() noexcept {
    now.next = 0;
    return choose_next();
}

void stand_trial(thread& me) noexcept {
    switch (me.next.kind) {
        case action::lock:
            // The mutex, to come back from the wait with it. If somebody has it nothing is shown.
            if (now.has_let_go) close(true);
            if (me.next.ready != nullptr && !me.next.ready(me)) close(false);
            return;
        case action::unlock:
            if (now.has_let_go) close(true);
            now.has_let_go = true;
            return;
        case action::wait:
            if (me.next.number == now.object) give_up_on(me);
            close(true);
        default:
            close(true);
    }
}

void stand_trial_at_access() noexcept {
    if (++now.accesses > most_accesses) close(false);
}

void end_trial_badly() noexcept { close(true); }

}  // namespace twill::inline TWILL_ABI::check
