#include <twill/par/detail/side_memory.hpp>

#include <sys/mman.h>

#include <cstdint>
#include <limits>
#include <new>

namespace twill::inline TWILL_ABI {
namespace detail {

namespace {

constexpr std::size_t line = 64;
constexpr std::size_t huge = std::size_t{2} << 20;

constexpr std::align_val_t alignment_of(std::size_t bytes) noexcept {
    return std::align_val_t(bytes >= 2 * huge ? huge : line);
}

}  // namespace

void* allocate_side_memory(std::size_t bytes) {
    const std::align_val_t alignment = alignment_of(bytes);
    const auto unit = static_cast<std::size_t>(alignment);
    if (bytes > std::numeric_limits<std::size_t>::max() - unit) throw std::bad_alloc();
    const std::size_t rounded = (bytes + unit - 1) / unit * unit;
    void* const memory = ::operator new(rounded != 0 ? rounded : line, alignment);
    // Advice only: without huge pages it is merely slower.
    if (unit == huge) static_cast<void>(::madvise(memory, rounded, MADV_HUGEPAGE));
    return memory;
}

void touch_in_large_pages(void* memory, std::size_t bytes) noexcept {
    // Whole huge pages within: what surrounds them belongs to others.
    const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + huge - 1) / huge * huge;
    const auto end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / huge * huge;
    if (bytes >= 2 * huge && begin < end)
        // NOLINTNEXTLINE(performance-no-int-to-ptr): it was one
        static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
}

void release_side_memory(void* memory, std::size_t bytes) noexcept {
    ::operator delete(memory, alignment_of(bytes));
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
