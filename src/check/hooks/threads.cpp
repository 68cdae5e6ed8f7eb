// pthread_create and what goes with it.
//
// A thread has a real one beneath it, which the real pthread_create makes: it has a real stack,
// real thread-local storage, and libc knows it. It waits for the baton before the program's
// function runs. Its end, as far as the program can tell, comes after its last destructor of
// thread-local data, in `at_thread_end`.
#include "check/hooks/threads.hpp"

#include "check/cancellation.hpp"
#include "check/failure.hpp"
#include "check/hooks/deadlines.hpp"
#include "check/memory_mode.hpp"
#include "check/scheduler.hpp"

#include <climits>

#include <cerrno>
#include <cstring>

namespace twill::inline TWILL_ABI::check {
namespace {

pthread_key_t end_key{};

// The destructor of a key that is the first to be made, so the first of a round. Destructors of
// thread-local objects come before all keys; those of the program's own keys that do not set
// themselves again are done when the last round begins.
void at_thread_end(void* argument) {
    auto& me = *static_cast<thread*>(argument);
    if (!in_run()) return;
    if (++me.end_rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        TWILL_REAL(pthread_setspecific)(end_key, argument);
        return;
    }
    end_thread(me);
}

void* run_thread(void* argument) {
    auto& me = *static_cast<thread*>(argument);
    give_signal_stack(me.index);
    notice_end_of(me);
    begin_thread(me);
    return me.start(me.argument);
}

bool has_ended(const thread& asking) noexcept {
    return static_cast<const thread*>(asking.next.object)->state == thread_state::ended;
}

const thread* target_of(const thread& asking) noexcept {
    return static_cast<const thread*>(asking.next.object);
}

thread& new_thread() noexcept {
    const no_switching inside;
    thread* const made = add_thread(nullptr, nullptr);
    if (made == nullptr) fail(finding_kind::too_large, {}, "more threads than twill check keeps");
    return *made;
}

// Makes the real one.
int set_off(thread& made, pthread_t* handle, const pthread_attr_t* attributes,
            const void* place) noexcept {
    {
        const no_switching inside;
        const int error = TWILL_REAL(pthread_create)(&made.handle, attributes, &run_thread, &made);
        if (error != 0) {
            remove_thread(made);
            return error;
        }
        *handle = made.handle;
    }
    point({action::spawn, object_kind::thread, &made, place});
    return 0;
}

}  // namespace

void prepare_thread_ends() noexcept {
    if (TWILL_REAL(pthread_key_create)(&end_key, &at_thread_end) != 0)
        give_up("no thread-local key is left");
}

void notice_end_of(thread& me) noexcept { TWILL_REAL(pthread_setspecific)(end_key, &me); }

int make_thread(pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*),
                void* argument, const void* place) noexcept {
    int detached = PTHREAD_CREATE_JOINABLE;
    if (attributes != nullptr) ::pthread_attr_getdetachstate(attributes, &detached);
    thread& made = new_thread();
    made.start = start;
    made.argument = argument;
    made.joinable = detached == PTHREAD_CREATE_JOINABLE;
    return set_off(made, handle, attributes, place);
}

int make_c11_thread(pthread_t* handle, void* (*start)(void*), void* c11_start, void* argument,
                    const void* place) noexcept {
    thread& made = new_thread();
    made.start = start;
    made.argument = &made;
    made.c11_start = c11_start;
    made.c11_argument = argument;
    return set_off(made, handle, nullptr, place);
}

int join_thread(pthread_t handle, void** result, std::uint64_t deadline,
                const void* place) noexcept {
    thread* const target = find_thread(handle);
    if (target == nullptr) {
        note(finding_kind::use_after_join, {action::join, object_kind::none, nullptr, place},
             "joins a thread that was joined, or has ended after it was detached");
        return ESRCH;
    }
    if (target == self()) return EDEADLK;
    if (!target->joinable) return EINVAL;
    const auto end = wait_until({action::join, object_kind::thread, target, place}, &has_ended,
                                {.deadline = deadline, .holder = &target_of});
    if (end == wait_end::timed_out) return ETIMEDOUT;
    target->forgotten = true;
    joined(*target);
    // It has given the baton away for good, and only has to leave libc.
    const no_switching inside;
    return TWILL_REAL(pthread_join)(handle, result);
}

}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int pthread_create(pthread_t* handle, const pthread_attr_t* attributes,
                                    void* (*start)(void*), void* argument) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_create)(handle, attributes, start, argument);
    return make_thread(handle, attributes, start, argument, TWILL_CALLER);
}

TWILL_INTERPOSED int pthread_join(pthread_t handle, void** result) {
    if (!controlled()) return TWILL_REAL(pthread_join)(handle, result);
    const cancellation_point here;
    const int error = join_thread(handle, result, never, TWILL_CALLER);
    here.leave();
    return error;
}

TWILL_INTERPOSED int pthread_timedjoin_np(pthread_t handle, void** result, const timespec* at) {
    if (!controlled()) return TWILL_REAL(pthread_timedjoin_np)(handle, result, at);
    if (at != nullptr && !is_time(*at)) return EINVAL;
    const cancellation_point here;
    const int error = join_thread(handle, result, deadline_at(CLOCK_REALTIME, at), TWILL_CALLER);
    here.leave();
    return error;
}

TWILL_INTERPOSED int pthread_clockjoin_np(pthread_t handle, void** result, clockid_t clock,
                                          const timespec* at) {
    if (!controlled()) return TWILL_REAL(pthread_clockjoin_np)(handle, result, clock, at);
    if (at != nullptr && !is_time(*at)) return EINVAL;
    const cancellation_point here;
    const int error = join_thread(handle, result, deadline_at(clock, at), TWILL_CALLER);
    here.leave();
    return error;
}

TWILL_INTERPOSED int pthread_tryjoin_np(pthread_t handle, void** result) noexcept {
    if (!controlled()) return TWILL_REAL(pthread_tryjoin_np)(handle, result);
    const thread* const target = find_thread(handle);
    if (target != nullptr) {
        point({action::join, object_kind::thread, target, TWILL_CALLER});
        if (target->state != thread_state::ended) return EBUSY;
    }
    return join_thread(handle, result, never, TWILL_CALLER);
}

TWILL_INTERPOSED int pthread_detach(pthread_t handle) noexcept {
    if (controlled())
        if (thread* const target = find_thread(handle)) {
            target->joinable = false;
            if (target->state == thread_state::ended) target->forgotten = true;
        }
    return TWILL_REAL(pthread_detach)(handle);
}

TWILL_INTERPOSED int pthread_setname_np(pthread_t handle, const char* name) noexcept {
    if (controlled())
        if (thread* const target = find_thread(handle))
            std::strncpy(target->name, name, sizeof target->name - 1);
    return TWILL_REAL(pthread_setname_np)(handle, name);
}
