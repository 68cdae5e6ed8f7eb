#include "check/server.hpp"

#include "check/debugging.hpp"
#include "check/failure.hpp"
#include "check/hooks/threads.hpp"
#include "check/news.hpp"
#include "check/rotation.hpp"
#include "check/scheduler.hpp"
#include "check/stack.hpp"
#include "check/system.hpp"

#include "explore/execution.hpp"
#include "explore/pct.hpp"
#include "explore/pos.hpp"
#include "explore/random_walk.hpp"
#include "explore/replay.hpp"
#include "explore/schedule_text.hpp"
#include "explore/shrinking.hpp"
#include "explore/stall.hpp"
#include "explore/urw.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <new>
#include <utility>

namespace twill::inline TWILL_ABI::check {
namespace {

constexpr std::size_t shared_bytes = std::size_t{4} << 30U;  // of addresses; pages come when used
constexpr int look_every_ms = 500;
constexpr std::uint64_t spin_patience_ns = 2'000'000'000;   // of CPU time without a step
constexpr std::uint64_t stuck_patience_ns = 3'000'000'000;  // of time, without either
constexpr std::uint64_t a_little_ns = 5'000'000;            // of CPU time, between two looks

// What the engine works with lies in memory that server and run share: the server reads the
// schedule of a run that has died.
struct pages {
    std::byte* at = nullptr;
    std::byte* end = nullptr;
};
pages* the_pages = nullptr;

void* take_pages(std::size_t bytes) noexcept {
    if (static_cast<std::size_t>(the_pages->end - the_pages->at) < bytes)
        give_up("the schedule of this run takes more memory than twill check keeps for it");
    void* const taken = the_pages->at;
    the_pages->at += bytes;
    return taken;
}

struct workshop {
    pages memory;
    int output = -1;
    int socket = -1;
    explore::arena kept{&take_pages};  // for what outlives a run
    explore::arena of_run{&take_pages};
    explore::schedule to_replay{kept};
    // By granularity: runs with more points are longer.
    explore::profile known[4];
    bool has_profile = false;  // of memory that is shared
    std::uint64_t profile_seed = 0;
    failures_seen seen;
    alignas(16) std::byte strategy[4096];
    alignas(16) std::byte execution[sizeof(explore::execution)];
};

workshop* make_workshop() noexcept {
    void* const memory = ::mmap(nullptr, shared_bytes, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) give_up("cannot map memory for schedules");
    auto* const begin = static_cast<std::byte*>(memory);
    the_pages = ::new (memory) pages{};
    auto* const made = ::new (memory) workshop;
    the_pages = &made->memory;
    *the_pages = {begin + ((sizeof(workshop) + 4095) & ~std::size_t{4095}), begin + shared_bytes};
    return made;
}

template <class Strategy, class... Args>
explore::strategy& make_strategy(workshop& in, Args&&... args) noexcept {
    static_assert(sizeof(Strategy) <= sizeof(workshop::strategy));
    return *::new (in.strategy) Strategy(std::forward<Args>(args)...);
}

std::uint64_t seed_of_run(std::uint64_t seed, std::uint64_t run) noexcept {
    std::uint64_t mixed = seed + run * 0x9E3779B97F4A7C15ULL;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31U);
}

void pin(std::uint32_t core_and_1) noexcept {
    if (core_and_1 == 0) return;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(core_and_1 - 1, &only);
    raw_syscall(SYS_sched_setaffinity, 0, sizeof only, as_word(&only));
}

void forget_last(run_result& result) noexcept {
    result.end = run_end::unknown;
    result.ended_by = 0;
    result.findings_count = 0;
    result.threads_count = 0;
    result.events_count = 0;
    result.modules_count = 0;
}

std::uint64_t cpu_time_of(pid_t process) noexcept {
    // The kernel's encoding of "the CPU time of that process", as clock_getcpuclockid makes it.
    const long clock = (~static_cast<long>(process) << 3) | 2;
    timespec used{};
    if (raw_syscall(SYS_clock_gettime, clock, as_word(&used)) != 0) return 0;
    return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(used.tv_nsec);
}

// Ends a run that does not come to a scheduling point any more.
class watch {
public:
    watch(pid_t process, const explore::execution& run) noexcept : process_(process), run_(run) {}

    // Called every look_every_ms.
    void look() noexcept {
        const std::uint64_t cpu = cpu_time_of(process_);
        if (run_.steps() != steps_) {
            steps_ = run_.steps();
            cpu_then_ = cpu_last_ = cpu;
            looks_ = 0;
            return;
        }
        // One that computes beside many others does not wait.
        if (cpu - cpu_last_ > a_little_ns && !asked_) looks_ = 0;
        cpu_last_ = cpu;
        ++looks_;
        if (cpu - cpu_then_ > spin_patience_ns)
            interrupt(signal_spin);
        else if (looks_ * look_every_ms * 1'000'000ULL > stuck_patience_ns)
            interrupt(signal_stuck);
    }

    // What to call its end, when it had to be killed.
    [[nodiscard]] finding_kind killed_as() const noexcept { return killed_as_; }

private:
    // First it is asked to tell where it is.
    void interrupt(int value) noexcept {
        if (asked_) {
            killed_as_ = value == signal_spin ? finding_kind::spin : finding_kind::stuck;
            raw_syscall(SYS_kill, process_, SIGKILL);
            return;
        }
        asked_ = true;
        looks_ = 0;
        ask_for_stack(process_, value);
    }

    pid_t process_;
    const explore::execution& run_;
    std::uint64_t steps_ = ~std::uint64_t{0};
    std::uint64_t cpu_then_ = 0;  // at that step
    std::uint64_t cpu_last_ = 0;  // at the last look
    std::uint64_t looks_ = 0;
    bool asked_ = false;
    finding_kind killed_as_ = finding_kind::none;
};

struct end_of_run {
    int status = 0;  // as waitpid gives it
    finding_kind killed_as = finding_kind::none;
};

// It is ended when it goes on no more, unless a debugger holds it; and an attempt at a smaller
// schedule when the command has no time for that.
end_of_run wait_for(pid_t process, const explore::execution& run, const session& shared) noexcept {
    watch watcher(process, run);
    const long end = raw_syscall(SYS_pidfd_open, process, 0);
    pollfd ready{static_cast<int>(end), POLLIN, 0};
    timespec patience{0, look_every_ms * 1'000'000L};
    while (end >= 0 && raw_syscall(SYS_ppoll, as_word(&ready), 1, as_word(&patience), 0, 0) == 0) {
        if (shared.options.debug == 0) watcher.look();
        if (shared.shrinking != 0 && shared.hurry == haste::end_all)
            raw_syscall(SYS_kill, process, SIGKILL);
        patience = {0, look_every_ms * 1'000'000L};
    }
    int status = 0;
    while (raw_syscall(SYS_wait4, process, as_word(&status), 0, 0) == -EINTR) {
    }
    if (end >= 0) raw_syscall(SYS_close, end);
    return {status, watcher.killed_as()};
}

void keep_end(session& shared, const end_of_run& how) noexcept {
    auto& result = shared.result;
    const int status = how.status;
    result.wait_status = status;
    if (result.end != run_end::unknown) return;
    if (how.killed_as != finding_kind::none && result.findings_count != 0 &&
        result.findings[result.findings_count - 1].kind == how.killed_as) {
        // It has told as much itself, but not come further.
        result.ended_by = result.findings_count - 1;
        result.end = run_end::finding;
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == shared.options.good_status) {
        result.end = run_end::passed;
        return;
    }
    finding& made = result.findings[result.findings_count < most_findings ? result.findings_count++
                                                                          : most_findings - 1];
    made = {};
    made.kind = WIFEXITED(status) ? finding_kind::exit_status : finding_kind::signal;
    made.value = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    if (how.killed_as != finding_kind::none) {
        made.kind = how.killed_as;
        made.value = 0;
    }
    result.ended_by = static_cast<std::uint32_t>(&made - result.findings);
    result.end = run_end::finding;
}

// A run that takes so much longer than all before it hardly ends by itself.
std::uint64_t step_limit(const run_options& options, const explore::profile& known) noexcept {
    constexpr std::uint64_t of_first_run = 10'000'000;
    constexpr std::uint64_t at_least = 50'000;
    constexpr std::uint64_t times_the_longest = 50;
    if (options.step_limit != 0) return options.step_limit;
    if (known.runs == 0) return of_first_run;
    const std::uint64_t many = known.steps * times_the_longest;
    return many < at_least ? at_least : many;
}

// A loop that waits in vain mostly waits for ever; but std::atomic::wait goes round some 16 times
// before it sleeps, and what happens when several sleep should be seen, too. (A replay does not
// depend on it.)
unsigned patience(std::uint64_t seed) noexcept {
    constexpr unsigned little = 3, much = 64;
    return (seed >> 8U) % 3 == 0 ? much : little;
}

// Wake-ups without a reason: mostly so few that they do not hide what else could happen.
std::uint32_t rarely(std::uint64_t seed) noexcept {
    constexpr std::uint32_t seldom = 16, often = 4;
    return (seed >> 24U) % 4 == 0 ? often : seldom;
}

// Gives true in the run, which goes on into the program.
bool run_once(session& shared, workshop& with, explore::strategy& decides,
              std::uint64_t seed) noexcept {
    forget_last(shared.result);
    raw_syscall(SYS_ftruncate, with.output, 0);
    const explore::profile& known = with.known[static_cast<unsigned>(shared.options.points)];
    const explore::limits most{.steps = step_limit(shared.options, known),
                               .patience = patience(seed)};
    auto& run = *::new (with.execution) explore::execution(with.of_run, decides, seed, most, known);
    // Without the handlers of pthread_atfork: for the program there was no fork.
    static auto* const fork_plainly = real<pid_t()>("_Fork");
    const pid_t process = fork_plainly != nullptr ? fork_plainly() : ::fork();
    if (process < 0) give_up("cannot fork");
    if (process == 0) {
        catch_failures();
        // Not left behind when the server is killed.
        raw_syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
        if (shared.options.debug != 0) {
            const answer here{.debugged = static_cast<std::int32_t>(raw_syscall(SYS_getpid))};
            raw_syscall(SYS_write, with.socket, as_word(&here), sizeof here);
            wait_for_debugger();
        }
        start_run(run);
        return true;
    }
    keep_end(shared, wait_for(process, run, shared));
    // A run that notes something and goes on does not list them.
    if (shared.result.findings_count != 0 && shared.result.modules_count == 0)
        list_modules(shared.result);
    shared.result.steps = run.steps();
    shared.result.now_ns = run.now();
    decides.end_run();
    return false;
}

explore::execution& last_run(workshop& with) noexcept {
    return *std::launder(reinterpret_cast<explore::execution*>(with.execution));
}

void keep_schedule(session& shared, const workshop& with, const explore::schedule& what) noexcept {
    const std::size_t begin =
        print(schedule_prefix{shared.options.points, with.profile_seed}, shared.schedule);
    const std::size_t room = sizeof shared.schedule - begin;
    const std::size_t length = explore::print(what, shared.schedule + begin, room);
    shared.schedule_length = static_cast<std::uint32_t>(begin + (length < room ? length : room));
}

// Gives true in the run, as all functions here that make one.
bool follow(session& shared, workshop& with, const explore::schedule& what,
            explore::replay::how strictly, bool& diverged) noexcept {
    with.of_run.clear();
    auto& decides = make_strategy<explore::replay>(with, what, strictly);
    if (run_once(shared, with, decides, 0)) return true;
    diverged = decides.diverged();
    return false;
}

explore::strategy& make_strategy(workshop& with, const run_options& options, strategy_kind kind,
                                 std::uint64_t seed) noexcept {
    const std::uint32_t timeout_odds = (seed & 1) != 0 ? 8U : 0U;
    switch (kind) {
        case strategy_kind::pct:
            return make_strategy<explore::pct>(with, options.pct_depth, timeout_odds);
        case strategy_kind::pos:
            return make_strategy<explore::pos>(with, timeout_odds);
        case strategy_kind::stall:
            return make_strategy<explore::stall>(with, timeout_odds);
        case strategy_kind::urw:
            return make_strategy<explore::urw>(with, timeout_odds);
        case strategy_kind::rotation:
        case strategy_kind::random:
            break;
    }
    return make_strategy<explore::random_walk>(with, timeout_odds);
}

// The run of that number.
bool run_planned(session& shared, workshop& with, std::uint64_t number) noexcept {
    const plan how = plan_of(shared.options, shared.memory_mode != 0, number);
    const std::uint64_t seed = seed_of_run(shared.options.seed, number);
    shared.options.points = how.points;
    shared.options.profile = how.profile ? 1 : 0;
    shared.options.rarely = rarely(seed);
    if (how.profile) {
        with.has_profile = true;
        with.profile_seed = shared.options.seed;
    }
    with.of_run.clear();
    if (run_once(shared, with, make_strategy(with, shared.options, how.strategy, seed), seed))
        return true;
    shared.options.profile = 0;
    // One that was ended by its length says nothing about how long the program is.
    if (came_to_its_end(shared.result))
        last_run(with).learn(with.known[static_cast<unsigned>(how.points)]);
    return false;
}

// Whether this process still has to find out what is shared, before a run can depend on it.
bool lacks_profile(const session& shared, const workshop& with) noexcept {
    return shared.memory_mode != 0 &&
           (!with.has_profile || with.profile_seed != shared.options.seed);
}

std::uint64_t now_of_machine() noexcept {
    timespec now{};
    raw_syscall(SYS_clock_gettime, CLOCK_MONOTONIC, as_word(&now));
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec);
}

// Whether the runs of shrinking take no longer than others.
bool can_be_shrunk(const failure& wanted) noexcept {
    return wanted.kind != finding_kind::spin && wanted.kind != finding_kind::stuck;
}

// Of the schedule that the last run followed, the one with fewest preemptions that is found within
// the time that there is, and in which this is met.
bool shrink(session& shared, workshop& with, const failure& wanted) noexcept {
    with.kept.clear();
    explore::shrinking less(with.kept, last_run(with).record());
    const std::uint64_t until = now_of_machine() + shared.options.shrink_ns;
    shared.shrinking = 1;
    while (const explore::schedule* const attempt = less.propose()) {
        bool ignored = false;
        if (follow(shared, with, *attempt, explore::replay::how::loose, ignored)) return true;
        less.tried(wanted.is_in(shared.result, shared.options), last_run(with).record());
        if (now_of_machine() > until || shared.hurry == haste::end_all) break;
    }
    keep_schedule(shared, with, less.best());
    if (shared.hurry != haste::end_all) {
        // Once more, to see what else is told with it.
        bool diverged = false;
        if (follow(shared, with, less.best(), explore::replay::how::strict, diverged)) return true;
        if (!diverged && wanted.is_in(shared.result, shared.options))
            keep_notes(shared.result, shared.options, with.seen);
    }
    shared.shrinking = 0;
    return false;
}

bool replay_once(session& shared, workshop& with, answer& made) noexcept {
    schedule_prefix before;
    const std::size_t begin = parse(shared.schedule, shared.schedule_length, before);
    with.kept.clear();
    auto& what = *with.kept.make<explore::schedule>(with.kept);
    if (explore::parse(shared.schedule + begin, shared.schedule_length - begin, what).at !=
        nullptr) {
        made.refused = 1;
        return false;
    }
    const bool debug = std::exchange(shared.options.debug, 0) != 0;
    if (before.points == granularity::memory) shared.options.seed = before.seed;
    if (lacks_profile(shared, with)) {
        // Also for a schedule of other points: what is shared is shown among its steps.
        const std::uint32_t keep_events = std::exchange(shared.options.keep_events, 0);
        if (run_planned(shared, with, 0)) return true;
        shared.options.keep_events = keep_events;
    }
    shared.options.points = before.points;
    ++made.runs;
    if (debug) {
        shared.options.debug = 1;
        with.of_run.clear();
        return run_once(shared, with, make_strategy<debugged_replay>(with, what), 0);
    }
    bool diverged = false;
    if (follow(shared, with, what, explore::replay::how::strict, diverged)) return true;
    // The same threads in the same order are not enough: they have to do the same.
    const std::uint64_t fingerprint = last_run(with).record().fingerprint;
    diverged = diverged || (what.fingerprint != 0 && what.fingerprint != fingerprint);
    auto& result = shared.result;
    if (!diverged) {
        const finding* const found = most_worth_keeping(result, shared.options);
        if (shared.options.shrink_ns == 0 || found == nullptr) return false;
        const failure wanted = failure::of(*found, result);
        return can_be_shrunk(wanted) && shrink(shared, with, wanted);
    }
    result.findings[0] = {};
    result.findings[0].kind = finding_kind::not_reproducible;
    result.findings_count = 1;
    result.ended_by = 0;
    result.end = run_end::finding;
    return false;
}

// A program that polls under a lock goes on for as long as the one that it waits for gets no turn.
// A random walk gives it one sooner or later; the other strategies need not, so that a run of
// theirs which became too long says nothing.
bool is_only_unfair(const run_result& result, strategy_kind strategy) noexcept {
    if (strategy == strategy_kind::random || result.end != run_end::finding) return false;
    const finding& found = result.findings[result.ended_by];
    return found.kind == finding_kind::livelock && found.text[0] != '\0';
}

bool explore_some(session& shared, workshop& with, const request& asked, answer& made) noexcept {
    shared.passed_count = 0;
    while (made.runs != asked.runs && shared.hurry == haste::none) {
        const std::uint64_t number = asked.first_run + made.runs;
        if (number != 0 && lacks_profile(shared, with)) {
            // Not one of those that were asked for: another server has it among its own.
            if (run_planned(shared, with, 0)) return true;
            continue;
        }
        ++made.runs;
        if (run_planned(shared, with, number)) return true;
        if (shared.result.end == run_end::passed) made.passed = 1;
        if (came_to_its_end(shared.result) && shared.passed_count != most_passed)
            shared.passed[shared.passed_count++] = last_run(with).interleaving();
        const plan how = plan_of(shared.options, shared.memory_mode != 0, number);
        if (is_only_unfair(shared.result, how.strategy)) continue;
        const finding* const news = find_news(shared.result, shared.options, with.seen);
        if (news == nullptr) continue;
        const failure wanted = failure::of(*news, shared.result);
        made.found = wanted.kind;
        made.strategy = how.strategy;
        made.points = how.points;
        keep_schedule(shared, with, last_run(with).record());
        if (shared.options.shrink_ns != 0 && can_be_shrunk(wanted))
            return shrink(shared, with, wanted);
        keep_notes(shared.result, shared.options, with.seen);
        return false;
    }
    return false;
}

}  // namespace

void serve(session& shared, const descriptors& given) noexcept {
    workshop& with = *make_workshop();
    with.output = given.output;
    with.socket = given.socket;
    // The unwinder sets itself up at its first use, with locks that the program's exceptions would
    // meet or not: in all runs it has been used.
    stack_trace first_use;
    take_stack(first_use);
    look_up_real_functions();
    const answer ready{};
    raw_syscall(SYS_write, given.socket, as_word(&ready), sizeof ready);
    for (;;) {
        request asked{};
        const long got = raw_syscall(SYS_read, given.socket, as_word(&asked), sizeof asked);
        if (got == -EINTR) continue;
        if (got != static_cast<long>(sizeof asked)) leave(0);
        pin(shared.options.core);
        answer made{};
        const bool in_the_run = asked.what == task::replay
                                    ? replay_once(shared, with, made)
                                    : explore_some(shared, with, asked, made);
        if (in_the_run) break;
        raw_syscall(SYS_write, given.socket, as_word(&made), sizeof made);
    }
    raw_syscall(SYS_close, given.socket);
    raw_syscall(SYS_close, given.output);
}

}  // namespace twill::inline TWILL_ABI::check
