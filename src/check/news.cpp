#include "check/news.hpp"

namespace twill::inline TWILL_ABI::check {
namespace {

std::uint64_t hash_of(const stack_trace& stack) noexcept {
    std::uint64_t all = stack.depth;
    for (std::uint32_t i = 0; i != stack.depth; ++i)
        all = (all ^ stack.frames[i]) * 0x9E3779B97F4A7C15ULL;
    return all;
}

bool same(const stack_trace& a, const stack_trace& b) noexcept {
    if (a.depth != b.depth) return false;
    for (std::uint32_t i = 0; i != a.depth; ++i)
        if (a.frames[i] != b.frames[i]) return false;
    return true;
}

// Whether this thread waits for itself, through others.
bool is_in_a_circle(const run_result& result, std::uint32_t thread) noexcept {
    std::uint32_t at = thread;
    for (std::uint32_t i = 0; i != result.threads_count; ++i) {
        if (result.threads[at].waits_for_known == 0) return false;
        at = result.threads[at].waits_for;
        if (at == thread) return true;
        if (at >= result.threads_count) return false;
    }
    return false;
}

// The places of those in a circle; if there is none, of all who wait.
std::uint64_t hash_of_waiting(const run_result& result) noexcept {
    std::uint64_t of_circles = 0;
    std::uint64_t of_all = 0;
    for (std::uint32_t i = 0; i != result.threads_count; ++i) {
        const thread_report& each = result.threads[i];
        if (each.state != thread_state::blocked) continue;
        const std::uint64_t hash = hash_of(each.where);
        of_all += hash;
        if (is_in_a_circle(result, i)) of_circles += hash;
    }
    return of_circles != 0 ? of_circles : of_all;
}

// Null: no finding ended it.
const finding* end_of(const run_result& result) noexcept {
    return result.end == run_end::finding ? &result.findings[result.ended_by] : nullptr;
}

// To an end that says nothing.
bool came_through(const run_result& result, const run_options& options) noexcept {
    const finding* const last = end_of(result);
    return last == nullptr ||
           (last->kind == finding_kind::exit_status && last->value == options.usual_status);
}

bool is_note(const finding& found, const run_result& in, const run_options& options) noexcept {
    return &found != end_of(in) &&
           (options.passed_over >> static_cast<unsigned>(found.kind) & 1) == 0;
}

}  // namespace

failure failure::of(const finding& found, const run_result& in) noexcept {
    failure made{found.kind, found.value, found.here, found.there, &found == end_of(in)};
    if (found.kind == finding_kind::deadlock || found.kind == finding_kind::livelock)
        made.here.depth = made.there.depth = 0;
    return made;
}

bool failure::same_as(const failure& other) const noexcept {
    return kind == other.kind && value == other.value &&
           ((same(here, other.here) && same(there, other.there)) ||
            (same(here, other.there) && same(there, other.here)));
}

bool failure::is_in(const run_result& result, const run_options& options) const noexcept {
    if (ended_run) {
        const finding* const last = end_of(result);
        return last != nullptr && same_as(of(*last, result));
    }
    if (!came_through(result, options)) return false;
    for (std::uint32_t i = 0; i != result.findings_count; ++i)
        if (same_as(of(result.findings[i], result))) return true;
    return false;
}

std::uint64_t identity_of(const finding& found, const run_result& in) noexcept {
    std::uint64_t places = hash_of(found.here) + hash_of(found.there);
    if (found.kind == finding_kind::deadlock) places = hash_of_waiting(in);
    if (found.kind == finding_kind::livelock) places = 0;
    return (places + static_cast<std::uint64_t>(found.value) * 31 +
            static_cast<std::uint64_t>(found.kind)) |
           1;
}

bool failures_seen::add(std::uint64_t identity) noexcept {
    for (std::size_t i = 0; i != count_; ++i)
        if (identities_[i] == identity) return false;
    if (count_ == most) return false;
    identities_[count_++] = identity;
    return true;
}

bool came_to_its_end(const run_result& result) noexcept {
    const finding* const last = end_of(result);
    return result.end == run_end::passed ||
           (last != nullptr && last->kind == finding_kind::exit_status);
}

const finding* find_news(const run_result& result, const run_options& options,
                         failures_seen& seen) noexcept {
    if (!came_through(result, options)) {
        const finding* const last = end_of(result);
        return seen.add(identity_of(*last, result)) ? last : nullptr;
    }
    for (std::uint32_t i = 0; i != result.findings_count; ++i) {
        const finding& each = result.findings[i];
        if (is_note(each, result, options) && seen.add(identity_of(each, result))) return &each;
    }
    return nullptr;
}

void keep_notes(const run_result& result, const run_options& options,
                failures_seen& seen) noexcept {
    if (!came_through(result, options)) return;
    for (std::uint32_t i = 0; i != result.findings_count; ++i)
        if (is_note(result.findings[i], result, options))
            seen.add(identity_of(result.findings[i], result));
}

const finding* most_worth_keeping(const run_result& result, const run_options& options) noexcept {
    if (result.findings_count == 0) return nullptr;
    const finding* const last = end_of(result);
    if (!came_through(result, options)) return last;
    for (std::uint32_t i = 0; i != result.findings_count; ++i)
        if (is_note(result.findings[i], result, options)) return &result.findings[i];
    return last != nullptr ? last : &result.findings[0];
}

}  // namespace twill::inline TWILL_ABI::check
