// How the check library reaches the kernel and the real C library.
//
// The library stands in for functions that its own code, the compiler's and libstdc++'s would call
// as well; so what it needs from the kernel it asks for directly, and what it forwards it looks up.
#pragma once

#include <twill/core/atomic.hpp>

#include <dlfcn.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>

// The definition of a function that stands in for the C library's.
#define TWILL_INTERPOSED extern "C" __attribute__((visibility("default")))

namespace twill::inline TWILL_ABI::check {

// A system call, not through the C library's `syscall`, which is interposed. Gives -errno.
inline long raw_syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                        long f = 0) noexcept {
#if defined(__x86_64__)
    long result = 0;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#else
#error "twill check knows x86-64 and aarch64"
#endif
}

// From there to what the C library's functions give: -1 and errno.
inline long with_errno(long result) noexcept {
    if (result >= 0 || result < -4095) return result;
    errno = static_cast<int>(-result);
    return -1;
}

template <class T>
long as_word(T* pointer) noexcept {
    return reinterpret_cast<long>(pointer);
}

// A word that one thread waits on until another sets it. Not copyable, no destructor.
class gate {
public:
    void open() noexcept;
    // Waits for one `open`, and closes again behind the caller.
    void pass() noexcept;

private:
    twill::atomic<std::uint32_t> open_{0};
};

// The next definition of `name` after the library's own: the real one.
template <class Function>
Function* real(const char* name) noexcept {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

// A real function that is looked up once. All of them lie in a section of their own, so that the
// server looks them up, and not each run again.
struct real_function {
    const char* name;
    void* found;

    void* get() noexcept {
        if (found == nullptr) found = ::dlsym(RTLD_NEXT, name);
        return found;
    }
};
void look_up_real_functions() noexcept;

template <class Function>
Function* as_function(void* address) noexcept {
    return reinterpret_cast<Function*>(address);
}

// The real function of that name.
#define TWILL_REAL(name) TWILL_REAL_AS(name, decltype(::name))
// The same for one that C++ knows otherwise.
#define TWILL_REAL_AS(name, type)                                                            \
    (::twill::check::as_function<type>([]() noexcept {                                       \
        __attribute__((section("twill_real"),                                                \
                       used)) static constinit ::twill::check::real_function entry{#name,    \
                                                                                   nullptr}; \
        return entry.get();                                                                  \
    }()))

// Says so on standard error and ends the process: for what must not happen.
[[noreturn]] void give_up(const char* what) noexcept;

// Ends the process at once: no handlers, no buffers.
[[noreturn]] void leave(int status) noexcept;

}  // namespace twill::inline TWILL_ABI::check
