// Random numbers from the kernel and the processor: in each run the same row of them, so that a
// schedule says all about a run.
#include "check/memory_mode.hpp"
#include "check/scheduler.hpp"
#include "check/system.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace twill::inline TWILL_ABI::check {
namespace {

// Copied with the process at each fork, so each run begins with it.
constinit std::uint64_t state = 0;

// splitmix64.
std::uint64_t next_word() noexcept {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

void fill(void* to, std::size_t size, const void* place) noexcept {
    auto* at = static_cast<unsigned char*>(to);
    for (std::size_t left = size; left != 0;) {
        const std::uint64_t word = next_word();
        const std::size_t part = left < sizeof word ? left : sizeof word;
        std::memcpy(at, &word, part);
        at += part;
        left -= part;
    }
    write_range(to, size, place);
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED ssize_t getrandom(void* to, std::size_t size, unsigned flags) {
    if (!controlled())
        return with_errno(raw_syscall(SYS_getrandom, as_word(to), static_cast<long>(size),
                                      static_cast<long>(flags)));
    fill(to, size, TWILL_CALLER);
    return static_cast<ssize_t>(size);
}

TWILL_INTERPOSED int getentropy(void* to, std::size_t size) {
    constexpr std::size_t most = 256;
    if (size > most) {
        errno = EIO;
        return -1;
    }
    if (controlled()) {
        fill(to, size, TWILL_CALLER);
        return 0;
    }
    return with_errno(raw_syscall(SYS_getrandom, as_word(to), static_cast<long>(size), 0)) < 0 ? -1
                                                                                               : 0;
}

// Of newer C libraries.
TWILL_INTERPOSED std::uint32_t arc4random() noexcept {
    std::uint32_t value = 0;
    if (controlled())
        fill(&value, sizeof value, TWILL_CALLER);
    else
        raw_syscall(SYS_getrandom, as_word(&value), sizeof value, 0);
    return value;
}

// std::random_device::operator(), which asks the processor by an instruction.
// NOLINTNEXTLINE(readability-identifier-naming)
TWILL_INTERPOSED unsigned _ZNSt13random_device9_M_getvalEv(void* device) {
    if (!controlled()) {
        static auto* const ask = real<unsigned(void*)>("_ZNSt13random_device9_M_getvalEv");
        if (ask != nullptr) return ask(device);
    }
    unsigned value = 0;
    fill(&value, sizeof value, TWILL_CALLER);
    return value;
}
