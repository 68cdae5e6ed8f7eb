// Making, ending and joining threads, for the pthread and the C11 functions alike.
#pragma once

#include "check/thread.hpp"

#include <pthread.h>

#include <cstdint>

namespace twill::inline TWILL_ABI::check {

// Once, before the program can make a key of its own.
void prepare_thread_ends() noexcept;
// The calling thread will tell when it ends.
void notice_end_of(thread& me) noexcept;

// As pthread_create and pthread_join (deadline: virtual time).
int make_thread(pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*),
                void* argument, const void* place) noexcept;
// `start` gets the thread's own record, which has `c11_start` and its argument.
int make_c11_thread(pthread_t* handle, void* (*start)(void*), void* c11_start, void* argument,
                    const void* place) noexcept;
int join_thread(pthread_t handle, void** result, std::uint64_t deadline,
                const void* place) noexcept;

}  // namespace twill::inline TWILL_ABI::check
