// Memory for one run: taken piece by piece, given back all at once.
//
// The engine lives inside other people's processes, where it must not call their allocator: all
// that it needs comes from here, and here from a function of its client's.
//
//     arena memory(&map_pages);             // void* map_pages(std::size_t bytes) noexcept
//     auto* entry = memory.make<entry>(...);
//     memory.clear();                       // before the next run; the pages are kept
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI::explore {

class arena {
public:
    // Gives `bytes` bytes, aligned as `new` would. It never returns null: a client that has no more
    // memory ends the process, in its own words.
    using source = void* (*)(std::size_t bytes) noexcept;

    static constexpr std::size_t usual_chunk = std::size_t{256} << 10;

    explicit constexpr arena(source more) noexcept : more_(more) {}
    arena(const arena&) = delete;
    arena& operator=(const arena&) = delete;

    void* take(std::size_t bytes) noexcept {
        bytes = (bytes + alignment - 1) & ~(alignment - 1);
        if (bytes > left_) refill(bytes);
        void* const piece = at_;
        at_ += bytes;
        left_ -= bytes;
        taken_ += bytes;
        return piece;
    }

    template <class T, class... Args>
    T* make(Args&&... args) noexcept {
        static_assert(std::is_trivially_destructible_v<T>, "clear() calls no destructors");
        static_assert(alignof(T) <= alignment);
        return ::new (take(sizeof(T))) T{std::forward<Args>(args)...};
    }

    // Everything that was taken is free again.
    void clear() noexcept {
        taken_ = 0;
        use(first_);
    }

    // Gives the pages back; what was taken is gone. There is no destructor, which would be called
    // at the end of a process that this is a guest in.
    using sink = void (*)(void* memory, std::size_t bytes) noexcept;
    void give_back(sink to) noexcept {
        while (first_ != nullptr) {
            chunk* const gone = first_;
            first_ = gone->next;
            to(gone, sizeof(chunk) + gone->bytes);
        }
        clear();
    }

    [[nodiscard]] bool owns(const void* what) const noexcept {
        const auto* const at = static_cast<const std::byte*>(what);
        for (const chunk* each = first_; each != nullptr; each = each->next) {
            const auto* const begin = reinterpret_cast<const std::byte*>(each + 1);
            if (at >= begin && at < begin + each->bytes) return true;
        }
        return false;
    }

    // Since the last `clear`.
    [[nodiscard]] std::size_t taken() const noexcept { return taken_; }

private:
    static constexpr std::size_t alignment = 16;

    struct alignas(alignment) chunk {
        chunk* next;
        std::size_t bytes;  // behind this header
    };

    void use(chunk* which) noexcept {
        current_ = which;
        at_ = which == nullptr ? nullptr : reinterpret_cast<std::byte*>(which + 1);
        left_ = which == nullptr ? 0 : which->bytes;
    }

    // The rest of the current chunk is lost until the next `clear`.
    void refill(std::size_t bytes) noexcept {
        chunk** link = current_ == nullptr ? &first_ : &current_->next;
        while (*link != nullptr && (*link)->bytes < bytes) link = &(*link)->next;
        if (*link == nullptr) {
            const std::size_t size = bytes < usual_chunk ? usual_chunk : bytes;
            *link = ::new (more_(sizeof(chunk) + size)) chunk{nullptr, size};
        }
        use(*link);
    }

    source more_;
    chunk* first_ = nullptr;
    chunk* current_ = nullptr;
    std::byte* at_ = nullptr;
    std::size_t left_ = 0;
    std::size_t taken_ = 0;
};

// A row that grows at its end, in an arena. For types that can be copied by bytes.
template <class T>
class row {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

public:
    constexpr row() noexcept = default;  // of no use but to be assigned to
    explicit constexpr row(arena& memory) noexcept : memory_(&memory) {}

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    T& operator[](std::size_t i) noexcept { return data_[i]; }
    const T& operator[](std::size_t i) const noexcept { return data_[i]; }
    T& back() noexcept { return data_[size_ - 1]; }
    const T& back() const noexcept { return data_[size_ - 1]; }
    T* begin() noexcept { return data_; }
    T* end() noexcept { return data_ + size_; }
    const T* begin() const noexcept { return data_; }
    const T* end() const noexcept { return data_ + size_; }

    T& push_back(const T& value) noexcept {
        const T copy = value;  // it may lie in the row itself
        reserve(size_ + 1);
        return *::new (static_cast<void*>(data_ + size_++)) T(copy);
    }
    void pop_back() noexcept { --size_; }
    // Forgets all entries; the memory is kept.
    void clear() noexcept { size_ = 0; }
    // Grows or shrinks; new entries are `fill`.
    void resize(std::size_t size, const T& fill = T{}) noexcept {
        reserve(size);
        for (; size_ < size; ++size_) ::new (static_cast<void*>(data_ + size_)) T(fill);
        size_ = size;
    }
    // NOLINTBEGIN(bugprone-sizeof-expression): T may well be a pointer
    void reserve(std::size_t wanted) noexcept {
        if (wanted <= capacity_) return;
        std::size_t capacity = capacity_ == 0 ? 8 : 2 * capacity_;
        if (capacity < wanted) capacity = wanted;
        T* const data = static_cast<T*>(memory_->take(capacity * sizeof(T)));
        if (size_ != 0) std::memcpy(static_cast<void*>(data), data_, size_ * sizeof(T));
        data_ = data;
        capacity_ = capacity;
    }
    // NOLINTEND(bugprone-sizeof-expression)

private:
    arena* memory_ = nullptr;
    T* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace twill::inline TWILL_ABI::explore
