// What counts as holding the thread up. The same turn of a task was seen by looks that are `limit`
// apart, and meanwhile the thread used the CPU for half of that or more, or sleeps now: a thread
// that the kernel let wait for a CPU is not blamed, nor would another thread fare better. And
// somebody waits for it to come back: a task that computes for long in a program that has nothing
// else to do harms nobody.
//
// How soon. The ticker looks every 10 ms, and again every half millisecond after it has found a
// turn under way, until that is over, so that a program which behaves well pays for 100 to 200
// looks a second; for a second after a finding it always looks every half millisecond. Worst case:
// 10 ms + limit + 1 ms, then limit + 1 ms.
#include "event_watch.hpp"

#include <twill/core/event.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "fork_guard.hpp"

namespace twill::inline TWILL_ABI::detail {
namespace {

// Of all runtimes of the process together: five reports at once, then one more each 12 s.
constexpr unsigned most_tokens = 5;
constexpr duration token_length = std::chrono::seconds(12);
// The ticker's thread only, of which a process has one.
constinit unsigned tokens = most_tokens;
constinit time_point last_token{};
// How long after a finding it looks often.
constexpr duration alert = std::chrono::seconds(1);
// Without /proc nobody knows whether a thread that uses no CPU sleeps or waits for one; after so
// many limits it is blamed.
constexpr int limits_in_doubt = 20;

const char* file_name_of(const std::source_location& place) noexcept {
    const char* slash = std::strrchr(place.file_name(), '/');
    return slash != nullptr ? slash + 1 : place.file_name();
}

// An empty place is that of a timer: see event_worker::fire_timers.
std::string who_is_at(const std::source_location& place) {
    if (place.line() == 0) return "a timer";
    return "the task spawned at " + std::string(file_name_of(place)) + ":" +
           std::to_string(place.line());
}

std::string what_it_does(const thread_state& state) {
    if (state.is == thread_state::kind::runnable)
        return "It computes: co_await twill::compute(function) does that on another thread";
    std::string text = "It is blocked";
    if (state.is == thread_state::kind::asleep) {
        const char* name = name_of_system_call(state.system_call);
        text += " in the system call ";
        text += name != nullptr ? name : std::to_string(state.system_call);
    }
    return text + ": co_await twill::blocking(function) does that on another thread";
}

}  // namespace

event_watch::event_watch(watched_worker& at, blocking_pool& reporters, event_watch_options options)
    : worker_(at),
      reporters_(reporters),
      options_(std::move(options)),
      born_in_(fork_generation()) {
    watch_for_fork();
    ticker::process().enrol(*this);
}

event_watch::~event_watch() { end(); }

// In a forked child the ticker has forgotten it.
void event_watch::end() noexcept {
    if (std::exchange(ended_, true) || fork_generation() != born_in_) return;
    ticker::process().leave(*this);
}

pulse event_watch::tick() noexcept {
    const std::uint32_t wakes = worker_.wakes();
    const bool was_awake = wakes != std::exchange(wakes_, wakes);
    bool found = false;
    bool take_over = false;
    finding what;
    const bool awake = worker_.look_at_holder([&](const event_seat& seat) {
        const bool same = seen_twice(seat);
        found = same && !suspect_.known && holds_up(seat, what);
        // Asked again as long as it lasts: the first attempt may have met with the relief of
        // another turn, with a holder that posts just then, or with a pool that has no thread.
        take_over = (found || (same && suspect_.known)) && worker_.want_relief(suspect_.turn);
    });
    if (take_over && options_.substitutes->try_submit(relief_)) worker_.relief_refused();
    // To wake a ticker that rests may take long beside whoever holds the CPU: not for a while.
    if (!awake) return alerted() ? pulse::look : was_awake ? pulse::watch : pulse::none;
    if (found) {
        suspect_.known = true;
        found_at_ = now();
        if (!options_.report) return pulse::look;
        found_.fetch_add(1, std::memory_order_relaxed);
        note(event_kind::held_up, &worker_, what.place.file_name(), what.place.line());
        tell(what);
    }
    return alerted() || looks_closely() ? pulse::look : pulse::watch;
}

bool event_watch::alerted() const noexcept {
    return found_at_ != time_point() && now() < after(found_at_, alert);
}

bool event_watch::looks_closely() const noexcept { return suspect_.turn != 0 && !suspect_.known; }

// The turn that the last look saw is still under way.
bool event_watch::seen_twice(const event_seat& seat) noexcept {
    // Both after `awake_` was seen set: see event_worker::wake_up.
    const auto is = seat.hold.look();
    const std::uint32_t wakes = worker_.wakes();
    if (suspect_.is(is.turn, wakes)) return is.is_outside;
    // The suspect has come back. The next one is not made of whoever has its turn now: on a busy
    // worker there is always somebody.
    const bool acquitted = looks_closely();
    suspect_ = {};
    if (is.is_outside && (!acquitted || alerted()))
        suspect_ = {is.turn, wakes, now(), cpu_time(seat.cpu_clock)};
    return false;
}

bool event_watch::holds_up(const event_seat& seat, finding& what) noexcept {
    what.held = now() - suspect_.since;
    if (what.held < options_.limit) return false;
    what.does.is = thread_state::kind::runnable;
    if (cpu_time(seat.cpu_clock) - suspect_.cpu < options_.limit / 2) {
        what.does = state_of(seat.thread);
        if (what.does.is == thread_state::kind::runnable) return false;
        if (what.does.is == thread_state::kind::unknown &&
            what.held < limits_in_doubt * options_.limit)
            return false;
    }
    what.place = seat.place.load(std::memory_order_relaxed);
    const auto is = seat.hold.look();
    return is.is_outside && is.turn == suspect_.turn &&
           (is.others_wait || worker_.somebody_waits()) && has_not_slept();
}

// Since the look began. A thread whose turn ended meanwhile, and that sleeps in the reactor now,
// was found asleep: but it stored that it sleeps before it entered the kernel, which is where /proc
// found it, so it is seen here; and that it was woken up again, by the count.
bool event_watch::has_not_slept() const noexcept {
    return worker_.is_awake() && worker_.wakes() == suspect_.wakes;
}

void event_watch::forget_reports() noexcept { tokens = most_tokens; }

// The ticker's thread must not wait for whoever reads the report.
void event_watch::tell(const finding& what) noexcept {
    const auto earned = (now() - last_token) / token_length;
    last_token += earned * token_length;
    tokens = static_cast<unsigned>(std::min<std::int64_t>(tokens + earned, most_tokens));
    // Acquire pairs with the release in `say`: the last finding was read.
    if (tokens == 0 || saying_now_.load(std::memory_order_acquire)) return;
    finding_ = what;
    saying_now_.store(true, std::memory_order_relaxed);
    if (reporters_.try_submit(saying_))
        saying_now_.store(false, std::memory_order_relaxed);
    else
        --tokens;
}

void event_watch::saying::execute(runnable& self) noexcept {
    static_cast<saying&>(self).owner.say();
}

void event_watch::say() noexcept {
    const std::uint64_t found = this->found();
    const std::uint64_t unsaid = found - std::exchange(said_, found) - 1;
    try {
        char held[32];
        std::snprintf(held, sizeof held, "%.1f ms",
                      std::chrono::duration<double, std::milli>(finding_.held).count());
        std::string text = "twill: ";
        text.append(who_is_at(finding_.place))
            .append(" has held an event thread for ")
            .append(held)
            .append(" or longer, and others wait for it to suspend. ")
            .append(what_it_does(finding_.does));
        if (unsaid != 0)
            text.append("; ")
                .append(std::to_string(unsaid))
                .append(" more were found since the last report");
        options_.report(text + ".\n");
    } catch (const std::bad_alloc&) {
        // It is in the count.
    }
    saying_now_.store(false, std::memory_order_release);
}

}  // namespace twill::inline TWILL_ABI::detail
