#include "shrinking.hpp"

namespace twill::inline TWILL_ABI::explore {

shrinking::shrinking(arena& memory, const schedule& failing) noexcept
    : best_(memory), attempt_(memory) {
    best_.assign(failing);
    begin_pass();
}

std::size_t shrinking::candidates() const noexcept {
    return taking_ == what::values ? best_.values.size() : best_.preemptions;
}

void shrinking::begin_pass() noexcept {
    chunk_ = candidates();
    from_ = 0;
}

// To the next proposal, if the present one brought nothing.
bool shrinking::advance() noexcept {
    from_ += chunk_;
    while (from_ >= candidates() || chunk_ == 0) {
        from_ = 0;
        if (chunk_ > 1) {
            chunk_ /= 2;
            continue;
        }
        if (taking_ == what::values) {
            if (!improved_) return false;
            improved_ = false;
            taking_ = what::go_on;
        } else {
            taking_ = taking_ == what::go_on ? what::wait : what::values;
        }
        begin_pass();
        if (chunk_ != 0) break;
    }
    return true;
}

const schedule* shrinking::propose() noexcept {
    if (over_) return nullptr;
    if (fresh_) {
        fresh_ = false;
        if (cost(best_) == 0 || (candidates() == 0 && !advance())) {
            over_ = true;
            return nullptr;
        }
    }
    build();
    return &attempt_;
}

void shrinking::tried(bool fails_the_same_way, const schedule& recorded) noexcept {
    if (fails_the_same_way && cost(recorded) < cost(best_)) {
        best_.assign(recorded);
        improved_ = true;
        if (chunk_ > candidates()) chunk_ = candidates();
        // What stood behind the part that was taken out has moved to its place.
        if (from_ < candidates() && chunk_ != 0) return;
        from_ = candidates();
    }
    if (!advance()) over_ = true;
}

void shrinking::build() noexcept {
    attempt_.stretches.clear();
    attempt_.values.clear();
    attempt_.fingerprint = 0;
    const std::size_t until = from_ + chunk_;
    for (std::size_t i = 0; i != best_.values.size(); ++i)
        if (taking_ != what::values || i < from_ || i >= until)
            attempt_.values.push_back(best_.values[i]);
    std::size_t preemption = 0;
    for (std::size_t i = 0; i != best_.stretches.size(); ++i) {
        stretch each = best_.stretches[i];
        if (taking_ != what::values && each.preempted) {
            const std::size_t number = preemption++;
            if (number >= from_ && number < until) {
                // Steps are counted from the thread's beginning: what a stretch leaves out, the
                // next one of its thread does, and what it does more, the next one need not.
                if (taking_ == what::wait) continue;
                for (std::size_t j = i + 1; j != best_.stretches.size(); ++j)
                    if (best_.stretches[j].thread == each.thread) {
                        each.until = best_.stretches[j].until;
                        break;
                    }
            }
        }
        attempt_.stretches.push_back(each);
    }
}

}  // namespace twill::inline TWILL_ABI::explore
