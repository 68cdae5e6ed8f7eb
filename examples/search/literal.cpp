#include "literal.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace search {
namespace {

using lanes = unsigned char __attribute__((vector_size(16)));

// What is common in program texts and prose, the most common first; what is not here is rare.
constexpr std::string_view common =
    " etaonrisld\ncupmf_hgybv.-wk,x()0/1T;EISA\"*RNCOL2DP=:>3FM#jq48<B5G'6UVHz97[]W\t&Y+|!{}XKJ";

constexpr unsigned commonness_of(char byte) noexcept {
    const auto at = common.find(byte);
    return at == std::string_view::npos ? 0 : static_cast<unsigned>(common.size() - at);
}

constexpr bool is_small_letter(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr char lowered(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

lanes all(unsigned char byte) noexcept { return byte - lanes{}; }

lanes load(const char* from) noexcept {
    lanes value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

struct halves {
    std::uint64_t half[2];
};
halves bits(lanes value) noexcept {
    halves made;
    std::memcpy(&made, &value, sizeof made);
    return made;
}

// A byte of the needle in every lane, and what makes a small letter of a capital: x | 0x20 is 'a'
// for 'A' and 'a' alone, and so for the other letters.
struct wanted {
    lanes byte;
    lanes fold;
    [[nodiscard]] auto in(const char* place) const noexcept { return (load(place) | fold) == byte; }
};
wanted wanted_byte(char byte, bool ignore_case) noexcept {
    return {all(static_cast<unsigned char>(byte)),
            all(ignore_case && is_small_letter(byte) ? 0x20 : 0)};
}

// The lowest of eight bytes that is not zero.
std::size_t first_byte(std::uint64_t eight) noexcept {
    const int zeros = std::endian::native == std::endian::little ? std::countr_zero(eight)
                                                                 : std::countl_zero(eight);
    return static_cast<std::size_t>(zeros) / 8;
}
std::uint64_t without_byte(std::uint64_t eight, std::size_t which) noexcept {
    const std::size_t shift = std::endian::native == std::endian::little ? which : 7 - which;
    return eight & ~(std::uint64_t{0xff} << (8 * shift));
}

}  // namespace

literal::literal(std::string_view needle, bool ignore_case)
    : needle_(needle), ignore_case_(ignore_case) {
    if (ignore_case)
        for (char& c : needle_) c = lowered(c);
    const auto rarer = [&](std::size_t a, std::size_t b) {
        return commonness_of(needle_[a]) < commonness_of(needle_[b]);
    };
    for (std::size_t i = 1; i < needle_.size(); ++i)
        if (rarer(i, first_)) first_ = i;
    second_ = first_ == 0 ? needle_.size() - 1 : 0;
    for (std::size_t i = 0; i < needle_.size(); ++i)
        if (i != first_ && rarer(i, second_)) second_ = i;
}

unsigned literal::commonness() const noexcept { return commonness_of(needle_[first_]); }

bool literal::is_at(const char* place) const noexcept {
    if (!ignore_case_) return std::memcmp(place, needle_.data(), needle_.size()) == 0;
    for (const char each : needle_)
        if (lowered(*place++) != each) return false;
    return true;
}

std::size_t literal::find(std::string_view text, std::size_t from) const noexcept {
    if (text.size() < needle_.size() || from > text.size() - needle_.size())
        return std::string_view::npos;
    constexpr std::size_t step = 4 * sizeof(lanes);
    const char* const begin = text.data();
    const std::size_t last = text.size() - needle_.size();
    const wanted one = wanted_byte(needle_[first_], ignore_case_);
    const wanted two = wanted_byte(needle_[second_], ignore_case_);
    std::size_t at = from;
    for (; at + step <= last + 1; at += step) {
        const char* const first = begin + at + first_;
        const char* const second = begin + at + second_;
        lanes fits[4];
        for (std::size_t i = 0; i < 4; ++i) {
            const auto both =
                one.in(first + i * sizeof(lanes)) & two.in(second + i * sizeof(lanes));
            std::memcpy(&fits[i], &both, sizeof both);
        }
        const halves any = bits((fits[0] | fits[1]) | (fits[2] | fits[3]));
        if ((any.half[0] | any.half[1]) == 0) continue;
        for (std::size_t i = 0; i < 4; ++i) {
            const halves places = bits(fits[i]);
            for (std::size_t h = 0; h < 2; ++h) {
                for (std::uint64_t left = places.half[h]; left != 0;) {
                    const std::size_t byte = first_byte(left);
                    const std::size_t place = at + i * sizeof(lanes) + h * 8 + byte;
                    if (is_at(begin + place)) return place;
                    left = without_byte(left, byte);
                }
            }
        }
    }
    for (; at <= last; ++at)
        if (is_at(begin + at)) return at;
    return std::string_view::npos;
}

}  // namespace search
