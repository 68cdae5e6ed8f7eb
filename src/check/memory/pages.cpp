#include "pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace twill::inline TWILL_ABI::check {

void* map_pages(std::size_t bytes) noexcept {
    void* const pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) {
        constexpr char why[] =
            "twill check: the kernel gives no more memory for what the check itself keeps; a limit "
            "on the address space (ulimit -v) has to go\n";
        [[maybe_unused]] const auto ignored = write(STDERR_FILENO, why, sizeof(why) - 1);
        _exit(2);
    }
    // Touched thinly: a huge page would be cleared whole for a few bytes of it.
    madvise(pages, bytes, MADV_NOHUGEPAGE);
    return pages;
}

bool growing_pages::reserve(std::size_t most, std::uintptr_t wanted) noexcept {
    for (std::size_t bytes = most; bytes >= step; bytes /= 2) {
        void* const pages = mmap(reinterpret_cast<void*>(wanted), bytes, PROT_NONE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (pages == MAP_FAILED) continue;
        madvise(pages, bytes, MADV_NOHUGEPAGE);
        begin_ = reinterpret_cast<std::uintptr_t>(pages);
        reserved_ = bytes;
        return true;
    }
    return false;
}

bool growing_pages::grow(std::size_t bytes) noexcept {
    if (bytes <= usable_) return true;
    if (bytes > reserved_) return false;
    const std::size_t usable = std::min(reserved_, (bytes + step - 1) / step * step);
    if (mprotect(reinterpret_cast<void*>(begin_ + usable_), usable - usable_,
                 PROT_READ | PROT_WRITE) != 0)
        return false;
    usable_ = usable;
    return true;
}

}  // namespace twill::inline TWILL_ABI::check
