// What config.hpp includes in a model build: another namespace, another atomic, other doors to the
// kernel, and a place for thread-local variables where they can be exchanged (thread_locals.hpp).
#pragma once

#define TWILL_ABI v0_1_model
#define TWILL_ATOMIC "explore/model/atomic.hpp"
#define TWILL_DOORS "explore/model/doors.hpp"
// NOLINTNEXTLINE(bugprone-macro-parentheses)
#define TWILL_THREAD_LOCAL __attribute__((section("twill_threads")))
#define TWILL_INITIAL_EXEC
