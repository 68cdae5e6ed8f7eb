#include "twill/map/job_id.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

namespace twill_command {
namespace {

constexpr std::size_t half_digits = 16;
constexpr std::size_t first_places = 1024;

template <class Number>
std::optional<Number> whole_number(std::string_view text, int base) {
    Number number = 0;
    const char* const end = std::to_address(text.end());
    const auto [rest, error] = std::from_chars(std::to_address(text.begin()), end, number, base);
    if (error != std::errc() || rest != end) return std::nullopt;
    return number;
}

}  // namespace

std::string job_id::to_string() const {
    std::string text = fmt::format("{:016x}{:016x}", high, low);
    return nth == 1 ? text : text + fmt::format("-{}", nth);
}

std::optional<job_id> job_id::parse(std::string_view text) {
    if (text.size() < 2 * half_digits) return std::nullopt;
    const auto high = whole_number<std::uint64_t>(text.substr(0, half_digits), 16);
    const auto low = whole_number<std::uint64_t>(text.substr(half_digits, half_digits), 16);
    text.remove_prefix(2 * half_digits);
    std::optional<std::uint32_t> nth = 1;
    if (!text.empty())
        nth = text.front() == '-' ? whole_number<std::uint32_t>(text.substr(1), 10) : std::nullopt;
    if (!high || !low || !nth) return std::nullopt;
    return job_id{*high, *low, *nth};
}

void field_hash::add_byte(unsigned char byte) noexcept {
    constexpr wide prime = (wide{1} << 88U) + 0x13b;
    state_ = (state_ ^ byte) * prime;
}

void field_hash::add(std::string_view field) noexcept {
    for (std::size_t size = field.size(), i = 0; i < sizeof size; ++i, size >>= 8U)
        add_byte(static_cast<unsigned char>(size));
    for (const char each : field) add_byte(static_cast<unsigned char>(each));
}

job_id field_hash::id() const noexcept {
    return {static_cast<std::uint64_t>(state_ >> 64U), static_cast<std::uint64_t>(state_), 1};
}

job_identifier::job_identifier(std::span<char* const> command, std::string_view directory,
                               std::span<const std::string> environment)
    : seen_(first_places) {
    common_.add(std::to_string(command.size()));
    for (const char* word : command) common_.add(word);
    common_.add(directory);
    for (const std::string& name : environment) {
        const char* value = std::getenv(name.c_str());
        // One that is not set is not an empty one.
        common_.add(value == nullptr ? name : name + "=" + value);
    }
}

job_id job_identifier::next(std::string_view input) {
    field_hash hash = common_;
    hash.add(input);
    job_id id = hash.id();
    // Should two different inputs agree in this half, one of them is called the second: that harms
    // nothing, and will be so in the next run too.
    if (!note(id.low)) id.nth = ++repeated_.try_emplace(id.low, 1U).first->second;
    return id;
}

std::size_t job_identifier::place_of(std::uint64_t hash) const noexcept {
    std::size_t at = hash % seen_.size();
    while (seen_[at] != 0 && seen_[at] != hash) at = (at + 1) % seen_.size();
    return at;
}

// False: it is not the first.
bool job_identifier::note(std::uint64_t hash) {
    if (hash == 0) hash = 1;
    const std::size_t at = place_of(hash);
    if (seen_[at] == hash) return false;
    seen_[at] = hash;
    if (++count_ < seen_.size() - seen_.size() / 4) return true;
    const auto old = std::exchange(seen_, std::vector<std::uint64_t>(2 * seen_.size()));
    for (const std::uint64_t each : old)
        if (each != 0) seen_[place_of(each)] = each;
    return true;
}

}  // namespace twill_command
