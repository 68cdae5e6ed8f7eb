// Guards of local statics: who finds one initialised has seen the initialisation.
//
// The C++ library's own functions do the work, and wait by a futex, which is modelled. All that is
// added is the order, which memory mode cannot see in a library that is not instrumented. The
// compiler's quick look at a guard is an atomic load of the same address.
#include "check/memory_mode.hpp"
#include "check/scheduler.hpp"
#include "check/system.hpp"

using namespace twill::check;

namespace {

using acquire_function = int(void*);
using release_function = void(void*);

}  // namespace

TWILL_INTERPOSED int __cxa_guard_acquire(void* guard) {
    static auto* const acquire = real<acquire_function>("__cxa_guard_acquire");
    if (controlled()) point({action::run_once, object_kind::once, guard, TWILL_CALLER});
    const int is_mine = acquire(guard);
    if (controlled()) acquired(object_kind::once, guard);
    return is_mine;
}

TWILL_INTERPOSED void __cxa_guard_release(void* guard) {
    static auto* const release = real<release_function>("__cxa_guard_release");
    if (controlled()) released(object_kind::once, guard);
    release(guard);
    if (controlled()) point_behind(TWILL_CALLER);
}
