// Pages that come and go: what lay there before has nothing to do with what comes to lie there.
#include "check/memory/hooks/caller_ranges.hpp"
#include "check/system.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>

using namespace twill::check;

namespace {

void* map(void* wanted, std::size_t size, int rights, int flags, int file, off_t from) noexcept {
    const long mapped = with_errno(
        raw_syscall(SYS_mmap, as_word(wanted), static_cast<long>(size), rights, flags, file, from));
    if (mapped == -1) return MAP_FAILED;
    memory_begins_anew(reinterpret_cast<void*>(mapped), size);
    return reinterpret_cast<void*>(mapped);
}

}  // namespace

TWILL_INTERPOSED void* mmap(void* wanted, std::size_t size, int rights, int flags, int file,
                            off_t from) noexcept {
    return map(wanted, size, rights, flags, file, from);
}
TWILL_INTERPOSED void* mmap64(void* wanted, std::size_t size, int rights, int flags, int file,
                              off64_t from) noexcept {
    return map(wanted, size, rights, flags, file, from);
}

TWILL_INTERPOSED int munmap(void* begin, std::size_t size) noexcept {
    // As freeing is, this is a use. Of many pages, so much is looked at.
    constexpr std::size_t most = 1024;
    writes(begin, std::min(size, most), TWILL_CALLER);
    const long result = raw_syscall(SYS_munmap, as_word(begin), static_cast<long>(size));
    if (result == 0) memory_begins_anew(begin, size);
    return static_cast<int>(with_errno(result));
}
