// pthread_cancel, pthread_testcancel, and what a thread says about being cancelled.
//
// Asynchronous cancellation is treated as the deferred one: it comes later than it may.
#include "check/cancellation.hpp"

#include "check/system.hpp"

#include <pthread.h>

#include <cerrno>

namespace twill::inline TWILL_ABI::check {
namespace {

[[noreturn]] void end_cancelled(thread& me) {
    me.cancellable = false;
    me.cut_short = false;
    me.cancel_wanted = false;
    // The handlers that run now are not cut short again.
    me.cancel_disabled = true;
    TWILL_REAL(pthread_exit)(PTHREAD_CANCELED);
    __builtin_unreachable();
}

}  // namespace

cancellation_point::cancellation_point() : self_(self()) {
    if (self_ == nullptr) return;
    if (self_->cancel_wanted && !self_->cancel_disabled) end_cancelled(*self_);
    self_->cancellable = true;
}

cancellation_point::~cancellation_point() {
    if (self_ != nullptr) self_->cancellable = false;
}

void cancellation_point::leave() const {
    if (self_ == nullptr) return;
    self_->cancellable = false;
    if (self_->cut_short) end_cancelled(*self_);
}

}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int pthread_cancel(pthread_t handle) {
    if (!controlled()) return TWILL_REAL(pthread_cancel)(handle);
    thread* const target = find_thread(handle);
    if (target == nullptr) {
        note(finding_kind::use_after_join,
             {action::send_signal, object_kind::none, nullptr, TWILL_CALLER},
             "cancels a thread that was joined, or has ended after it was detached");
        return ESRCH;
    }
    point({action::send_signal, object_kind::thread, target, TWILL_CALLER});
    target->cancel_wanted = true;
    changed();
    point_behind(TWILL_CALLER);
    return 0;
}

TWILL_INTERPOSED void pthread_testcancel() {
    if (!controlled()) return TWILL_REAL(pthread_testcancel)();
    point({action::handle_signal, object_kind::none, nullptr, TWILL_CALLER});
    const cancellation_point here;
}

TWILL_INTERPOSED int pthread_setcancelstate(int state, int* before) {
    thread* const me = self();
    if (me == nullptr) return TWILL_REAL(pthread_setcancelstate)(state, before);
    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE) return EINVAL;
    if (before != nullptr)
        *before = me->cancel_disabled ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
    me->cancel_disabled = state == PTHREAD_CANCEL_DISABLE;
    return 0;
}
