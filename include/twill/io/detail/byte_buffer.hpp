// The bytes between a stream and who reads or writes it in other pieces.
//
//     byte_buffer kept;
//     auto room = kept.room(512);                     // at least so much, behind what is kept
//     kept.added(co_await stream.read_some(room));
//     use(kept.bytes());
//     kept.take(3);                                   // from the front
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <memory>
#include <span>

namespace twill::inline TWILL_ABI::detail {

class TWILL_API byte_buffer {
public:
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
        return {memory_.get() + begin_, end_ - begin_};
    }
    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
    [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    // All the free space behind the bytes, at least `least` (not 0). Moves them to the front when
    // that makes enough; else takes more memory, at least double. Throws std::bad_alloc, and leaves
    // all as it was.
    [[nodiscard]] std::span<std::byte> room(std::size_t least);
    // So many bytes of `room` have been filled.
    void added(std::size_t count) noexcept { end_ += count; }
    // Copies bytes behind the others; there must be room.
    void put(std::span<const std::byte> from) noexcept;

    // Drops bytes from the front. The memory stays as it is until `room`.
    void take(std::size_t count) noexcept {
        begin_ += count;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    // Gives the memory back, if it is empty.
    void release() noexcept {
        if (!empty()) return;
        memory_.reset();
        capacity_ = 0;
    }

    byte_buffer() = default;
    byte_buffer(byte_buffer&& other) noexcept;
    byte_buffer& operator=(byte_buffer&& other) noexcept;
    ~byte_buffer() = default;

private:
    std::unique_ptr<std::byte[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace twill::inline TWILL_ABI::detail
