// The scheduler: one thread of the program runs at a time, and at each *point* it is decided who.
//
// Every hook calls `point` before what it stands for takes effect, or `wait_until` if that may have
// to wait first. Both return when it is this thread's turn: from then until its next point nothing
// else happens in the program, so a hook works on its objects without locks.
//
//     if (!controlled()) return TWILL_REAL(sem_post)(sem);   // not our business
//     point({action::release, object_kind::semaphore, sem, caller});
//     ++value_of(sem);                                       // who waits for it is found by itself
//     changed();
//
// README.md, beside this, has the rooms of the library and the rules that all of it keeps.
#pragma once

#include "check/thread.hpp"

#include <twill/check/protocol.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::explore {
class execution;
}

namespace twill::inline TWILL_ABI::check {

// What a hook hands over: the scheduler numbers the object itself.
struct step {
    action kind;
    object_kind what;
    const void* object;
    const void* place;  // TWILL_CALLER
};

// Where the program called the hook.
#define TWILL_CALLER __builtin_return_address(0)

enum class wait_end { ready, timed_out };

// The thread that runs, if its schedule is ours to decide: null outside of a run, in a child that
// the program forked, in threads that we did not see start, and inside of the library itself.
thread* self() noexcept;
inline bool controlled() noexcept { return self() != nullptr; }

// The same, also while switching is forbidden (`no_switching`).
thread* self_even_inside() noexcept;

// Whose turn it is, asked by a signal handler, which may run in any thread. Null: nobody's yet.
const thread* running_thread() noexcept;

// A scheduling point: others may run before this returns.
void point(const step& next) noexcept;

// A second point, behind an operation by which the thread let others go on: they may run before it
// does whatever comes until its next one. (Only in runs that have such points.)
void point_behind(const void* place) noexcept;

// The same for an access to memory, which has its number from elsewhere.
void access_point(action kind, const void* address, std::uint64_t number,
                  const void* place) noexcept;

// Shows an access that is no scheduling point among the steps of a run that keeps them.
void show_access(action kind, const void* address) noexcept;

struct wait_details {
    std::uint64_t argument = 0;      // for `ready`, as `thread::next.argument`
    std::uint64_t deadline = never;  // virtual time at which it ends as `timed_out`
    holding holder = nullptr;        // who holds it, for reports
};

// A scheduling point for an operation that can only happen when `ready` says so.
wait_end wait_until(const step& next, readiness ready, const wait_details& details = {}) noexcept;

// Whether the last wait ended because the thread is cancelled: as `timed_out`.
bool was_cut_short() noexcept;
// Or because a handler of a signal has run (EINTR).
bool was_interrupted() noexcept;

// What was announced as a change turned out to be none: a failed try_lock. (Spin loops are
// recognised by it.)
void changed_nothing() noexcept;

// Something that a `readiness` looks at has changed.
void changed() noexcept;

// A decision that is not about threads: 0 to count - 1. It is recorded and replayed like them.
std::uint32_t choose(std::uint32_t count) noexcept;
// Whether something that is allowed, but seldom happens, happens now: a spurious wake-up.
bool choose_rarely() noexcept;

// Whether a thread waits for, or at, this object; `doing`: only those that do just that.
bool somebody_waits_for(const void* object) noexcept;
bool somebody_waits_for(const void* object, action doing) noexcept;

// The calling thread keeps the baton while one of these lives: libc holds a lock, or the library's
// own code runs. Hooks are not controlled meanwhile (but see `self_even_inside`).
class no_switching {
public:
    no_switching() noexcept;
    ~no_switching();
    no_switching(const no_switching&) = delete;
    no_switching& operator=(const no_switching&) = delete;

private:
    thread* self_;
};

// --- Threads ---

// Registers a thread that is about to be made; null: there are too many. It may be chosen to run
// from then on: it gets the baton when it comes to `begin_thread`.
thread* add_thread(void* (*start)(void*), void* argument) noexcept;
// It could not be made after all.
void remove_thread(thread& made) noexcept;
void begin_thread(thread& me) noexcept;
// Its last action: gives the baton away for good, and returns.
void end_thread(thread& me) noexcept;
// null if it is none of ours, or gone.
thread* find_thread(pthread_t handle) noexcept;
thread* thread_at(std::uint32_t index) noexcept;
std::uint32_t thread_count() noexcept;  // indices given so far

// --- Time ---

std::uint64_t now_ns() noexcept;  // virtual, from 0 at the start of the run
void advance_clock(std::uint64_t by_ns) noexcept;

// --- Objects ---

// Its number, in the order of first use. The same address as another kind is another object.
std::uint64_t object_number(object_kind kind, const void* address) noexcept;

// --- Happens-before ---

// The calling thread has taken from, or given to, whoever synchronises by this object: memory mode
// judges races by it.
void acquired(object_kind kind, const void* address) noexcept;
void released(object_kind kind, const void* address) noexcept;
// It has ended, and all that it did is past for the calling thread.
void joined(const thread& ended) noexcept;

// --- What was found ---

// Keeps a finding and goes on. Fills in the thread, its stack and the object's number.
finding* note(finding_kind kind, const step& at, const char* text = "") noexcept;
// Ends the run with a finding.
[[noreturn]] void fail(finding_kind kind, const step& at, const char* text = "") noexcept;
[[noreturn]] void fail_with(finding& found) noexcept;

// What a run exits with that has left a finding; only a hint, the session has it.
inline constexpr int status_of_finding = 77;

// --- The run ---

// Null while the library stays out of the way.
session* current_session() noexcept;
// In a run, not in the server.
bool in_run() noexcept;
// The calling thread becomes the first of a run.
void start_run(explore::execution& with) noexcept;
// The process exits: threads that are left over are noted.
void note_leaked_threads() noexcept;
// A child that the program forked: what it does is none of our business.
void leave_run() noexcept;

}  // namespace twill::inline TWILL_ABI::check
