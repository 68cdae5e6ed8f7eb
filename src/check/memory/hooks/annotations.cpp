// What programs tell the thread sanitizer by hand: mutexes of their own, fibers, what to overlook.
//
// <sanitizer/tsan_interface.h> declares the first kind, the Annotate... functions are those of
// Valgrind's and TSan's dynamic annotations.
#include "check/memory_mode.hpp"
#include "check/scheduler.hpp"
#include "check/system.hpp"

using namespace twill::check;

namespace {

// Flags of <sanitizer/tsan_interface.h>.
constexpr unsigned try_lock_failed = 1U << 5U;
constexpr unsigned switch_without_order = 1U << 0U;

void acquire(const volatile void* object) noexcept {
    if (const thread* const me = self()) memory_acquired(*me, const_cast<const void*>(object));
}
void release(const volatile void* object) noexcept {
    if (const thread* const me = self()) memory_released(*me, const_cast<const void*>(object));
}

}  // namespace

// ---- order

TWILL_INTERPOSED void __tsan_acquire(void* object) { acquire(object); }
TWILL_INTERPOSED void __tsan_release(void* object) { release(object); }
TWILL_INTERPOSED void AnnotateHappensBefore(const char*, int, const volatile void* object) {
    release(object);
}
TWILL_INTERPOSED void AnnotateHappensAfter(const char*, int, const volatile void* object) {
    acquire(object);
}

// ---- mutexes of the program's own. What they are made of is explored as any other code, but how
// they do it is their business: no races inside.

TWILL_INTERPOSED void __tsan_mutex_create(void*, unsigned) {}
TWILL_INTERPOSED void __tsan_mutex_destroy(void*, unsigned) {}
TWILL_INTERPOSED void __tsan_mutex_pre_lock(void*, unsigned) { ignore_accesses(true); }
TWILL_INTERPOSED void __tsan_mutex_post_lock(void* mutex, unsigned flags, int) {
    ignore_accesses(false);
    if ((flags & try_lock_failed) == 0) acquire(mutex);
}
TWILL_INTERPOSED int __tsan_mutex_pre_unlock(void* mutex, unsigned) {
    release(mutex);
    ignore_accesses(true);
    return 1;
}
TWILL_INTERPOSED void __tsan_mutex_post_unlock(void*, unsigned) { ignore_accesses(false); }
TWILL_INTERPOSED void __tsan_mutex_pre_signal(void*, unsigned) { ignore_accesses(true); }
TWILL_INTERPOSED void __tsan_mutex_post_signal(void*, unsigned) { ignore_accesses(false); }
TWILL_INTERPOSED void __tsan_mutex_pre_divert(void*, unsigned) { ignore_accesses(false); }
TWILL_INTERPOSED void __tsan_mutex_post_divert(void*, unsigned) { ignore_accesses(true); }
TWILL_INTERPOSED void __tsan_check_no_mutexes_held() {}

TWILL_INTERPOSED void AnnotateRWLockCreate(const char*, int, const volatile void*) {}
TWILL_INTERPOSED void AnnotateRWLockCreateStatic(const char*, int, const volatile void*) {}
TWILL_INTERPOSED void AnnotateRWLockDestroy(const char*, int, const volatile void*) {}
TWILL_INTERPOSED void AnnotateRWLockAcquired(const char*, int, const volatile void* lock,
                                             unsigned long) {
    acquire(lock);
}
TWILL_INTERPOSED void AnnotateRWLockReleased(const char*, int, const volatile void* lock,
                                             unsigned long) {
    release(lock);
}

// ---- what to overlook

TWILL_INTERPOSED void __tsan_ignore_thread_begin() { ignore_accesses(true); }
TWILL_INTERPOSED void __tsan_ignore_thread_end() { ignore_accesses(false); }
TWILL_INTERPOSED void AnnotateIgnoreReadsBegin(const char*, int) { ignore_accesses(true); }
TWILL_INTERPOSED void AnnotateIgnoreReadsEnd(const char*, int) { ignore_accesses(false); }
TWILL_INTERPOSED void AnnotateIgnoreWritesBegin(const char*, int) { ignore_accesses(true); }
TWILL_INTERPOSED void AnnotateIgnoreWritesEnd(const char*, int) { ignore_accesses(false); }
TWILL_INTERPOSED void AnnotateIgnoreSyncBegin(const char*, int) {}
TWILL_INTERPOSED void AnnotateIgnoreSyncEnd(const char*, int) {}
TWILL_INTERPOSED void AnnotateBenignRace(const char*, int, const volatile void* address,
                                         const char*) {
    benign_race(const_cast<const void*>(address), 1);
}
TWILL_INTERPOSED void AnnotateBenignRaceSized(const char*, int, const volatile void* address,
                                              unsigned long size, const char*) {
    benign_race(const_cast<const void*>(address), size);
}
TWILL_INTERPOSED void WTFAnnotateBenignRaceSized(const char*, int, const volatile void* address,
                                                 unsigned long size, const char*) {
    benign_race(const_cast<const void*>(address), size);
}
TWILL_INTERPOSED void WTFAnnotateHappensBefore(const char*, int, const volatile void* object) {
    release(object);
}
TWILL_INTERPOSED void WTFAnnotateHappensAfter(const char*, int, const volatile void* object) {
    acquire(object);
}
TWILL_INTERPOSED void AnnotateNewMemory(const char*, int, const volatile void* begin,
                                        unsigned long size) {
    memory_begins_anew(const_cast<const void*>(begin), size);
}
TWILL_INTERPOSED void AnnotateThreadName(const char*, int, const char*) {}
TWILL_INTERPOSED void AnnotateFlushState(const char*, int) {}
TWILL_INTERPOSED int RunningOnValgrind() { return 0; }

// ---- fibers

TWILL_INTERPOSED void* __tsan_get_current_fiber() { return current_flow(); }
TWILL_INTERPOSED void* __tsan_create_fiber(unsigned) { return make_flow(); }
TWILL_INTERPOSED void __tsan_destroy_fiber(void*) {}
TWILL_INTERPOSED void __tsan_switch_to_fiber(void* fiber, unsigned flags) {
    switch_flow(static_cast<flow*>(fiber), (flags & switch_without_order) == 0);
}
TWILL_INTERPOSED void __tsan_set_fiber_name(void*, const char*) {}

// ---- libraries that are not instrumented, and tell of their objects

TWILL_INTERPOSED void* __tsan_external_register_tag(const char* name) {
    return const_cast<char*>(name);
}
TWILL_INTERPOSED void __tsan_external_register_header(void*, const char*) {}
TWILL_INTERPOSED void __tsan_external_assign_tag(void*, void*) {}
TWILL_INTERPOSED void __tsan_external_read(void* address, void* pc, void*) {
    access(address, 1, access_record::plain_read, pc);
}
TWILL_INTERPOSED void __tsan_external_write(void* address, void* pc, void*) {
    access(address, 1, access_record::write, pc);
}

TWILL_INTERPOSED void __tsan_flush_memory() {}
TWILL_INTERPOSED void __sanitizer_print_stack_trace() {}
TWILL_INTERPOSED void __sanitizer_set_death_callback(void (*)()) {}
