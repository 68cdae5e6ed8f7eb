// A queue in one piece of memory, which it keeps. One thread at a time.
#pragma once

#include <twill/core/config.hpp>

#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

template <class T>
class ring {
public:
    // With room for `room` elements; more is allocated when it is needed. Throws std::bad_alloc.
    explicit ring(std::size_t room) { reserve(room); }
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;
    ~ring() {
        while (size_ != 0) pop_front();
        release(memory_, room_);
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    // Throws std::bad_alloc, and leaves `value` and the queue as they are.
    void push_back(T&& value) {
        if (size_ == room_) [[unlikely]]
            reserve(room_ == 0 ? 16 : 2 * room_);
        std::construct_at(at(size_), std::move(value));
        ++size_;
    }
    T pop_front() noexcept {
        T* const first = at(0);
        T value = std::move(*first);
        std::destroy_at(first);
        first_ = (first_ + 1) & (room_ - 1);
        --size_;
        return value;
    }

private:
    T* at(std::size_t i) noexcept { return memory_ + ((first_ + i) & (room_ - 1)); }
    static void release(T* memory, std::size_t room) noexcept {
        if (memory != nullptr) std::allocator<T>().deallocate(memory, room);
    }
    void reserve(std::size_t at_least) {
        if (at_least == 0) return;
        const std::size_t room = std::bit_ceil(at_least);
        T* const memory = std::allocator<T>().allocate(room);
        for (std::size_t i = 0; i < size_; ++i) {
            std::construct_at(memory + i, std::move(*at(i)));
            std::destroy_at(at(i));
        }
        release(memory_, room_);
        memory_ = memory;
        room_ = room;
        first_ = 0;
    }

    T* memory_ = nullptr;
    std::size_t room_ = 0;  // zero or a power of two
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace twill::inline TWILL_ABI::detail
