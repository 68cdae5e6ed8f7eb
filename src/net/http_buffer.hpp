// Bytes that have come and are not yet done with. What lies in it stays where it is until
// `make_room`. Small ones are in the memory of frames: they come and go with each request.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/frame_memory.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

class http_buffer {
public:
    http_buffer() = default;
    http_buffer(const http_buffer&) = delete;
    http_buffer& operator=(const http_buffer&) = delete;
    ~http_buffer() { free_frame(memory_, size_); }

    [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
    [[nodiscard]] std::string_view view() const noexcept {
        return {memory_ + begin_, end_ - begin_};
    }

    // Where at least `least` more bytes can come to lie, behind those that are there.
    std::span<std::byte> make_room(std::size_t least) {
        if (empty()) begin_ = end_ = 0;
        if (size_ - end_ < least) {
            const std::size_t kept = end_ - begin_;
            if (size_ - kept < least) {
                const std::size_t size = std::max(size_ * 2, kept + least);
                auto* const larger = static_cast<char*>(allocate_frame(size));
                if (kept != 0) std::memcpy(larger, memory_ + begin_, kept);
                free_frame(std::exchange(memory_, larger), std::exchange(size_, size));
            } else {
                std::memmove(memory_, memory_ + begin_, kept);
            }
            begin_ = 0;
            end_ = kept;
        }
        return std::as_writable_bytes(std::span(memory_ + end_, size_ - end_));
    }
    // So many bytes have come to lie there.
    void came(std::size_t bytes) noexcept { end_ += bytes; }
    void consume(std::size_t bytes) noexcept { begin_ += bytes; }
    // Gives the memory back, if nothing lies in it.
    void release() noexcept {
        if (!empty()) return;
        free_frame(std::exchange(memory_, nullptr), std::exchange(size_, 0));
        begin_ = end_ = 0;
    }
    void swap(http_buffer& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(size_, other.size_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
    }

    void append(std::string_view text) {
        const auto room = make_room(text.size());
        std::memcpy(room.data(), text.data(), text.size());
        came(text.size());
    }

private:
    char* memory_ = nullptr;
    std::size_t size_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace twill::inline TWILL_ABI::detail
