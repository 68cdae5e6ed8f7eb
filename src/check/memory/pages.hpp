// Memory straight from the kernel, for what must not call the program's allocator.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::check {

// `bytes` bytes of zeroes, page-aligned, which take no memory before they are touched. Never null:
// where the kernel refuses, the process ends with a message.
[[nodiscard]] void* map_pages(std::size_t bytes) noexcept;

// A part of the address space that belongs to one thing from the start, and may be touched as far
// as it has grown. It begins as zeroes.
class growing_pages {
public:
    constexpr growing_pages() noexcept = default;

    // `most` bytes, or, where that is too much for the kernel or a limit, a half, a quarter, ... of
    // it, at `wanted` if nothing is there yet. False: not even a small part can be had.
    bool reserve(std::size_t most, std::uintptr_t wanted = 0) noexcept;
    // The first `bytes` bytes may be touched from now on. False: no memory.
    bool grow(std::size_t bytes) noexcept;

    [[nodiscard]] std::uintptr_t begin() const noexcept { return begin_; }
    [[nodiscard]] std::size_t reserved() const noexcept { return reserved_; }
    [[nodiscard]] bool contains(std::uintptr_t address) const noexcept {
        return address - begin_ < reserved_;
    }

private:
    static constexpr std::size_t step = std::size_t{4} << 20;

    std::uintptr_t begin_ = 0;
    std::size_t reserved_ = 0;
    std::size_t usable_ = 0;
};

// An array that grows in its own part of the address space: it never moves, and entries that were
// not touched take no memory.
template <class T>
class growing_array {
public:
    bool reserve(std::size_t most) noexcept { return pages_.reserve(most * sizeof(T)); }
    // Null: no memory. Otherwise the first of `count` new entries of zeroes.
    T* extend(std::size_t count) noexcept {
        if (!pages_.grow((size_ + count) * sizeof(T))) return nullptr;
        T* const made = data() + size_;
        size_ += count;
        return made;
    }
    T& operator[](std::size_t i) noexcept { return data()[i]; }
    const T& operator[](std::size_t i) const noexcept { return data()[i]; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    T* data() const noexcept { return reinterpret_cast<T*>(pages_.begin()); }

    growing_pages pages_;
    std::size_t size_ = 0;
};

}  // namespace twill::inline TWILL_ABI::check
