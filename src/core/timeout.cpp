#include <twill/core/timeout.hpp>

namespace twill::inline TWILL_ABI::detail {

void group_timer::start() noexcept {
    group_.expect();
    group_.home().arm(*this);
}

void group_timer::branch_ended(const branch& /*which*/) noexcept {
    // The branch has not counted down yet, so this is not the last.
    if (group_.home().disarm(*this)) group_.child_ended(nullptr);
}

void group_timer::expired(timer& self) noexcept {
    auto& limit = static_cast<group_timer&>(self);
    limit.act();
    if (const auto owner = limit.group_.child_ended(nullptr)) resume(owner);
}

void deadline_timer::act() noexcept {
    was_first_ = !group_.cancel_requested();
    group_.request_cancel();
}

}  // namespace twill::inline TWILL_ABI::detail
