#include "twill/map/kept_output.hpp"

#include <twill/runtime/blocking.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace twill_command {
kept_output::kept_output(kept_output&& other) noexcept
    : complete(other.complete),
      store_(other.store_),
      blocks_(std::move(other.blocks_)),
      memory_(std::move(other.memory_)),
      capacity_(std::exchange(other.capacity_, 0)),
      size_(std::exchange(other.size_, 0)),
      last_spilled_(other.last_spilled_) {
    other.blocks_.clear();
}

std::span<std::byte> kept_output::room() {
    if (size_ == capacity_ && capacity_ < output_store::block_size)
        reserve(capacity_ == 0 ? first_capacity : output_store::block_size);
    return {memory_.get() + size_, capacity_ - size_};
}

void kept_output::append(std::span<const std::byte> bytes) {
    if (bytes.size() > capacity_ - size_) reserve(size_ + bytes.size());
    std::ranges::copy(bytes, memory_.get() + size_);
    size_ += bytes.size();
}

void kept_output::reserve(std::size_t capacity) {
    auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (size_ > 0) std::memcpy(larger.get(), memory_.get(), size_);
    store_->count_memory(static_cast<std::ptrdiff_t>(capacity) -
                         static_cast<std::ptrdiff_t>(capacity_));
    memory_ = std::move(larger);
    capacity_ = capacity;
}

twill::task<> kept_output::spill() {
    const std::uint32_t number = store_->take_block();
    try {
        blocks_.reserve(blocks_.size() + 1);
        co_await twill::blocking([&] { store_->write(number, tail()); });
    } catch (...) {
        store_->give_back(number);
        throw;
    }
    blocks_.push_back({number, static_cast<std::uint32_t>(size_)});
    last_spilled_ = last();
    size_ = 0;
}

std::size_t kept_output::size() const noexcept {
    std::size_t bytes = size_;
    for (const block& each : blocks_) bytes += each.size;
    return bytes;
}

void kept_output::for_each_piece(
    const std::function<bool(std::span<const std::byte>)>& write) const {
    std::vector<std::byte> piece;
    for (const block& each : blocks_) {
        piece.resize(each.size);
        store_->read(each.number, piece);
        if (!write(piece)) return;
    }
    if (size_ > 0) write(tail());
}

void kept_output::finish() noexcept {
    if (size_ > 0 || capacity_ == 0) return;
    store_->count_memory(-static_cast<std::ptrdiff_t>(capacity_));
    memory_.reset();
    capacity_ = 0;
}

void kept_output::discard() noexcept {
    for (const block& each : blocks_) store_->give_back(each.number);
    blocks_.clear();
    size_ = 0;
    finish();
}

}  // namespace twill_command
