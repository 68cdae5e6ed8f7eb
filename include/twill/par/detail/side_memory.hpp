// Memory for as many elements as a large range has, used once and by several threads.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// Uninitialised, aligned for anything that says no more than alignas(64). Large blocks ask the
// kernel for huge pages: touching fresh memory in pages of 4 KiB takes longer than filling it.
// Throws std::bad_alloc.
[[nodiscard]] TWILL_API void* allocate_side_memory(std::size_t bytes);
// `bytes` as they were asked for.
TWILL_API void release_side_memory(void* memory, std::size_t bytes) noexcept;

// The same advice about memory that is about to be used for the first time.
TWILL_API void touch_in_large_pages(void* memory, std::size_t bytes) noexcept;

// An array of it.
template <class T>
    requires std::is_trivially_default_constructible_v<T>
class side_array {
public:
    side_array() = default;
    explicit side_array(std::size_t count)
        : bytes_(count * sizeof(T)), begin_(static_cast<T*>(allocate_side_memory(bytes_))) {}
    side_array(side_array&& other) noexcept
        : bytes_(other.bytes_), begin_(std::exchange(other.begin_, nullptr)) {}
    side_array& operator=(side_array&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(begin_, other.begin_);
        return *this;
    }
    ~side_array() {
        if (begin_ != nullptr) release_side_memory(begin_, bytes_);
    }
    [[nodiscard]] T* get() const noexcept { return begin_; }

private:
    std::size_t bytes_ = 0;
    T* begin_ = nullptr;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
