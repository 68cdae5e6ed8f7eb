// Where the outputs of jobs are kept until they are printed: in memory up to a limit shared by all,
// beyond it in blocks of one unnamed file.
//
// One file for all jobs, so that any number of outputs costs one descriptor. Blocks are reused, and
// the file is emptied when none is in use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace twill_command {

class output_store {
public:
    // Bytes of one block of the file, and the most that one output keeps in memory.
    static constexpr std::size_t block_size = 65536;

    // `memory_limit`: bytes that all outputs together keep in memory, more or less.
    explicit output_store(std::size_t memory_limit = std::size_t{16} << 20U) noexcept
        : memory_limit_(memory_limit) {}
    ~output_store();
    output_store(const output_store&) = delete;
    output_store& operator=(const output_store&) = delete;

    // Counts bytes that are kept in memory, or (negative) no longer are.
    void count_memory(std::ptrdiff_t bytes) noexcept {
        memory_used_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(memory_used_) + bytes);
    }
    [[nodiscard]] bool memory_is_short() const noexcept { return memory_used_ > memory_limit_; }

    // A free block. Makes the file at the first call: in $TMPDIR, else in /var/tmp, else in /tmp.
    // Throws io_error.
    std::uint32_t take_block();
    void give_back(std::uint32_t block) noexcept;

    // At most `block_size` bytes, from the block's beginning. May block: not on an event thread.
    // Any thread, one at a time for each block. Throw io_error, which names the directory.
    void write(std::uint32_t block, std::span<const std::byte> from) const;
    void read(std::uint32_t block, std::span<std::byte> into) const;

private:
    std::size_t memory_limit_;
    std::size_t memory_used_ = 0;
    int file_ = -1;
    const char* directory_ = "";
    std::uint32_t blocks_ = 0;  // of the file
    std::vector<std::uint32_t> free_;
};

}  // namespace twill_command
