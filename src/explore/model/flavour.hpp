// What config.hpp includes in a model build: another namespace, another atomic, and a place for
// thread-local variables where they can be exchanged (thread_locals.hpp).
#pragma once

#define TWILL_ABI v0_1_model
#define TWILL_ATOMIC "explore/model/atomic.hpp"
// NOLINTNEXTLINE(bugprone-macro-parentheses)
#define TWILL_THREAD_LOCAL __attribute__((section("twill_threads")))
#define TWILL_INITIAL_EXEC
