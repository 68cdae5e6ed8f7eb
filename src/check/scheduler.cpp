#include "check/scheduler.hpp"

#include "check/descriptors.hpp"
#include "check/memory_mode.hpp"
#include "check/signals.hpp"
#include "check/stack.hpp"
#include "check/trial.hpp"
#include "check/waiters.hpp"
#include "check/world.hpp"

#include <cstring>

namespace twill::inline TWILL_ABI::check {

constinit world the;
constinit thread_local thread* current = nullptr;

namespace {

explore::op_kind as_engine_has_it(action kind) noexcept {
    using explore::op_kind;
    switch (kind) {
        case action::begin:
            return op_kind::begin;
        case action::spawn:
            return op_kind::spawn;
        case action::end:
            return op_kind::end;
        case action::join:
            return op_kind::join;
        case action::lock:
        case action::read_lock:
            return op_kind::lock;
        case action::try_lock:
        case action::try_read_lock:
        case action::try_acquire:
            return op_kind::try_lock;
        case action::unlock:
            return op_kind::unlock;
        case action::wait:
        case action::acquire:
        case action::arrive:
        case action::run_once:
            return op_kind::wait;
        case action::notify_one:
        case action::notify_all:
        case action::release:
            return op_kind::notify;
        case action::load:
            return op_kind::load;
        case action::store:
            return op_kind::store;
        case action::exchange:
            return op_kind::rmw;
        case action::yield:
            return op_kind::yield;
        case action::sleep:
            return op_kind::sleep;
        case action::read:
        case action::write:
        case action::poll:
        case action::open:
            return op_kind::io;
        case action::destroy:
        case action::read_clock:
        case action::send_signal:
        case action::handle_signal:
        case action::exit:
        case action::go_on:
            return op_kind::other;
    }
    return op_kind::other;
}

bool changes_something(action kind) noexcept {
    return kind != action::load && kind != action::read_lock && kind != action::try_read_lock &&
           kind != action::yield && kind != action::sleep && kind != action::read_clock &&
           kind != action::poll && kind != action::join && kind != action::go_on;
}

// Apart from the numbers of other objects.
constexpr std::uint64_t number_of_descriptors = std::uint64_t{1} << 32U;

// As reports name it.
std::uint64_t shown_number(object_kind kind, const void* object, std::uint64_t number) noexcept {
    if (kind == object_kind::memory) return reinterpret_cast<std::uint64_t>(object);
    if (kind == object_kind::descriptor && object != nullptr)
        return static_cast<std::uint64_t>(descriptor_of(object));
    return number;
}

// A limit of a second or more guards against hanging; and whoever sleeps counts on the time itself.
// Of that second some has passed: a clock was read to know when it ends.
bool is_patient(const operation& next) noexcept {
    constexpr std::uint64_t long_time = 500'000'000;
    return next.deadline != never && next.kind != action::sleep &&
           next.deadline - the.run->now() >= long_time;
}

// Tells the engine what `of` does next. `blocked`: it cannot yet.
void announce(thread& of, bool blocked) noexcept {
    of.state = blocked ? thread_state::blocked : thread_state::ready;
    the.run->announce(of.index, {.kind = as_engine_has_it(of.next.kind),
                                 .writes = changes_something(of.next.kind),
                                 .blocked = blocked,
                                 .patient = is_patient(of.next),
                                 .place = the.places.number(object_kind::none, of.next.place),
                                 .object = of.next.number,
                                 .deadline = of.next.deadline});
}

// Whether it goes on because it was cancelled. Nobody is while taking a lock back.
bool is_cut_short(const thread& of) noexcept {
    return of.cancellable && of.cancel_wanted && !of.cancel_disabled &&
           of.next.kind != action::lock;
}

// Whether it goes on to run handlers, and may then wait on. With one of libc's locks held none may
// run (1: the scheduler's own).
bool has_handlers_to_run(const thread& of) noexcept {
    return of.in_runtime == 1 && has_signals(of);
}

// Asks those who wait whether they can go on now: so no hook has to know whom it sets free.
void ask_again() noexcept {
    the.stale = false;
    for (std::uint32_t i = 0; i != the.count; ++i) {
        thread& each = the.threads[i];
        if (each.next.ready == nullptr ||
            (each.state != thread_state::blocked && each.state != thread_state::ready))
            continue;
        const bool ready = each.next.ready(each) || is_cut_short(each) || has_handlers_to_run(each);
        if (ready && each.state == thread_state::blocked) {
            each.state = thread_state::ready;
            the.run->wake(each.index);
        } else if (!ready && each.state == thread_state::ready) {
            announce(each, true);  // another was faster
        }
    }
}

void note_stack(const thread& of) noexcept {
    take_stack(the.shared->result.threads[of.index].where);
}

// Waits for the baton. Woken for its stack only, it notes that and waits on.
void wait_for_turn(thread& me) noexcept {
    me.baton.pass();
    while (me.show_stack) {
        me.show_stack = false;
        note_stack(me);
        the.reporter.open();
        me.baton.pass();
    }
}

void keep_event(const thread& of, bool waited) noexcept {
    auto& result = the.shared->result;
    if (result.events_count == most_events) return;
    event& entry = the.shared->events[result.events_count++];
    entry.thread = of.index;
    entry.kind = of.next.kind;
    entry.what = of.next.what;
    entry.blocked = waited ? 1 : 0;
    entry.object = shown_number(of.next.what, of.next.object, of.next.number);
    entry.time_ns = the.run->now();
    take_stack(entry.where);
}

// Which thread holds what `of` waits for, if one does.
const thread* holder(const thread& of) noexcept {
    if (of.state != thread_state::blocked || of.next.holder == nullptr) return nullptr;
    return of.next.holder(of);
}

void describe(const thread& of, thread_report& into) noexcept {
    into.state = of.state;
    into.parent = of.parent;
    into.doing = of.next.kind;
    into.what = of.next.what;
    into.object = shown_number(of.next.what, of.next.object, of.next.number);
    const thread* const held_by = holder(of);
    into.waits_for_known = held_by == nullptr ? 0 : 1;
    into.waits_for = held_by == nullptr ? 0 : held_by->index;
    std::memcpy(into.name, of.name, sizeof into.name);
    into.where.depth = 0;
}

// What all threads do, with their stacks: each waits at its baton and notes its own when asked.
void describe_all(thread& reporter) noexcept {
    auto& result = the.shared->result;
    result.threads_count = the.count;
    for (std::uint32_t i = 0; i != the.count; ++i) describe(the.threads[i], result.threads[i]);
    for (std::uint32_t i = 0; i != the.count; ++i) {
        thread& each = the.threads[i];
        if (each.state == thread_state::ended || each.state == thread_state::unused) continue;
        if (&each == &reporter) {
            note_stack(each);
        } else {
            each.show_stack = true;
            each.baton.open();
            the.reporter.pass();
        }
    }
}

finding* new_finding() noexcept {
    auto& result = the.shared->result;
    if (result.findings_count == most_findings || is_on_trial()) return nullptr;
    finding& made = result.findings[result.findings_count++];
    made = {};
    return &made;
}

void fill(finding& into, finding_kind kind, const step& at, const char* text) noexcept {
    into.kind = kind;
    into.thread = current == nullptr ? 0 : current->index;
    into.what = at.what;
    into.object = at.object == nullptr
                      ? 0
                      : shown_number(at.what, at.object, object_number(at.what, at.object));
    std::strncpy(into.text, text, sizeof into.text - 1);
    take_stack(into.here);
}

finding& finding_that_ends(finding_kind kind, const step& at, const char* text) noexcept {
    finding* made = new_finding();
    if (made == nullptr) made = &the.shared->result.findings[most_findings - 1];
    *made = {};
    fill(*made, kind, at, text);
    return *made;
}

// Writes down `found`, which ends the run.
void write_down(const finding& found) noexcept {
    the.ending = true;
    auto& result = the.shared->result;
    result.ended_by = static_cast<std::uint32_t>(&found - result.findings);
    // From now on nothing else can have ended it: what follows reads stacks, which may be broken.
    result.end = run_end::finding;
    if (current != nullptr) describe_all(*current);
    list_modules(result);
}

// Waiting at something that is no longer there says more than waiting.
void look_at_what_is_waited_for() noexcept {
    for (std::uint32_t i = 0; i != the.count; ++i) {
        const thread& each = the.threads[i];
        if (each.state == thread_state::blocked)
            check_lifetime(each.next.what, each.next.object, &each);
    }
}

// Nobody can go on, ever. Gives who is to go on for all that, on trial.
thread& fail_for_ever() noexcept {
    if (the.ending) leave(status_of_finding);
    look_at_what_is_waited_for();
    write_down(finding_that_ends(finding_kind::deadlock, {}, ""));
    thread* const tried = begin_trial();
    if (tried == nullptr) leave(status_of_finding);
    return *tried;
}

// Whether `from` waits for itself, through others that wait for what their next one holds. They can
// never go on, whatever the rest of the program does.
bool closes_a_circle(const thread& from) noexcept {
    const thread* at = &from;
    for (std::uint32_t i = 0; i != the.count; ++i) {
        if (at->next.deadline != never || at->next.ready(*at)) return false;
        at = holder(*at);
        if (at == &from) return true;
        if (at == nullptr || at->state != thread_state::blocked) return false;
    }
    return false;
}

// Gives the baton to whoever is to run. False: to nobody, all have ended.
bool hand_on(thread& from) noexcept {
    using what = explore::decision::what;
    explore::decision chosen{};
    do {
        if (the.stale) ask_again();
        chosen = the.run->next(from.index);
    } while (chosen.outcome == what::deadlock && something_came_in());
    const auto give_to = [&from](thread& next) {
        the.running = &next;
        if (&next != &from) next.baton.open();
        return &next == &from || from.state == thread_state::ended;
    };
    switch (chosen.outcome) {
        case what::run:
            break;
        case what::finished:
            return false;
        case what::deadlock:
            return give_to(fail_for_ever());
        case what::livelock:
            fail(finding_kind::livelock, {});
        case what::pruned:
            the.shared->result.end = run_end::pruned;
            leave(0);
        case what::step_limit:
            fail(finding_kind::livelock, {}, "step limit");
    }
    thread& next = the.threads[chosen.thread];
    next.timed_out = chosen.timed_out;
    return give_to(next);
}

}  // namespace

thread* self() noexcept {
    thread* const me = current;
    return me != nullptr && me->in_runtime == 0 ? me : nullptr;
}

thread* self_even_inside() noexcept { return current; }

const thread* running_thread() noexcept { return the.running; }

no_switching::no_switching() noexcept : self_(current) {
    if (self_ != nullptr) ++self_->in_runtime;
}

no_switching::~no_switching() {
    if (self_ != nullptr) --self_->in_runtime;
}

void point(const step& next) noexcept { wait_until(next, nullptr); }

// Comes back when it is this thread's turn to do what it has in `next`.
static wait_end take_turn(thread& me, readiness ready) noexcept {
    if (is_on_trial()) {
        stand_trial(me);
        return wait_end::ready;
    }
    // What is due already happens at once, but others may run before it.
    const bool due = me.next.deadline <= the.run->now();
    if (due) me.next.deadline = never;
    const bool waited =
        ready != nullptr && !due && !ready(me) && !is_cut_short(me) && !has_handlers_to_run(me);
    announce(me, waited);
    if (due) me.next.ready = nullptr;
    if (waited && closes_a_circle(me)) {
        look_at_what_is_waited_for();
        fail(finding_kind::deadlock, {});
    }
    // A thread that was made may begin before its maker goes on.
    const bool early = me.next.kind == action::spawn && the.shared->options.keep_events != 0;
    if (early) keep_event(me, false);
    if (!hand_on(me)) wait_for_turn(me);
    bool timed_out = me.timed_out || due;
    if (ready != nullptr && is_cut_short(me) && !ready(me)) me.cut_short = timed_out = true;
    me.timed_out = false;
    me.state = thread_state::ready;
    me.next.ready = nullptr;
    if (!early && the.shared->options.keep_events != 0 && !is_on_trial()) keep_event(me, waited);
    return timed_out && (ready == nullptr || !ready(me)) ? wait_end::timed_out : wait_end::ready;
}

wait_end wait_until(const step& next, readiness ready, const wait_details& details) noexcept {
    thread& me = *current;
    const no_switching inside;
    check_lifetime(next.what, next.object);
    me.next = {.kind = next.kind,
               .what = next.what,
               .object = next.object,
               .number = next.object == nullptr ? 0 : object_number(next.what, next.object),
               .place = next.place,
               .ready = ready,
               .holder = details.holder,
               .argument = details.argument,
               .deadline = details.deadline};
    me.interrupted = false;
    for (;;) {
        const wait_end end = take_turn(me, ready);
        if (has_handlers_to_run(me))
            me.interrupted = handle_signals(me, next.kind) && ready != nullptr;
        // Not ready: it had its turn for a handler only, or for a signal that another took first.
        if (ready == nullptr || end == wait_end::timed_out || ready(me)) return end;
        if (me.interrupted) return wait_end::timed_out;
        me.next.ready = ready;
    }
}

void point_behind(const void* place) noexcept {
    thread& me = *current;
    // Alone it would run on in any case.
    if (the.shared->options.points != granularity::around || me.in_runtime != 0 || the.count == 1 ||
        is_on_trial())
        return;
    const no_switching inside;
    const operation done = me.next;
    me.next = {.kind = action::go_on, .place = place};
    announce(me, false);
    if (!hand_on(me)) wait_for_turn(me);
    me.next = done;  // which says more in a report
}

void access_point(action kind, const void* address, std::uint64_t number,
                  const void* place) noexcept {
    if (is_on_trial()) return stand_trial_at_access();
    thread& me = *current;
    me.next = {.kind = kind,
               .what = object_kind::memory,
               .object = address,
               .number = number,
               .place = place};
    announce(me, false);
    if (!hand_on(me)) wait_for_turn(me);
    if (the.shared->options.keep_events != 0) keep_event(me, false);
    if (has_handlers_to_run(me)) handle_signals(me, kind);
}

void show_access(action kind, const void* address) noexcept {
    if (the.shared->options.keep_events == 0 || is_on_trial()) return;
    const operation real_next = current->next;
    current->next = {.kind = kind, .what = object_kind::memory, .object = address};
    keep_event(*current, false);
    current->next = real_next;
}

bool was_cut_short() noexcept { return current->cut_short; }

bool was_interrupted() noexcept { return current->interrupted; }

void changed() noexcept { the.stale = true; }

void changed_nothing() noexcept { the.run->changed_nothing(); }

std::uint32_t choose(std::uint32_t count) noexcept {
    return count < 2 || is_on_trial() ? 0 : the.run->pick(current->index, count);
}

bool choose_rarely() noexcept {
    return !is_on_trial() && the.run->pick(current->index, the.shared->options.rarely) == 1;
}

bool somebody_waits_for(const void* object) noexcept {
    for (std::uint32_t i = 0; i != the.count; ++i) {
        const thread& each = the.threads[i];
        if (each.state == thread_state::blocked && each.next.object == object) return true;
    }
    return false;
}

bool somebody_waits_for(const void* object, action doing) noexcept {
    for (std::uint32_t i = 0; i != the.count; ++i) {
        const thread& each = the.threads[i];
        if (each.state == thread_state::blocked && each.next.object == object &&
            each.next.kind == doing)
            return true;
    }
    return false;
}

// --- Threads ---

thread* add_thread(void* (*start)(void*), void* argument) noexcept {
    const auto parent = current == nullptr ? explore::no_thread : current->index;
    if (the.count == most_threads) return nullptr;
    const std::uint32_t index = the.run->spawn(parent);
    thread& made = the.threads[index];
    the.count = index + 1;
    made.index = index;
    made.parent = current == nullptr ? 0 : parent;
    made.state = thread_state::ready;
    made.start = start;
    made.argument = argument;
    memory_of_new_thread(current, made);
    return &made;
}

void remove_thread(thread& made) noexcept {
    made.state = thread_state::ended;
    the.run->exit(made.index);
}

void begin_thread(thread& me) noexcept {
    current = &me;
    me.kernel_id = raw_syscall(SYS_gettid);
    const no_switching inside;
    me.blocked = blocked_signals();
    wait_for_turn(me);
    memory_of_begun_thread(me);
    if (the.shared->options.keep_events != 0) keep_event(me, false);
}

void end_thread(thread& me) noexcept {
    ++me.in_runtime;
    point({action::end, object_kind::thread, &me, nullptr});
    me.state = thread_state::ended;
    the.run->exit(me.index);
    the.stale = true;
    hand_on(me);
    current = nullptr;
}

thread* find_thread(pthread_t handle) noexcept {
    // The youngest: handles are reused.
    for (std::uint32_t i = the.count; i-- != 0;) {
        thread& each = the.threads[i];
        if (each.state != thread_state::unused && !each.forgotten &&
            ::pthread_equal(each.handle, handle) != 0)
            return &each;
    }
    return nullptr;
}

thread* thread_at(std::uint32_t index) noexcept {
    return index < the.count ? &the.threads[index] : nullptr;
}

std::uint32_t thread_count() noexcept { return the.count; }

// --- Time ---

std::uint64_t now_ns() noexcept { return the.run->now(); }

void advance_clock(std::uint64_t by_ns) noexcept { the.run->advance(by_ns); }

// --- Objects ---

std::uint64_t object_number(object_kind kind, const void* address) noexcept {
    // A thread has a number already.
    if (kind == object_kind::thread) return static_cast<const thread*>(address)->index;
    // One for all descriptors: which of them have to do with each other only the kernel knows.
    if (kind == object_kind::descriptor) return number_of_descriptors;
    const std::uint32_t number = the.objects.number(kind, address);
    if (number == 0) fail(finding_kind::too_large, {}, "more objects than twill check keeps");
    return number;
}

// --- Happens-before ---

void acquired(object_kind /*kind*/, const void* address) noexcept {
    memory_acquired(*current, address);
}

void released(object_kind /*kind*/, const void* address) noexcept {
    memory_released(*current, address);
}

void joined(const thread& ended) noexcept {
    the.run->acquire(current->index, the.run->past_of(ended.index));
    memory_after_join(*current, ended);
}

// --- What was found ---

finding* note(finding_kind kind, const step& at, const char* text) noexcept {
    const no_switching inside;
    check_lifetime(at.what, at.object);
    finding* const made = new_finding();
    if (made != nullptr) fill(*made, kind, at, text);
    return made;
}

void fail(finding_kind kind, const step& at, const char* text) noexcept {
    const no_switching inside;
    if (the.ending) leave(status_of_finding);
    fail_with(finding_that_ends(kind, at, text));
}

void fail_with(finding& found) noexcept {
    const no_switching inside;
    if (the.ending) leave(status_of_finding);
    write_down(found);
    leave(status_of_finding);
}

// --- The run ---

session* current_session() noexcept { return the.shared; }

bool in_run() noexcept { return the.run != nullptr; }

void start_run(explore::execution& with) noexcept {
    the.run = &with;
    thread& first = *add_thread(nullptr, nullptr);
    first.handle = ::pthread_self();
    first.kernel_id = raw_syscall(SYS_gettid);
    first.blocked = blocked_signals();
    current = &first;
    const no_switching inside;
    memory_of_begun_thread(first);
    hand_on(first);
}

void note_leaked_threads() noexcept {
    for (std::uint32_t i = 1; i < the.count; ++i) {
        const thread& each = the.threads[i];
        if (!each.joinable || each.forgotten || each.state == thread_state::unused) continue;
        finding* const made =
            note(finding_kind::leaked_thread, {},
                 each.state == thread_state::ended
                     ? "ends the program with a thread that was neither joined nor detached"
                     : "ends the program while a thread runs that was neither joined nor detached");
        if (made == nullptr) return;
        made->other = each.index;
        made->has_other = 1;
    }
}

void leave_run() noexcept {
    the.run = nullptr;
    current = nullptr;
}

}  // namespace twill::inline TWILL_ABI::check
