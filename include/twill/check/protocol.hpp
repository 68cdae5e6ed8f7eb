// What `twill check` and the library that it preloads say to each other.
//
// The command starts the program with the check library preloaded and three descriptors: a socket
// for requests, memory that both map, a `session`, and the file that takes the program's output.
// The library stops just before main and becomes a *server*: each request names schedules to run,
// and for each of them the server forks a child, the *run*, which goes on into main. What a run
// finds is left in the session; the run's death says that it is complete. Plain data, no pointers:
// the two processes map it at different addresses.
//
// Not a public interface: library and command belong to one version, which `protocol_version`
// checks.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::check {

inline constexpr std::uint32_t protocol_version = 6;

// "SOCKET:MEMORY:OUTPUT", the descriptors. Without it the library stays out of the program's way.
inline constexpr char environment_name[] = "TWILL_CHECK_SESSION";

// The value of LD_BIND_NOW by which the command has symbols bound before main, once for all runs.
inline constexpr char bind_now_value[] = "twill";

inline constexpr std::size_t most_threads = 512;  // alive or not yet joined, in one run
inline constexpr std::size_t most_findings = 16;  // kept of one run
inline constexpr std::size_t most_frames = 48;    // of one stack
inline constexpr std::size_t most_schedule_text = 1U << 22U;
inline constexpr std::size_t most_events = 1U << 16U;
inline constexpr std::size_t most_modules = 128;
inline constexpr std::size_t most_passed = 4096;  // runs of one request

// What a thread does at a scheduling point, as reports name it.
enum class action : std::uint8_t {
    begin,          // runs its first instruction
    spawn,          // has made a thread
    end,            // ends
    join,           // waits for the end of a thread
    lock,           // of a mutex, a spin lock, or a read-write lock for writing
    try_lock,       //
    unlock,         //
    read_lock,      // of a read-write lock
    try_read_lock,  //
    wait,           // for a condition, a futex, ...
    notify_one,     // who waits
    notify_all,     //
    acquire,        // a semaphore
    try_acquire,    //
    release,        //
    arrive,         // at a barrier
    run_once,       //
    destroy,        // a lock and the like
    load,           // memory
    store,          //
    exchange,       // reads and writes in one step
    yield,          //
    sleep,          //
    read_clock,     //
    read,           // a descriptor
    write,          //
    poll,           // descriptors
    open,           // or closes one
    send_signal,    //
    handle_signal,  //
    exit,           // of the process
    go_on,          // after it has let others go on
};

// What kind of thing an operation is on.
enum class object_kind : std::uint8_t {
    none,
    thread,
    mutex,
    rwlock,
    condition,
    semaphore,
    barrier,
    once,
    spin_lock,
    futex,
    memory,
    descriptor,
    process,
};

enum class finding_kind : std::uint32_t {
    none,
    signal,        // ended by one; `value` is its number: also failed assertions, abort, terminate
    exit_status,   // the program ended with `value`
    deadlock,      // nobody can go on
    livelock,      // the step limit was reached
    spin,          // CPU time went by without a scheduling point
    stuck,         // waits in a call that is not modelled
    lock_order,    // two locks taken in both orders
    wrong_unlock,  // unlocked by a thread that does not hold it
    destroyed_in_use,  // a lock that is held, a condition that is waited for
    relocked,          // a thread wants a plain mutex that it holds itself
    lost_signal,       // notified with nobody waiting, and then one waits who would go on
    leaked_thread,     // neither joined nor detached when the program ended
    data_race,         //
    use_after_free,    //
    out_of_bounds,     // beyond the end of a heap block
    double_free,       //
    bad_free,          // of what was not allocated
    use_after_join,    // of a thread's handle
    too_large,         // more threads or objects than the library keeps
    not_reproducible,  // a replay met another program
};

// Return addresses, innermost first.
struct stack_trace {
    std::uint32_t depth = 0;
    std::uint64_t frames[most_frames] = {};
};

// What a thread does to memory, in findings about memory. Bits.
inline constexpr std::uint32_t access_writes = 1;  // else it reads
inline constexpr std::uint32_t access_is_atomic = 2;
inline constexpr std::uint32_t access_frees = 4;

// What kind of memory it is about.
enum class memory_place : std::uint32_t { unknown, heap, stack, global };

// More on a finding about memory.
struct memory_detail {
    std::uint32_t here = 0;   // what `finding::thread` does: bits of access_...
    std::uint32_t there = 0;  // what `finding::other` did
    std::uint64_t size = 0;   // bytes that are accessed here
    memory_place place = memory_place::unknown;
    std::uint32_t owner = 0;  // thread whose stack it is, or that allocated the block
    // heap: the block.
    std::uint64_t block = 0;
    std::uint64_t block_size = 0;
    stack_trace allocated = {};
};

// Something that a run found. Whether the run ended with it is in `run_result::ended_by`.
struct finding {
    finding_kind kind = finding_kind::none;
    std::uint32_t thread = 0;     // who was caught
    std::uint32_t other = 0;      // the second party, if `has_other`
    std::uint32_t has_other = 0;  //
    std::int64_t value = 0;       //
    object_kind what = object_kind::none;
    std::uint64_t object = 0;  // its number (memory: its address)
    char text[240] = {};       // more, in words; may be empty
    stack_trace here = {};     // of `thread`
    stack_trace there = {};    // of `other`, if known
    memory_detail memory = {};
};

enum class thread_state : std::uint32_t { unused, ready, blocked, ended };

// What became of a thread: filled when a run ends with a finding.
struct thread_report {
    thread_state state = thread_state::unused;
    std::uint32_t parent = 0;
    action doing = action::begin;  // its last or next operation
    object_kind what = object_kind::none;
    std::uint64_t object = 0;           // number; join: index of the thread
    std::uint32_t waits_for = 0;        // the thread that holds what it wants, if known
    std::uint32_t waits_for_known = 0;  //
    char name[16] = {};                 // given by the program
    stack_trace where = {};
};

// One step of a run that was asked to keep them.
struct event {
    std::uint32_t thread = 0;
    action kind = action::begin;
    object_kind what = object_kind::none;
    std::uint8_t blocked = 0;  // it could not go on at once
    std::uint64_t object = 0;
    std::uint64_t time_ns = 0;  // virtual
    stack_trace where = {};
};

// Where a loaded file lies, so that addresses can be named.
struct module {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t bias = 0;  // address in memory - address in the file
    char path[232] = {};
};

enum class run_end : std::uint32_t {
    unknown,  // it died without a word: the status has the reason
    passed,   // it came to its end
    pruned,   // cut short: its strategy has explored all that may follow
    finding,  // `ended_by` says what stopped it
};

struct run_result {
    run_end end = run_end::unknown;
    std::uint32_t ended_by = 0;    // index in `findings`
    std::int32_t wait_status = 0;  // as waitpid gives it
    std::uint32_t findings_count = 0;
    finding findings[most_findings] = {};
    std::uint64_t steps = 0;   // scheduling points
    std::uint64_t now_ns = 0;  // virtual time at its end
    std::uint32_t threads_count = 0;
    thread_report threads[most_threads] = {};
    std::uint32_t events_count = 0;
    std::uint32_t modules_count = 0;
    module modules[most_modules] = {};
};

enum class granularity : std::uint32_t {
    sync,    // scheduling points before blocking and ordering primitives and atomics only
    around,  // and behind those by which a thread lets others go on
    memory,  // and at accesses to memory that threads share, as far as the profile run showed
    every,   // and at all other accesses
};

enum class strategy_kind : std::uint32_t { rotation, random, pct, pos, urw, stall };

// Which of the granularities runs are to have: `any` takes turns, as far as the program is
// instrumented.
enum class points_wanted : std::uint32_t { any, sync, memory, every };

// How to run; set by the command before a request.
struct run_options {
    std::uint64_t seed = 1;
    strategy_kind strategy = strategy_kind::rotation;
    std::uint32_t pct_depth = 3;
    points_wanted wanted = points_wanted::any;
    // Of the current run: the server sets them.
    granularity points = granularity::sync;
    std::uint32_t profile = 0;      // it finds out which memory is shared
    std::uint32_t rarely = 16;      // what may happen without reason does so once in so many times
    std::uint32_t cpus = 4;         // that the program is told it has
    std::uint64_t step_limit = 0;   // 0: none
    std::uint32_t keep_events = 0;  // fill `events`, with stacks
    std::uint32_t core = 0;         // to pin to, + 1; 0: do not
    std::int32_t good_status = 0;
    std::int32_t usual_status = 0;  // of runs that say nothing by it; mostly the good one
    std::uint32_t debug = 0;        // the replay waits for a debugger, see `answer`
    // Kinds of findings, as bits: a run that goes on to its end with nothing else is no news.
    std::uint64_t passed_over = 0;
    std::uint64_t shrink_ns = 0;  // the time for finding a smaller schedule; 0: do not look
};

// How much of what it was asked for the server still does: the command may change its mind.
enum class haste : std::uint32_t {
    none,
    end_search,  // no more runs; a schedule that fails is still shrunk
    end_all,     // answer after this run
};

// The memory that both map. Mostly never touched, so never there.
struct session {
    std::uint32_t version = protocol_version;
    std::uint32_t memory_mode = 0;         // set by the library: the program is instrumented
    volatile haste hurry = haste::none;    // set by the command, at any time
    volatile std::uint32_t shrinking = 0;  // set by the server: it looks for a smaller schedule
    run_options options;
    run_result result;
    std::uint32_t schedule_length = 0;       // of the text that follows
    char schedule[most_schedule_text] = {};  // to replay; after a finding: what was run
    event events[most_events] = {};
    // Of the last request: the interleavings of runs that passed, as hashes that are the same for
    // runs which differ only in the order of steps that do not touch each other.
    std::uint32_t passed_count = 0;
    std::uint64_t passed[most_passed] = {};
};

enum class task : std::uint32_t {
    explore,  // `runs` runs (most_passed at most) from number `first_run` on, until one has news
    replay,   // `schedule`, once; and then shrinks it, if there is time for that
};

// What the command asks for over the socket.
struct request {
    task what = task::explore;
    std::uint32_t reserved = 0;
    std::uint64_t first_run = 0;  // a seed and a number make a schedule
    std::uint64_t runs = 0;
};
// After a run that found something, `schedule` says how to repeat it, shrunk if that was asked for.
struct answer {
    std::uint64_t runs = 0;     // made, not counting those that shrinking took
    std::uint32_t refused = 0;  // the schedule cannot be read
    // An answer ahead of the real one: this process waits for a debugger to set
    // `twill_check_debugged`, and will call `twill_check_before_last_switch`.
    std::int32_t debugged = 0;
    // What the last of them found that was not told before: what ended it, or the first that it
    // noted. How that run was made.
    finding_kind found = finding_kind::none;
    strategy_kind strategy = strategy_kind::random;
    granularity points = granularity::sync;
    std::uint32_t passed = 0;  // whether any of them came to its end with the good status
};

}  // namespace twill::inline TWILL_ABI::check
