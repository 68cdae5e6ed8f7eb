// Lets tasks of one event thread wait until something that they share has changed.
//
//     while (queue.empty()) co_await changed.next();      // looks again after each change
//     queue.push(x); changed.announce();
#pragma once

#include <twill/core/context.hpp>

#include <utility>

namespace twill_command {

class change;

class change_wait final : public twill::operation {
public:
    explicit change_wait(change& of) noexcept : operation("change"), of_(of) {}
    void await_resume() const {
        throw_if_refused();
        if (cut_short_) throw twill::cancelled();
    }

private:
    friend class change;
    bool start() noexcept override;
    void cancel() noexcept override;

    change& of_;
    change_wait* older_ = nullptr;
    bool cut_short_ = false;
};

// All of it on the event thread alone, cancellation included: so there is no lock, and no change
// can slip in between looking and waiting.
class change {
public:
    // Suspends until the next announcement. Cancelled at once.
    change_wait next() noexcept { return change_wait(*this); }

    // All who wait become ready.
    void announce() noexcept {
        change_wait* waiting = std::exchange(newest_, nullptr);
        while (waiting != nullptr) {
            // It may be gone once it is complete.
            change_wait& ready = *std::exchange(waiting, waiting->older_);
            ready.complete();
        }
    }

private:
    friend class change_wait;
    change_wait* newest_ = nullptr;
};

inline bool change_wait::start() noexcept {
    older_ = std::exchange(of_.newest_, this);
    return false;
}

inline void change_wait::cancel() noexcept {
    for (change_wait** at = &of_.newest_; *at != nullptr; at = &(*at)->older_) {
        if (*at != this) continue;
        *at = older_;
        cut_short_ = true;
        complete();
        return;
    }
}

}  // namespace twill_command
