// Fairness: a thread that goes round a loop in vain lets the others run.
//
// Without it, a strategy that dislikes switching follows a spin loop for ever. A round is in vain
// if the thread comes to the same operation, at the same place on the same object, and since it was
// there last it has written nothing and nobody else has either. After a few vain rounds (a loop may
// well be bounded, and what comes behind it is worth a look) the thread steps back until somebody
// has written something.
#pragma once

#include "operation.hpp"

namespace twill::inline TWILL_ABI::explore {

class spinning {
public:
    // The thread is about to do `what`; `writes` counts the writes of all threads so far.
    void arrive(const operation& what, std::uint64_t writes) noexcept {
        if (writes != writes_) {
            writes_ = writes;
            rounds_ = 0;
            filled_ = 0;
        }
        if (what.kind == op_kind::yield && what.object == 0) {
            // It says itself that it has nothing better to do.
            ++rounds_;
            return;
        }
        for (unsigned i = 0; i != filled_; ++i)
            if (seen_[i].place == what.place && seen_[i].object == what.object &&
                seen_[i].kind == what.kind) {
                ++rounds_;
                filled_ = 0;  // the next sighting of any is a round further
                break;
            }
        if (filled_ != remembered) seen_[filled_++] = {what.object, what.place, what.kind};
    }

    // Vain rounds since anything was written.
    [[nodiscard]] unsigned rounds(std::uint64_t writes) const noexcept {
        return writes == writes_ ? rounds_ : 0;
    }

private:
    // Operations of one round. A longer loop is still found by its first ones.
    static constexpr unsigned remembered = 6;

    struct sighting {
        object_id object;
        place_id place;
        op_kind kind;
    };
    sighting seen_[remembered] = {};
    unsigned filled_ = 0;
    unsigned rounds_ = 0;
    std::uint64_t writes_ = 0;
};

}  // namespace twill::inline TWILL_ABI::explore
