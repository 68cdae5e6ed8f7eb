#include "shadow_memory.hpp"

#include <algorithm>

namespace twill::inline TWILL_ABI::check {

shadow_memory::shadow_memory(explore::arena& memory, source pages) noexcept
    : pages_(pages), regions_(memory), records_(memory), syncs_(memory) {
    static_assert(sizeof(access_record) == 16 && sizeof(granule) == 32);
    regions_.resize(256);
    records_.resize(1);  // index 0 says "none"
    syncs_.resize(1);
}

// ---- regions

shadow_memory::entry& shadow_memory::slot(std::uintptr_t number) noexcept {
    const std::size_t mask = regions_.size() - 1;
    std::size_t at = (number * 0x9e3779b97f4a7c15U >> 32) & mask;
    while (regions_[at].shadow != nullptr && regions_[at].number != number) at = (at + 1) & mask;
    return regions_[at];
}

shadow_memory::region* shadow_memory::find_region(std::uintptr_t number) noexcept {
    if (last_.shadow != nullptr && last_.number == number) return last_.shadow;
    const entry found = slot(number);
    if (found.shadow != nullptr) last_ = found;
    return found.shadow;
}

shadow_memory::region& shadow_memory::make_region(std::uintptr_t number) noexcept {
    if (2 * ++region_count_ > regions_.size()) {
        explore::row<entry> old =
            regions_;  // shares the entries, which `regions_` is about to leave
        const std::size_t size = 2 * old.size();
        regions_.reserve(size);
        regions_.clear();
        regions_.resize(size);
        for (const entry& each : old)
            if (each.shadow != nullptr) slot(each.number) = each;
    }
    last_ = {number, static_cast<region*>(pages_(sizeof(region)))};
    slot(number) = last_;
    return *last_.shadow;
}

granule& shadow_memory::at(std::uintptr_t address) noexcept {
    const std::uintptr_t number = address / region_bytes;
    region* const found = find_region(number);
    region& here = found != nullptr ? *found : make_region(number);
    const std::size_t index = address % region_bytes / granule_bytes;
    here.touched[index / granules_a_page] = true;
    return here.of[index];
}

granule* shadow_memory::find(std::uintptr_t address) noexcept {
    region* const here = find_region(address / region_bytes);
    return here == nullptr ? nullptr : &here->of[address % region_bytes / granule_bytes];
}

std::uint64_t shadow_memory::number(std::uintptr_t address) noexcept {
    granule& here = at(address);
    if (here.number == 0) here.number = ++numbers_;
    return std::uint64_t{here.number} * granule_bytes + address % granule_bytes;
}

// ---- records

std::uint32_t shadow_memory::make_record(const access_record& copy) noexcept {
    if (free_record_ == 0) {
        records_.push_back(copy);
        return static_cast<std::uint32_t>(records_.size() - 1);
    }
    const std::uint32_t made = free_record_;
    free_record_ = records_[made].next;
    records_[made] = copy;
    return made;
}

void shadow_memory::drop_record(std::uint32_t index) noexcept {
    records_[index].next = free_record_;
    free_record_ = index;
}

sync_record* shadow_memory::find_sync(std::uintptr_t address) noexcept {
    const granule* const here = find(address);
    if (here == nullptr) return nullptr;
    for (std::uint32_t i = here->sync; i != 0; i = syncs_[i].next)
        if (syncs_[i].address == address) return &syncs_[i];
    return nullptr;
}

sync_record& shadow_memory::sync(std::uintptr_t address) noexcept {
    if (sync_record* const found = find_sync(address)) return *found;
    granule& here = at(address);
    std::uint32_t made = free_sync_;
    if (made != 0) {
        free_sync_ = syncs_[made].next;
        syncs_[made].released.clear();  // keeps its memory
    } else {
        made = static_cast<std::uint32_t>(syncs_.size());
        syncs_.push_back({});
    }
    syncs_[made].address = address;
    syncs_[made].next = here.sync;
    here.sync = made;
    return syncs_[made];
}

// ---- a new life

// The bytes from `from` to `to` of one granule.
void shadow_memory::reset(granule& which, std::uintptr_t from, std::uintptr_t to) noexcept {
    const std::uintptr_t begin = from % granule_bytes;
    const auto bytes = static_cast<std::uint8_t>(((1U << (to - from)) - 1U) << begin);
    const bool whole = bytes == 0xff;

    which.newest.bytes &= static_cast<std::uint8_t>(~bytes);
    for (std::uint32_t* link = &which.newest.next; *link != 0;) {
        access_record& record = records_[*link];
        record.bytes &= static_cast<std::uint8_t>(~bytes);
        if (record.bytes != 0) {
            link = &record.next;
            continue;
        }
        const std::uint32_t dropped = *link;
        *link = record.next;
        drop_record(dropped);
    }
    for (std::uint32_t* link = &which.sync; *link != 0;) {
        sync_record& sync = syncs_[*link];
        if (sync.address < from || sync.address >= to) {
            link = &sync.next;
            continue;
        }
        const std::uint32_t dropped = *link;
        *link = sync.next;
        sync.next = free_sync_;
        free_sync_ = dropped;
    }
    if (whole) {
        which.number = 0;  // another object, another number
        which.first_user = 0;
        which.shared = false;
        which.visits = 0;
    }
}

void shadow_memory::reset(std::uintptr_t address, std::size_t size) noexcept {
    const std::uintptr_t end = address + size;
    while (address < end) {
        const std::uintptr_t region_end = (address / region_bytes + 1) * region_bytes;
        region* const here = find_region(address / region_bytes);
        if (here == nullptr) {
            address = region_end;
            continue;
        }
        const std::uintptr_t stop = std::min(end, region_end);
        while (address < stop) {
            const std::size_t index = address % region_bytes / granule_bytes;
            const std::uintptr_t granule_end = (address / granule_bytes + 1) * granule_bytes;
            if (!here->touched[index / granules_a_page]) {
                constexpr std::size_t page = granules_a_page * granule_bytes;
                address = (address / page + 1) * page;
                continue;
            }
            reset(here->of[index], address, std::min(stop, granule_end));
            address = granule_end;
        }
    }
}

}  // namespace twill::inline TWILL_ABI::check
