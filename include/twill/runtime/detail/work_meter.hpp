// Measures how much work a region is and how much of it lies on its longest path, while one thread
// runs all of it.
//
// The thread is always at the end of some path: of what had to happen before. What it does there
// makes the path longer. At a fork the place is remembered; when the first branch has ended, the
// thread goes back to that place and follows the second one, and where they meet, the longer of the
// two goes on. The *burdened* path adds the price of giving a branch away, unless doing both in
// turn is shorter: then it would not be given away.
//
// The thread's own hooks (compute_context::beat and reclaim, the loops) are not part of the work:
// the clock stands still in them. So it does while something else has the CPU, a lock is waited for
// or the thread sleeps.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/detail/compute_context.hpp>
#include <twill/runtime/work_span.hpp>

#include <chrono>
#include <cstdint>

namespace twill::inline TWILL_ABI {
namespace detail {

class TWILL_API work_meter {
public:
    using clock = time_point (*)() noexcept;

    // Null: `now`. One that a test moves itself takes no time to be read.
    explicit work_meter(clock reads = nullptr) noexcept;

    void go_on() noexcept;
    void stop() noexcept;

    // What follows only while it stands still.
    [[nodiscard]] const work_path& path() const noexcept { return path_; }
    [[nodiscard]] work_fork fork() const noexcept { return {path_, work_}; }
    // What comes next has waited for what lies on this path, and for nothing else.
    void go_to(const work_path& at) noexcept { path_ = at; }
    // It waits for `before`, too.
    void follow(const work_path& before) noexcept;
    // It comes behind the branches that began at `begin`, the longest of which ended at `longest`.
    void join(const work_fork& begin, const work_path& longest) noexcept;
    // Another meter has measured a part of the path.
    void add(const work_span& part, std::uint64_t strands) noexcept;

    [[nodiscard]] work_span seen() const noexcept;
    // How many times the clock was set going.
    [[nodiscard]] std::uint64_t strands() const noexcept { return strands_; }
    [[nodiscard]] std::int64_t work() const noexcept { return work_; }

private:
    std::int64_t not_on_cpu(time_point at) noexcept;

    const clock now_;
    const std::int64_t bias_;  // what the clock shows between two readings with nothing between
    std::int64_t work_ = 0;
    work_path path_;
    std::uint64_t strands_ = 0;
    time_point since_{};
    // When it was last asked how long the thread has been on a CPU, and the answer.
    time_point asked_at_{};
    duration on_cpu_{};
};

// Branches that begin at one place: the blocks of a loop.
class TWILL_API measured_branches {
public:
    explicit measured_branches(compute_context& here) noexcept;
    // They meet.
    ~measured_branches();
    measured_branches(const measured_branches&) = delete;
    measured_branches& operator=(const measured_branches&) = delete;

    // Throws `cancelled` if the region was asked to stop.
    void begin();
    // Gives how much work it was.
    duration end() noexcept;
    // Branches of less may be made longer: the clock is read in a hundredth of it.
    static constexpr duration brief = std::chrono::microseconds(5);

    // What comes now waits for `before`, too.
    void follow(const work_path& before) noexcept;
    // Where the running branch has come to; outside of one, where all begin.
    [[nodiscard]] work_path reached() noexcept;

private:
    compute_context& here_;
    work_meter& meter_;
    work_fork begin_;
    work_path longest_;
    std::int64_t branch_work_ = 0;
    std::uint64_t branches_ = 0;
    bool inside_ = false;
};

// Measures what the thread does inside of its region, from here on.
class TWILL_API measured_part {
public:
    explicit measured_part(compute_context& here, work_meter::clock reads = nullptr) noexcept;
    ~measured_part();
    measured_part(const measured_part&) = delete;
    measured_part& operator=(const measured_part&) = delete;

    // So far.
    [[nodiscard]] work_span seen() noexcept;
    [[nodiscard]] std::uint64_t strands() const noexcept { return meter_.strands(); }

private:
    compute_context& here_;
    work_meter meter_;
    work_meter* const around_;
    fork_marker place_;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
