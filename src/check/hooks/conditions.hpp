// Condition variables, for the pthread and the C11 functions alike.
//
// Who waits is known by the threads' own records; nothing lies in the pthread_cond_t.
#pragma once

#include "check/thread.hpp"

#include <pthread.h>

#include <cstdint>

namespace twill::inline TWILL_ABI::check {

int wait_at_condition(pthread_cond_t& condition, pthread_mutex_t& mutex, const void* place,
                      std::uint64_t deadline = never);
void notify_one(pthread_cond_t& condition, const void* place) noexcept;
void notify_all(pthread_cond_t& condition, const void* place) noexcept;

}  // namespace twill::inline TWILL_ABI::check
