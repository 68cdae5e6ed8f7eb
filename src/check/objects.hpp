// Numbers for the program's objects: stable from run to run, which their addresses are not.
#pragma once

#include <twill/check/protocol.hpp>

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::check {

// A hash table in memory that is there from the start. It uses no more of it than it needs, and
// spreads out when it fills: a run touches, and so copies, few pages.
class object_table {
public:
    struct entry {
        const void* address;
        object_kind kind;
    };

    // Its number, from 1, given at its first use; 0 when the table is full. The same address as
    // another kind is another object.
    std::uint32_t number(object_kind kind, const void* address) noexcept;
    // The same, 0 if it has none yet.
    [[nodiscard]] std::uint32_t known(object_kind kind, const void* address) const noexcept;
    [[nodiscard]] const entry& operator[](std::uint32_t number) const noexcept {
        return entries_[number];
    }
    [[nodiscard]] std::uint32_t size() const noexcept { return count_; }

    static constexpr std::uint32_t most = 0xBFFF;

private:
    static constexpr unsigned first_bits = 8;
    static constexpr unsigned most_bits = 16;
    [[nodiscard]] std::size_t places() const noexcept { return std::size_t{1} << bits_; }
    std::size_t place_of(object_kind kind, const void* address) const noexcept;
    void spread_out() noexcept;

    std::uint32_t count_ = 0;
    unsigned bits_ = first_bits;
    std::uint16_t index_[std::size_t{1} << most_bits] =
        {};  // number of the object that hashes to there; 0: none
    entry entries_[most + 1] = {};
};

}  // namespace twill::inline TWILL_ABI::check
