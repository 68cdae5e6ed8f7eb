// How the threads that compute share the cores with those that serve I/O in the same program.
//
//     twill::run({.lanes = twill::lanes::idle}, ...);                        // all that computes
//     co_await twill::compute([&] { return zip(file); },                     // this call
//                             {.lane = twill::lane::foreign});
//
// A low weight keeps the tail latency of I/O without any help of the code that computes, but it
// cannot be taken back without a privilege, and beside other programs that are busy little is left
// for a low weight. So threads of low weight are the pool's own, never the caller's, and when they
// get next to nothing for a tenth of a second, that is reported and threads of normal weight go on
// with their work.
#pragma once

#include <twill/core/config.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI {

// Which threads a region runs on.
enum class lane : std::uint8_t {
    // Those of the pool, as `lanes` makes them.
    normal,
    // For code that reaches no beat: a codec, a library's matrix product, a loop without par::
    // calls. Threads of low weight (SCHED_IDLE) of their own, as many as the pool's, beside them.
    foreign,
};

// What the threads that compute do for those that serve I/O.
class lanes {
public:
    // While I/O is served, loops and forks give up the CPU for a moment every 50 us or so, unless
    // that is of use to other processes only.
    static const lanes give_way;
    // Nothing: the kernel's time slices decide. `lane::foreign` is at normal weight, too.
    static const lanes none;
    // The pool's threads have the kernel's policy SCHED_IDLE: they run where nobody else wants to.
    static const lanes idle;
    // The pool's threads have at least this nice level, from 1 to 19. What it means depends on the
    // kernel: on 6.12 and later a thread of normal weight that wakes may wait for the end of a
    // short slice of theirs.
    [[nodiscard]] static constexpr lanes nice(int level) noexcept { return {kind::nice, level}; }

    friend constexpr bool operator==(const lanes&, const lanes&) noexcept = default;

    // Whether threads get a low weight.
    [[nodiscard]] constexpr bool lower_weight() const noexcept {
        return kind_ == kind::idle || kind_ == kind::nice;
    }
    // Of `nice`; 0 else.
    [[nodiscard]] constexpr int nice_level() const noexcept { return level_; }

private:
    enum class kind : std::uint8_t { give_way, none, idle, nice };

    constexpr lanes(kind what, int level) noexcept : kind_(what), level_(level) {}

    kind kind_;
    int level_;
};

inline constexpr lanes lanes::give_way{kind::give_way, 0};
inline constexpr lanes lanes::none{kind::none, 0};
inline constexpr lanes lanes::idle{kind::idle, 0};

}  // namespace twill::inline TWILL_ABI
