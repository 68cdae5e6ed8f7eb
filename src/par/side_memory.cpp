#include <twill/par/detail/side_memory.hpp>

#include <sys/mman.h>

#include <cstdlib>
#include <limits>
#include <new>

namespace twill::inline TWILL_ABI {
namespace detail {

void* allocate_side_memory(std::size_t bytes) {
    constexpr std::size_t line = 64;
    constexpr std::size_t huge = std::size_t{2} << 20;
    const std::size_t unit = bytes >= 2 * huge ? huge : line;
    if (bytes > std::numeric_limits<std::size_t>::max() - unit) throw std::bad_alloc();
    const std::size_t rounded = (bytes + unit - 1) / unit * unit;
    void* const memory = std::aligned_alloc(unit, rounded != 0 ? rounded : line);
    if (memory == nullptr) throw std::bad_alloc();
    // Advice only: without huge pages it is merely slower.
    if (unit == huge) static_cast<void>(::madvise(memory, rounded, MADV_HUGEPAGE));
    return memory;
}

void release_side_memory(void* memory) noexcept { std::free(memory); }

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
