#include "heap.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace twill::inline TWILL_ABI::check {
namespace {

constexpr std::size_t slab_bytes = std::size_t{1} << 16;
constexpr std::size_t largest_small = std::size_t{1} << 15;
constexpr std::size_t most_memory = std::size_t{1} << 36;
constexpr std::size_t most_blocks = std::size_t{1} << 26;
constexpr std::size_t most_junk = 4096;  // a block's begin is what most uses look at
// Nothing else is usually there, on x86-64 and with 48 bits on aarch64.
constexpr std::uintptr_t usual_place = 0x2f00'0000'0000;

// ---- size classes: by 16 up to 128, then four a doubling

constexpr std::size_t class_count = 40;

constexpr auto class_bytes = [] {
    std::array<std::uint32_t, class_count> bytes{};
    for (std::size_t i = 0; i != class_count; ++i)
        bytes[i] = static_cast<std::uint32_t>(
            i < 8 ? 16 * (i + 1) : (std::size_t{32} << (i / 4 - 2)) * (5 + i % 4));
    return bytes;
}();
static_assert(class_bytes[7] == 128 && class_bytes[8] == 160 && class_bytes[11] == 256 &&
              class_bytes[class_count - 1] == largest_small);

// offset / class_bytes, for offsets in a slab, is offset * inverse >> 32.
constexpr auto inverse = [] {
    std::array<std::uint64_t, class_count> of{};
    for (std::size_t i = 0; i != class_count; ++i)
        of[i] = ((std::uint64_t{1} << 32) + class_bytes[i] - 1) / class_bytes[i];
    return of;
}();

// The smallest class for `bytes` at multiples of `alignment`. Slabs are aligned to their size, so a
// block is aligned as its class's size is.
std::uint16_t class_of(std::size_t bytes, std::size_t alignment) noexcept {
    std::size_t found = static_cast<std::size_t>(
        std::lower_bound(class_bytes.begin(), class_bytes.end(), bytes) - class_bytes.begin());
    while (class_bytes[found] % alignment != 0) ++found;
    return static_cast<std::uint16_t>(found);
}

std::uintptr_t align(std::uintptr_t address, std::size_t to) noexcept {
    return (address + to - 1) & ~(std::uintptr_t{to} - 1);
}

void* pointer(std::uintptr_t address) noexcept { return reinterpret_cast<void*>(address); }

}  // namespace

// ---- where blocks come from

bool heap::start() noexcept {
    static_assert(most_classes == class_count);
    if (!memory_.reserve(most_memory, usual_place) || !blocks_.reserve(most_blocks) ||
        !slabs_.reserve(most_memory / slab_bytes))
        return false;
    first_slab_ = align(memory_.begin(), slab_bytes);
    return blocks_.extend(1) != nullptr;  // index 0 says "none"
}

// The first of `count` new ones; 0: no memory.
std::uint32_t heap::make_blocks(std::size_t count) noexcept {
    const auto first = static_cast<std::uint32_t>(blocks_.size());
    return blocks_.extend(count) == nullptr ? 0 : first;
}

// New slabs; 0: no memory.
std::uintptr_t heap::take_slabs(std::size_t count, std::size_t alignment, slab what) noexcept {
    const std::uintptr_t next = first_slab_ + slabs_.size() * slab_bytes;
    const std::size_t skipped = (align(next, alignment) - next) / slab_bytes;
    const std::uintptr_t begin = next + skipped * slab_bytes;
    if (count > most_memory / slab_bytes ||
        !memory_.grow(begin + count * slab_bytes - memory_.begin()))
        return 0;
    slab* const made = slabs_.extend(skipped + count);
    if (made == nullptr) return 0;
    std::fill_n(made + skipped, count, what);
    return begin;
}

std::uint32_t heap::take_small(std::uint16_t size_class) noexcept {
    class_state& its = classes_[size_class];
    if (const std::uint32_t found = its.reusable; found != 0) {
        its.reusable = blocks_[found].next;
        return found;
    }
    if (its.at == its.end) {
        const std::size_t bytes = class_bytes[size_class], count = slab_bytes / bytes;
        const std::uint32_t first = make_blocks(count);
        if (first == 0) return 0;
        const std::uintptr_t begin = take_slabs(1, slab_bytes, {first, size_class});
        if (begin == 0) return 0;
        its.at = first;
        its.end = first + static_cast<std::uint32_t>(count);
        // The others' addresses follow from it; most of them are never touched.
        blocks_[first].address = begin;
    } else {
        blocks_[its.at].address = blocks_[its.at - 1].address + class_bytes[size_class];
    }
    blocks_[its.at].size_class = size_class;
    return its.at++;
}

std::uint32_t heap::take_large(std::size_t size, std::size_t alignment) noexcept {
    if (size > most_memory) return 0;
    const std::size_t slabs = (size + slab_bytes) / slab_bytes;  // a byte is left at least
    for (std::uint32_t* link = &reusable_large_; *link != 0; link = &blocks_[*link].next) {
        block& old = blocks_[*link];
        if (old.slabs < slabs || old.slabs > 2 * slabs || old.address % alignment != 0) continue;
        const std::uint32_t found = *link;
        *link = old.next;
        return found;
    }
    const std::uint32_t made = make_blocks(1);
    if (made == 0) return 0;
    const std::uintptr_t begin = take_slabs(slabs, alignment, {made, large_class});
    if (begin == 0) return 0;
    blocks_[made].address = begin;
    blocks_[made].slabs = static_cast<std::uint32_t>(slabs);
    blocks_[made].size_class = large_class;
    return made;
}

void* heap::allocate(std::size_t size, origin by, std::size_t alignment, bool zeroed) noexcept {
    if (memory_.reserved() == 0 && !start()) return nullptr;
    alignment = std::max<std::size_t>(alignment, 16);
    // A byte more at least, so that the first one behind the block is known to be.
    const std::size_t room = std::max(size + 1, alignment);
    const bool small = size < largest_small && room <= largest_small;
    const std::uint32_t taken =
        small ? take_small(class_of(room, alignment)) : take_large(size, alignment);
    if (taken == 0) return nullptr;

    block& its = blocks_[taken];
    // Large ones are zeroes in any case: new, or given back to the kernel.
    if (zeroed && small) std::memset(pointer(its.address), 0, size);
    its.size = size;
    its.allocated = by;
    its.freed = {};
    its.now = state::allocated;
    return pointer(its.address);
}

bool heap::resize(void* begin, std::size_t size) noexcept {
    block* const its = find(reinterpret_cast<std::uintptr_t>(begin));
    if (its == nullptr || its->now != state::allocated || its->size_class != large_class ||
        its->address != reinterpret_cast<std::uintptr_t>(begin))
        return false;
    const std::size_t room = capacity(*its);
    if (size >= room || size < room / 2) return false;
    its->size = size;
    return true;
}

// ---- where they go

heap::release_result heap::release(void* begin, origin by) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(begin);
    block* const its = find(address);
    if (its == nullptr) return release_result::not_a_block;
    if (its->now != state::allocated) return release_result::twice;
    if (its->address != address) return release_result::not_its_begin;
    its->now = state::freed;
    its->freed = by;
    if (its->size_class == large_class)
        madvise(begin, its->slabs * slab_bytes, MADV_DONTNEED);
    else
        std::memset(begin, junk, std::min(its->size, most_junk));
    detain(static_cast<std::uint32_t>(its - &blocks_[0]));
    return release_result::freed;
}

void heap::detain(std::uint32_t freed) noexcept {
    blocks_[freed].next = 0;
    (oldest_ == 0 ? oldest_ : blocks_[youngest_].next) = freed;
    youngest_ = freed;
    waiting_bytes_ += capacity(blocks_[freed]);
    ++waiting_blocks_;
    while (waiting_blocks_ > 1 &&
           (waiting_bytes_ > quarantine_bytes || waiting_blocks_ > quarantine_blocks))
        let_go();
}

// The block that waited longest can be given again.
void heap::let_go() noexcept {
    const std::uint32_t freed = oldest_;
    block& its = blocks_[freed];
    oldest_ = its.next;
    waiting_bytes_ -= capacity(its);
    --waiting_blocks_;
    its.now = state::reusable;
    const bool is_large = its.size_class == large_class;
    // Somebody may have written there all the same.
    if (is_large) madvise(pointer(its.address), its.slabs * slab_bytes, MADV_DONTNEED);
    std::uint32_t& list = is_large ? reusable_large_ : classes_[its.size_class].reusable;
    its.next = list;
    list = freed;
}

// ---- whose is that?

heap::block* heap::find(std::uintptr_t address) noexcept {
    const std::size_t offset = address - first_slab_, index = offset / slab_bytes;
    if (address < first_slab_ || index >= slabs_.size()) return nullptr;
    const slab here = slabs_[index];
    if (here.first_block == 0) return nullptr;
    std::size_t which = here.first_block;
    if (here.size_class != large_class) {
        const std::size_t in_slab = (offset % slab_bytes) * inverse[here.size_class] >> 32;
        if (in_slab == slab_bytes / class_bytes[here.size_class])
            return nullptr;  // the slab's rest
        which += in_slab;
    }
    block& found = blocks_[which];
    return found.now == state::never_used ? nullptr : &found;
}

std::size_t heap::capacity(const block& which) const noexcept {
    return which.size_class == large_class ? which.slabs * slab_bytes
                                           : class_bytes[which.size_class];
}

}  // namespace twill::inline TWILL_ABI::check
