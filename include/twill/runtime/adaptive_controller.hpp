// adaptive_controller: how many calls, jobs or requests should be in progress at a time, decided by
// what those before them did.
//
//     twill::adaptive_controller control({.cpus = 4});
//     // ... start what is to be done while fewer than control.limit() are in progress, and tell:
//     control.begun(began = now);
//     control.ended(began, now,
//                   {.run = on_cpu, .queued = waited_for_a_cpu, .blocked = the_rest});
//
// It knows two reasons to stop raising the limit. What the calls need of this machine's CPUs: with
// C of them, calls that run for r and are blocked for b keep all busy when C (r + b) / r are in
// progress (where some compute and others wait: of the averages, and twice as many, so that those
// which compute find each other's gaps). And what is behind the calls (a server, a disk): from some
// number on it only makes them wait, their latency grows and their throughput does not. The second
// is found by trying: double until throughput no longer follows, go back to the number that the
// best throughput and the lowest latency say is enough (Little's law; the operating point after
// Kleinrock), and look again now and then, seldom if it never helps.
//
// A throughput that fell because strangers took the CPUs says nothing about the limit: while calls
// wait for a CPU more than their own number explains, nothing is concluded. Nor is it while fewer
// calls come than the limit allows.
//
// It decides and does nothing, and allocates nothing once it is made: `adaptive_limiter` makes
// tasks wait by it, `map` uses it. No thread, no clock of its own. Not thread-safe.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace twill::inline TWILL_ABI {

struct adaptive_options {
    // The limit in the beginning, and the bounds that it keeps.
    std::size_t start = 4;
    std::size_t least = 1;
    std::size_t most = 1024;
    // CPUs that the calls can use. Matters only to calls whose `run` is told.
    double cpus = 1;
};

// What is known of a call that has ended. Where only the latency is known, it is `blocked`.
struct call_sample {
    duration run{};      // on a CPU
    duration queued{};   // runnable, waiting for a CPU
    duration blocked{};  // waiting for something else
    duration cpu{};      // CPU time of all its threads; matters where it is more than `run`
    // It failed in a way that says "too many": a timeout, a refusal, no memory.
    bool overloaded = false;
};

enum class adaptive_reason : std::uint8_t {
    start,
    growing,     // more brought more
    cpu_bound,   // the CPUs are in use
    at_most,     // the bound from the options
    saturated,   // more brought nothing: what is behind the calls is in full use
    trying,      // for a while, to see whether more brings something
    no_gain,     // it did not
    too_low,     // less cost throughput: back
    overloaded,  // calls failed by it
};

struct adaptive_decision {
    time_point at;
    std::size_t limit;
    adaptive_reason reason;
    // What it was decided from, measured since the decision before: calls a second, and of a
    // typical call the time on a CPU and blocked. Zero at the start.
    double throughput = 0;
    duration run{};
    duration blocked{};
};

class TWILL_API adaptive_controller {
public:
    // Throws usage_error unless 1 <= least <= start <= most and cpus > 0.
    explicit adaptive_controller(const adaptive_options& options, time_point now = {});

    // How many may be in progress now. Lower than what is in progress means: start none.
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
    [[nodiscard]] std::size_t in_progress() const noexcept { return in_progress_; }

    // `now` never goes back. `began`: the time that `begun` was told for this call.
    void begun(time_point now) noexcept;
    void ended(time_point began, time_point now, const call_sample& call) noexcept;
    // It ended in a way that says nothing: cancelled, failed at once. Where most calls do, nothing
    // is decided.
    void ended_unmeasured(time_point began, time_point now) noexcept;

    // The latest decisions, oldest first, at most `most_kept_decisions`.
    [[nodiscard]] const std::vector<adaptive_decision>& decisions() const noexcept {
        return decisions_;
    }
    static constexpr std::size_t most_kept_decisions = 64;

private:
    // What was seen under one limit, of the first so many calls that began under it, its cohort.
    // Of those that merely ended first, most would be short ones.
    struct epoch {
        time_point began;
        time_point cohort_until = never;   // began not later than this
        std::size_t joined = 0;            // so many came into it
        std::size_t cohort = 0;            // of which so many did not end without being measured
        std::size_t calls = 0;             // and have ended
        std::size_t others = 0;            // ended, and did not come into it
        std::vector<call_sample> samples;  // the first so many
        duration run{};                    // sums over the calls
        duration queued{};
        duration total{};
        double occupancy = 0;  // calls in progress times seconds
    };
    struct finding {
        double throughput;
        duration run;      // of a typical call
        duration cpu;      // likewise
        duration blocked;  // likewise
        duration latency;  // on average
        std::size_t calls;
        double occupied;  // calls in progress, on average
        bool disturbed;   // by strangers on the CPUs
    };
    enum class phase : std::uint8_t { grow, confirm, hold, try_more, try_less };

    void pass_time(time_point now) noexcept;
    [[nodiscard]] std::size_t cohort_wanted() const noexcept;
    [[nodiscard]] bool came_into_cohort(time_point began) const noexcept;
    void leave_cohort(time_point began, time_point now) noexcept;
    // After the end of a call.
    void judge_if_enough(time_point now);
    [[nodiscard]] bool enough_seen() const noexcept;
    [[nodiscard]] bool too_few_left() const noexcept;
    [[nodiscard]] finding conclude(time_point now);
    void judge(time_point now, const finding& seen);
    void after_growth(time_point now, const finding& seen, bool confirmed);
    void while_holding(time_point now, const finding& seen);
    void after_more(time_point now, const finding& seen);
    void after_less(time_point now, const finding& seen);
    void settle(time_point now, const finding& seen);
    void hold(const finding& seen) noexcept;
    void cut_back(time_point now);
    void set(time_point now, std::size_t limit, adaptive_reason why, const finding& seen);
    void start_epoch(time_point now);
    [[nodiscard]] std::size_t enough_for_cpus(const finding& seen) const noexcept;
    [[nodiscard]] std::size_t enough_for_throughput(double throughput) const noexcept;
    [[nodiscard]] double one_more_try() const noexcept;
    [[nodiscard]] double enough_for_mix() const noexcept;
    void count_in_mix(const call_sample& call) noexcept;
    bool grows_as_mixed(time_point now);
    void count_as_alone(const finding& seen) noexcept;
    [[nodiscard]] std::size_t within_bounds(double limit) const noexcept;

    const adaptive_options options_;
    std::size_t limit_;
    std::size_t in_progress_ = 0;
    time_point seen_until_;
    epoch now_;
    phase phase_ = phase::grow;
    double reached_ = 0;        // throughput under the limit before this one, or held
    std::size_t fallback_ = 0;  // the limit to go back to
    // Latency while nothing queued behind the calls, as far as is known: summed over epochs that
    // showed it, weighted by their calls.
    double alone_seconds_ = 0;
    double alone_calls_ = 0;
    duration held_latency_{};
    // Of the latest calls, all kinds of them together; weighted averages in seconds.
    double mix_run_ = 0;
    double mix_cpu_ = 0;
    double mix_blocked_ = 0;
    double mix_run_squared_ = 0;
    double mix_blocked_squared_ = 0;
    double mix_product_ = 0;  // of run and blocked
    std::size_t mix_calls_ = 0;
    std::size_t calls_since_set_ = 0;  // the limit
    bool held_unknown_ = false;        // the two are to be taken from the next epoch
    bool more_helped_ = false;         // the try before this one
    bool in_vain_ = false;             // the epoch before was slower, and did no more
    unsigned held_for_ = 0;            // epochs since the last try
    unsigned tries_after_ = 8;         // epochs between tries
    std::size_t calls_since_cut_ = 0;
    std::vector<adaptive_decision> decisions_;
};

}  // namespace twill::inline TWILL_ABI
