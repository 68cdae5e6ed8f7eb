// pthread_cancel. A request is noted, and acted upon by its thread where POSIX says so: at the
// functions that are cancellation points, on the way in or while they wait.
//
//     TWILL_INTERPOSED int sem_wait(sem_t* semaphore) {
//         if (!controlled()) ...
//         const cancellation_point here;        // ends the thread if that was asked for
//         const int result = acquire(...);      // a wait that is cut short ends as timed out
//         here.leave();                         // ends it then
//         return result;
//     }
//
// A thread is ended as pthread_exit does, by unwinding its stack: so only from functions that are
// not noexcept, and outside of the library's own code.
#pragma once

#include "check/scheduler.hpp"

namespace twill::inline TWILL_ABI::check {

class cancellation_point {
public:
    cancellation_point();
    ~cancellation_point();
    cancellation_point(const cancellation_point&) = delete;
    cancellation_point& operator=(const cancellation_point&) = delete;
    void leave() const;

private:
    thread* self_;
};

}  // namespace twill::inline TWILL_ABI::check
