// From addresses, which change from run to run, to numbers, which do not.
//
//     numbering objects(memory);
//     operation lock{.kind = op_kind::lock, .object = objects.of(&mutex)};
//     objects.forget(&mutex);               // destroyed: another object may lie there later
//
// Numbers are given in the order of first use, from 1.
#pragma once

#include "arena.hpp"

#include <cstdint>

namespace twill::inline TWILL_ABI::explore {

class numbering {
public:
    explicit numbering(arena& memory) noexcept : memory_(&memory) {}

    [[nodiscard]] std::uint64_t of(const void* what) noexcept {
        return of(reinterpret_cast<std::uintptr_t>(what));
    }
    [[nodiscard]] std::uint64_t of(std::uintptr_t key) noexcept {
        if (2 * (used_ + 1) > capacity_) grow();
        entry& found = slot(key);
        if (found.number == 0) {
            found.key = key;
            if (!found.taken) ++used_;
            found.taken = true;
            found.number = ++last_;
        }
        return found.number;
    }
    // 0 if it has none.
    [[nodiscard]] std::uint64_t known(std::uintptr_t key) const noexcept {
        return capacity_ == 0 ? 0 : slot(key).number;
    }
    void forget(const void* what) noexcept { forget(reinterpret_cast<std::uintptr_t>(what)); }
    void forget(std::uintptr_t key) noexcept {
        // The entry stays, so that those behind it are still found, and is the key's again if it
        // comes back.
        if (capacity_ != 0) slot(key).number = 0;
    }
    // How many were given.
    [[nodiscard]] std::uint64_t last() const noexcept { return last_; }

private:
    struct entry {
        std::uintptr_t key;
        std::uint64_t number;
        bool taken;
    };

    entry& slot(std::uintptr_t key) const noexcept {
        std::size_t i = (key * 0x9e3779b97f4a7c15U) >> 20 & (capacity_ - 1);
        while (entries_[i].taken && entries_[i].key != key) i = (i + 1) & (capacity_ - 1);
        return entries_[i];
    }
    void grow() noexcept {
        const entry* const before = entries_;
        const std::size_t size = capacity_;
        capacity_ = size == 0 ? 64 : 2 * size;
        entries_ = static_cast<entry*>(memory_->take(capacity_ * sizeof(entry)));
        for (std::size_t i = 0; i != capacity_; ++i) entries_[i] = {};
        used_ = 0;
        for (std::size_t i = 0; i != size; ++i)
            if (before[i].number != 0) {
                slot(before[i].key) = before[i];
                ++used_;
            }
    }

    arena* memory_;
    entry* entries_ = nullptr;
    std::size_t capacity_ = 0;  // a power of two
    std::size_t used_ = 0;
    std::uint64_t last_ = 0;
};

}  // namespace twill::inline TWILL_ABI::explore
