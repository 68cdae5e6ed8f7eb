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

    // What ended the run, or else the first thing that was found in it.
    static failure of(const run_result& result) noexcept;
    // Where a deadlock or a livelock happens to be noticed says nothing. Two parties may have
    // exchanged their roles.
    [[nodiscard]] bool same_as(const failure& other) const noexcept;
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

// Whether the run that made `result` has something new to tell: what ended it was not seen before,
// or it came to its end (with the good status or the usual one) and noted something of a kind that
// is not passed over. Notes of a run that ended badly are told with its end.
bool is_news(const run_result& result, const run_options& options, failures_seen& seen) noexcept;

}  // namespace twill::inline TWILL_ABI::check
