// What one thread of the compute pool keeps of the forks below it on its stack.
//
// A fork is an entry on the forking function's stack, linked into a list that only the forking
// thread touches: pushing and popping costs a few plain stores and no atomic operation. Other
// threads speak to the owner through one word, `poke_`; the owner looks at it wherever it forks,
// and everything that follows from a set word is out of line in `beat`. At a beat the *oldest*
// entry (the largest piece of work, as a rule) is made visible to the other threads. After Acar et
// al., "Heartbeat Scheduling" (PLDI 2018), and its descendants Spice (Zig) and chili (Rust).
//
// The whole protocol, with its reasons, is in src/runtime/README.md.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI {

class region;

namespace detail {

class compute_context;
class compute_worker;
class work_meter;
struct fork_job;

struct promotion {
    fork_job*
        job;  // to be offered to others: what the entry stands for, or a part; null: nothing now
    bool exhausted;  // nothing more will come: the entry leaves the list, and no beat looks at it
};

// An entry of the private list. Touched by its owner's thread alone, as long as it is private.
struct fork_entry {
    // Asked of the oldest entries at a beat. Null for a marker.
    using promote_function = promotion (*)(fork_entry&) noexcept;

    fork_entry* older;    // null: no longer in the list
    fork_entry* younger;  // meaningless in the youngest
    promote_function promote;
};

// Divides the list: what is younger was forked by `job` (null: by the region itself) and obeys the
// stop request of `stop` (null: shielded from it, or there is none).
struct fork_marker : fork_entry {
    fork_marker* enclosing;
    fork_job* job;
    region* stop;
    std::uint32_t depth;  // how many jobs lie on top of each other on this stack
};

// How much lies on the longest path to a point of a measured region, in nanoseconds: see
// work_meter.
struct work_path {
    std::int64_t span = 0;
    std::int64_t burdened = 0;  // the same with what giving work away costs
};

// Where parallel paths of a measured region begin.
struct work_fork {
    work_path path;
    std::int64_t work = 0;  // done until then, on all paths
};

// A piece of work that another thread may run. It lives on its owner's stack, beside the entry that
// gave it, so offering it allocates nothing, and its owner stays until it has ended.
struct fork_job {
    using execute_function = void (*)(fork_job&, compute_context&) noexcept;

    // States of `phase`: 0 running or on offer; 1 the same, and the owner sleeps until it has
    // ended; 2 ended. The owner goes 0 -> 1 and 1 -> 0; whoever ran the job sets 2, once, as its
    // last access to the job, and wakes the owner if that replaced 1. That step is a release for
    // the job's result, and the owner's reading of 2 an acquire.
    static constexpr std::uint32_t pending = 0;
    static constexpr std::uint32_t awaited = 1;
    static constexpr std::uint32_t ended = 2;

    struct shared_state {
        atomic<std::uint32_t> phase;
        std::uint32_t depth;  // of the marker under which it runs; written before `executor`
        compute_worker* owner;
        fork_job* parent;  // the job that forked it
        region* stop;
        std::uint8_t urgency;  // the owner's: a twill::priority
        // Who runs it; null until it has started there. Released by that thread for `depth`.
        atomic<compute_worker*> executor;
        std::uint64_t offer;  // the owner's offer word while it is on offer
    };

    explicit fork_job(execute_function what) noexcept : execute(what) {}

    execute_function execute;
    union {
        shared_state shared;  // made when the job is offered
        work_fork begun;      // in a measured region, where nothing is offered
    };
};

// The part of a thread's state that inlined code touches. Users see it as `par::context`.
class compute_context {
public:
    compute_context(const compute_context&) = delete;
    compute_context& operator=(const compute_context&) = delete;

    // GCC sees entries that lie in the caller's frame, and not that `pop` takes them off again.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdangling-pointer"
#endif
    void push(fork_entry& entry) noexcept {
        entry.older = youngest_;
        youngest_->younger = &entry;
        youngest_ = &entry;
    }
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

    // Takes the youngest entry off the list again. False if it had left the list before.
    bool pop(fork_entry& entry) noexcept {
        if (entry.older == nullptr) [[unlikely]]
            return false;
        youngest_ = entry.older;
        return true;
    }

    // Relaxed: the word carries no data. What led to the poke is read with its own order in `beat`,
    // and a poke that is overwritten is repeated by the next tick.
    [[nodiscard]] bool poked() const noexcept {
        return poke_.load(std::memory_order_relaxed) != not_poked;
    }
    // Which pokes concern a loop of so many iterations. Few are shared at once, for the case that
    // each is long; more at the first tick, when one long iteration more or less makes little
    // difference.
    enum class alarm : std::uint32_t {};
    [[nodiscard]] alarm alarm_of(std::size_t iterations) const noexcept {
        return alarm{iterations <= few_ ? poked_by_start : poked_by_hungry};
    }
    [[nodiscard]] bool poked(alarm least) const noexcept {
        return poke_.load(std::memory_order_relaxed) >= static_cast<std::uint32_t>(least);
    }

    // Whether the first tick may be long in coming: what is not looked for often then comes late.
    [[nodiscard]] bool cold() const noexcept { return cold_; }

    // Whether the thread is to share its CPU with one that serves I/O. A loop then calls `glance`
    // between blocks, as often as the blocks' length allows: true if it should double them.
    [[nodiscard]] bool gives_way() const noexcept { return gives_way_; }
    [[gnu::cold, gnu::noinline]] TWILL_API bool glance() noexcept;

    // Gives the oldest entry to others. Throws `cancelled` if the region was asked to stop, unless
    // an exception is on its way already or the caller is shielded.
    [[gnu::cold, gnu::noinline]] TWILL_API void beat();

    // Ends the sharing of a job that left the list by being offered. True: nobody had taken it, and
    // the caller has it back. False: another thread ran it, and it has ended.
    [[gnu::cold, gnu::noinline]] TWILL_API bool reclaim(fork_job& job) noexcept;

    // The same for an owner that does not want the job any more.
    [[gnu::cold, gnu::noinline]] TWILL_API bool withdraw(fork_job& job) noexcept;

    // What measures the work and span of what runs here; null: nobody wants to know. While it is
    // set, everything that is forked runs on this thread: the poke is always set, so that each fork
    // is seen by `beat`, and the branch that it takes from the list is run by `reclaim`. Loops find
    // out where they look whether they are to give way.
    [[nodiscard]] work_meter* meter() const noexcept { return meter_; }

    // `place` divides the list until `pop_shield`; entries above it do not see stop requests.
    TWILL_API void push_shield(fork_marker& place) noexcept;
    TWILL_API void pop_shield(fork_marker& place) noexcept;

protected:
    explicit compute_context(unsigned workers) noexcept;
    ~compute_context() = default;

    // States of `poke_`. Owner: -> 1 when a job or region begins (its first fork is offered at
    // once, nobody is woken for it), -> 0 in `beat`. Any thread: -> 2 by one that is awake and
    // looks for work (put something on offer); -> 3 (look around, and wake somebody who can take
    // what is on offer).
    static constexpr std::uint32_t not_poked = 0;
    static constexpr std::uint32_t poked_by_start = 1;
    static constexpr std::uint32_t poked_by_hungry = 2;
    static constexpr std::uint32_t poked_by_tick = 3;

    // A line of its own: others write here at a beat only.
    alignas(64) atomic<std::uint32_t> poke_{not_poked};
    fork_entry* youngest_;
    fork_marker* place_;  // the youngest marker
    const std::size_t few_;
    bool cold_ = false;
    bool gives_way_ = false;  // or is measured
    work_meter* meter_ = nullptr;
    fork_marker root_;  // the oldest entry, always there
};

// What a thread knows of its place.
struct compute_binding {
    compute_context* worker;  // which its parallel calls use; null: not yet a member of any pool
    compute_context* inside;  // the same while it is inside a region, else null
};
// Initial-exec and without a dynamic initialiser: one load relative to the thread pointer. Read
// where parallel work begins, never across a suspension.
TWILL_INITIAL_EXEC extern TWILL_API constinit TWILL_THREAD_LOCAL compute_binding bound;

// Begins a region on the calling thread, which is inside of none. A thread that belongs to no pool
// joins the default pool as a guest before, which throws std::bad_alloc when there is no memory for
// it. `name` (empty: none), `file` and `line` label it; they live for ever.
[[nodiscard]] TWILL_API compute_context& enter_region(const char* name, const char* file,
                                                      std::uint32_t line);
TWILL_API void leave_region(compute_context& here) noexcept;

// What debug builds ask before: a region on a thread that runs tasks works, but all of them wait
// for its end. Reports it, once a runtime.
TWILL_API void report_if_on_event_thread() noexcept;

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
