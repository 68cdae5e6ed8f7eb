#include <twill/io/detail/byte_buffer.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

std::span<std::byte> byte_buffer::room(std::size_t least) {
    if (capacity_ - end_ < least) {
        const std::size_t kept = size();
        if (capacity_ - kept >= least) {
            std::memmove(memory_.get(), memory_.get() + begin_, kept);
        } else {
            const std::size_t larger = std::max(kept + least, 2 * capacity_);
            auto memory = std::make_unique_for_overwrite<std::byte[]>(larger);
            if (kept != 0) std::memcpy(memory.get(), memory_.get() + begin_, kept);
            memory_ = std::move(memory);
            capacity_ = larger;
        }
        begin_ = 0;
        end_ = kept;
    }
    return {memory_.get() + end_, capacity_ - end_};
}

void byte_buffer::put(std::span<const std::byte> from) noexcept {
    if (from.empty()) return;
    std::memcpy(memory_.get() + end_, from.data(), from.size());
    end_ += from.size();
}

byte_buffer::byte_buffer(byte_buffer&& other) noexcept
    : memory_(std::move(other.memory_)),
      capacity_(std::exchange(other.capacity_, 0)),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)) {}

byte_buffer& byte_buffer::operator=(byte_buffer&& other) noexcept {
    memory_ = std::move(other.memory_);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
}

}  // namespace twill::inline TWILL_ABI::detail
