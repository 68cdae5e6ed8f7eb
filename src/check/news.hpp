// Which failures are the same: for shrinking, and so that each is told once.
#pragma once

#include <twill/check/protocol.hpp>

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::check {

// What a run found, as far as another run must find it too to have failed the same way.
struct failure {
    finding_kind kind = finding_kind::none;
    std::int64_t value = 0;
    stack_trace here;
    stack_trace there;
    bool ended_run = false;

    static failure of(const finding& found, const run_result& in) noexcept;
    // Where a deadlock or a livelock happens to be noticed says nothing. Two parties may have
    // exchanged their roles.
    [[nodiscard]] bool same_as(const failure& other) const noexcept;
    // What ended a run has to end this one too. What was noted is looked for among all notes, in a
    // run that came through: in others its end is the news.
    [[nodiscard]] bool is_in(const run_result& result, const run_options& options) const noexcept;
};

// The same number for what a user would call the same finding, never 0. A deadlock is known by the
// places of those that wait for each other.
std::uint64_t identity_of(const finding& found, const run_result& in) noexcept;

// The identities of what was told before.
class failures_seen {
public:
    // False: it is there already, or there is no room for more.
    bool add(std::uint64_t identity) noexcept;

private:
    static constexpr std::size_t most = 1024;
    std::uint64_t identities_[most] = {};
    std::size_t count_ = 0;
};

// Also with another exit status than the good one.
bool came_to_its_end(const run_result& result) noexcept;

// What the run that made `result` has to tell that is new, null: nothing. What ended it badly; or,
// if it came through (with the good status or the usual one), the first note that was not seen
// before, of a kind that is not passed over. Notes of a run that ended badly are told with its end.
// Only what is given counts as seen from now on: the schedule is shrunk for that, and may lose the
// rest.
const finding* find_news(const run_result& result, const run_options& options,
                         failures_seen& seen) noexcept;

// When the run is told as it is: all that it noted has been seen, if it came through.
void keep_notes(const run_result& result, const run_options& options, failures_seen& seen) noexcept;

// What a smaller schedule for the same has to keep, wherever it was seen before; null: nothing.
const finding* most_worth_keeping(const run_result& result, const run_options& options) noexcept;

}  // namespace twill::inline TWILL_ABI::check
