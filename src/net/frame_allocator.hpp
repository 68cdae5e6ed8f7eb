// Standard containers in the memory of frames: for what comes and goes with each request.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/frame_memory.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

template <class T>
struct frame_allocator {
    using value_type = T;

    frame_allocator() = default;
    template <class U>
    explicit(false) frame_allocator(const frame_allocator<U>& /*other*/) noexcept {}

    [[nodiscard]] T* allocate(std::size_t count) {
        return static_cast<T*>(allocate_frame(count * sizeof(T)));
    }
    void deallocate(T* memory, std::size_t count) noexcept {
        free_frame(memory, count * sizeof(T));
    }
    friend bool operator==(const frame_allocator&, const frame_allocator&) = default;
};

using frame_string = std::basic_string<char, std::char_traits<char>, frame_allocator<char>>;
template <class T>
using frame_vector = std::vector<T, frame_allocator<T>>;

}  // namespace twill::inline TWILL_ABI::detail
