#include <twill/core/wall_clock.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI {

void clock_watchers::add(clock_watcher& who) noexcept {
    std::lock_guard hold(lock_);
    who.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &who;
    first_ = &who;
}

void clock_watchers::remove(clock_watcher& who) noexcept {
    std::lock_guard hold(lock_);
    if (who.next_ != nullptr) who.next_->previous_ = who.previous_;
    (who.previous_ != nullptr ? who.previous_->next_ : first_) = who.next_;
}

void clock_watchers::tell_all() noexcept {
    std::lock_guard hold(lock_);
    for (clock_watcher* each = first_; each != nullptr; each = each->next_) each->clock_was_set();
}

}  // namespace twill::inline TWILL_ABI
