// The names that every twill header opens with.
//
// All of twill lives in `twill::<TWILL_ABI>`, an inline namespace that carries the version and the
// flavour of the library. The simulated runtime is built as a second library under another name, so
// that a program which mixes the two does not link instead of misbehaving.
//
//     namespace twill::inline TWILL_ABI { class thing; }   // users write twill::thing
#pragma once

#define TWILL_VERSION_MAJOR 0
#define TWILL_VERSION_MINOR 1
#define TWILL_VERSION_PATCH 0
#define TWILL_VERSION "0.1.0"

// What twill cannot do without. CMake's find_package looks closer; who compiles by hand or by
// pkg-config is told here. TWILL_ANY_COMPILER: for who only looks at the headers, or uses some that
// need nothing of it, as parts of `twill check` do.
#ifndef TWILL_ANY_COMPILER
#if __cplusplus < 202002L
#error "twill needs C++20: compile with -std=c++20"
#endif
#ifndef __cpp_exceptions
#error "twill needs exceptions: compile without -fno-exceptions"
#endif
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
#error "twill: g++ before 13 destroys what is awaited twice; use g++ 13 or clang++ 16, or newer"
#endif
#endif

// A build for tests may have its own; it names a header that says so.
#ifdef TWILL_FLAVOUR
#include TWILL_FLAVOUR
#endif

#ifndef TWILL_ABI
#define TWILL_ABI v0_1
#endif

// What each thread has of its own. A flavour that runs all threads on one, one at a time, says
// where such variables are to lie, so that it can exchange them; they must be constant-initialised.
#ifndef TWILL_THREAD_LOCAL
#define TWILL_THREAD_LOCAL thread_local
// For those that hot paths read: one load relative to the thread pointer.
#define TWILL_INITIAL_EXEC [[gnu::tls_model("initial-exec")]]
#endif

// The address and thread sanitizers get a build without tricks: no frame recycling (it would hide a
// use after free) and no reliance on tail calls (they are not guaranteed there).
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TWILL_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define TWILL_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(TWILL_ASAN)
#define TWILL_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(TWILL_TSAN)
#define TWILL_TSAN 1
#endif

// What the shared library shows to the outside; everything else is hidden.
#if defined(TWILL_SHARED)
#define TWILL_API __attribute__((visibility("default")))
#else
#define TWILL_API
#endif
