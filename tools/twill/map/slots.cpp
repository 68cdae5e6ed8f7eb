#include "twill/map/slots.hpp"

#include <fmt/format.h>

#include <chrono>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

constexpr twill::duration between_looks = 50ms;  // at a machine that has no room
constexpr twill::duration listening = 200us;     // to jobs that end

}  // namespace

twill::task<bool> slots::wait(std::optional<std::size_t> left) {
    job_counts& counts = control_.outcome.counts;
    if (limit_.should_listen())
        co_await control_.job_ended_before(twill::after(twill::now(), listening));
    while (!control_.is_ending()) {
        const auto now = twill::now();
        const bool has_room = limit_.has_room(now, left);
        counts.allowed = limit_.now();
        counts.limited_by = limiter::jobs;
        if (!has_room) {
            co_await control_.job_ended_before(limit_.next_look());
        } else if (now < next_start_) {
            counts.limited_by = limiter::delay;
            co_await control_.pause(next_start_ - now);
        } else if (!machine_has_room()) {
            counts.limited_by = guard_.is_recovering() ? limiter::memory : gate_.closed_by();
            co_await control_.pause(between_looks);
        } else {
            co_return true;
        }
    }
    co_return false;
}

bool slots::machine_has_room() {
    if (guard_.is_recovering() && !guard_.nothing_runs()) return false;
    return gate_.is_open(twill::now(), control_.outcome.counts.running);
}

void slots::take(const attempt& one) {
    limit_.started(one.child.pid(), one.began);
    ++control_.outcome.counts.running;
    if (delay_) next_start_ = twill::after(one.began, *delay_);
}

void slots::give_back(const attempt& one, const std::optional<twill::call_sample>& times) {
    --control_.outcome.counts.running;
    guard_.note_end(one);
    if (times) {
        control_.note_share(*times);
        limit_.ended(one.child.pid(), one.began, twill::now(), *times);
    } else {
        limit_.ended_unmeasured(one.child.pid(), one.began, twill::now());
    }
    control_.announce_end();
}

std::string slots::what_guards_did() const {
    std::string words = gate_.what_acted();
    if (!words.empty()) words = "guards held back starts: " + words;
    if (const std::size_t evicted = guard_.evicted(); evicted > 0)
        words += fmt::format("{}{} job{} stopped for want of memory and run again",
                             words.empty() ? "guards: " : "; ", evicted, evicted == 1 ? "" : "s");
    return words;
}

}  // namespace twill_command
