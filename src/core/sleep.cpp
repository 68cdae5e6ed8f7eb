#include <twill/core/sleep.hpp>

namespace twill::inline TWILL_ABI::detail {

bool sleep_operation::start() noexcept {
    if (deadline == time_point::min()) {
        complete();
        return false;
    }
    if (owner().home().arm(*this)) return false;
    cut_short_ = true;
    return true;
}

void sleep_operation::cancel() noexcept {
    if (!owner().home().disarm(*this)) return;
    cut_short_ = true;
    complete();
}

void sleep_operation::expired(timer& self) noexcept {
    static_cast<sleep_operation&>(self).complete();
}

bool yield_operation::start() noexcept {
    complete();
    return false;
}

}  // namespace twill::inline TWILL_ABI::detail
