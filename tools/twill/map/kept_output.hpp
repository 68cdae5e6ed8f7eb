// One output stream of one job, kept until it is printed.
//
//     while (std::size_t got = co_await pipe.read_some(output.room())) {
//         output.add(got);
//         if (output.should_spill()) co_await output.spill();
//     }
#pragma once

#include "twill/map/output_store.hpp"

#include <twill/core/task.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace twill_command {

class kept_output {
public:
    explicit kept_output(output_store& store) noexcept : store_(&store) {}
    ~kept_output() { discard(); }
    kept_output(kept_output&& other) noexcept;
    kept_output& operator=(kept_output&&) = delete;

    // Where the next bytes may be written: never empty unless it should spill.
    std::span<std::byte> room();
    // `count` bytes were written there.
    void add(std::size_t count) noexcept { size_ += count; }
    // Adds `bytes`, all of them in memory.
    void append(std::span<const std::byte> bytes);

    [[nodiscard]] bool should_spill() const noexcept {
        return size_ == output_store::block_size ||
               (size_ >= first_capacity && store_->memory_is_short());
    }
    // Moves what is in memory to the file. Throws io_error; it is all still here then, and when it
    // is cancelled.
    twill::task<> spill();

    [[nodiscard]] bool empty() const noexcept { return size_ == 0 && blocks_.empty(); }
    // Bytes of all of it.
    [[nodiscard]] std::size_t size() const noexcept;
    // Unless it is empty.
    [[nodiscard]] std::byte last() const noexcept {
        return size_ > 0 ? memory_[size_ - 1] : last_spilled_;
    }
    // All of it, when no part was spilled.
    [[nodiscard]] bool in_memory() const noexcept { return blocks_.empty(); }
    [[nodiscard]] std::span<const std::byte> tail() const noexcept {
        return {memory_.get(), size_};
    }

    // Calls `write` with all pieces in order, until it gives false. May block: not on an event
    // thread. Throws io_error, and what `write` throws.
    void for_each_piece(const std::function<bool(std::span<const std::byte>)>& write) const;

    // Nothing more will come: gives back memory that is not needed.
    void finish() noexcept;
    void discard() noexcept;

    // Whether the end of the stream was seen.
    bool complete = false;

private:
    struct block {
        std::uint32_t number;
        std::uint32_t size;
    };

    // Enough for most outputs; others get a whole block. Less is never worth a place in the file.
    static constexpr std::size_t first_capacity = 4096;

    void reserve(std::size_t capacity);

    output_store* store_;
    std::vector<block> blocks_;
    std::unique_ptr<std::byte[]> memory_;  // what comes behind the blocks
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
    std::byte last_spilled_{};
};

}  // namespace twill_command
