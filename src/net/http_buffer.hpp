// Bytes that have come and are not yet done with. What lies in it stays where it is until
// `make_room`.
#pragma once

#include <twill/core/config.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

class http_buffer {
public:
    [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
    [[nodiscard]] std::string_view view() const noexcept {
        return {memory_.get() + begin_, end_ - begin_};
    }

    // Where at least `least` more bytes can come to lie, behind those that are there.
    std::span<std::byte> make_room(std::size_t least) {
        if (empty()) begin_ = end_ = 0;
        if (size_ - end_ < least) {
            const std::size_t kept = end_ - begin_;
            if (size_ - kept < least) {
                const std::size_t size = std::max(size_ * 2, kept + least);
                auto larger = std::make_unique_for_overwrite<char[]>(size);
                if (kept != 0) std::memcpy(larger.get(), memory_.get() + begin_, kept);
                memory_ = std::move(larger);
                size_ = size;
            } else {
                std::memmove(memory_.get(), memory_.get() + begin_, kept);
            }
            begin_ = 0;
            end_ = kept;
        }
        return std::as_writable_bytes(std::span(memory_.get() + end_, size_ - end_));
    }
    // So many bytes have come to lie there.
    void came(std::size_t bytes) noexcept { end_ += bytes; }
    void consume(std::size_t bytes) noexcept { begin_ += bytes; }
    void clear() noexcept { begin_ = end_ = 0; }

    void append(std::string_view text) {
        const auto room = make_room(text.size());
        std::memcpy(room.data(), text.data(), text.size());
        came(text.size());
    }

private:
    std::unique_ptr<char[]> memory_;
    std::size_t size_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace twill::inline TWILL_ABI::detail
