#include "schedule_text.hpp"

namespace twill::inline TWILL_ABI::explore {
namespace {

constexpr std::uint64_t version = 1;

class writer {
public:
    writer(char* text, std::size_t room) noexcept : text_(text), room_(room) {}

    void put(char c) noexcept {
        if (length_ + 1 < room_) text_[length_] = c;
        ++length_;
    }
    void put(std::uint64_t number, unsigned base = 10) noexcept {
        char digits[24];
        unsigned count = 0;
        do {
            digits[count++] = "0123456789abcdef"[number % base];
            number /= base;
        } while (number != 0);
        while (count != 0) put(digits[--count]);
    }
    std::size_t finish() noexcept {
        if (room_ != 0) text_[length_ < room_ ? length_ : room_ - 1] = '\0';
        return length_;
    }

private:
    char* text_;
    std::size_t room_;
    std::size_t length_ = 0;
};

class reader {
public:
    reader(const char* text, std::size_t length) noexcept : at_(text), end_(text + length) {}

    [[nodiscard]] const char* at() const noexcept { return at_; }
    [[nodiscard]] bool at_end() noexcept {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
        return at_ == end_;
    }
    bool take(char c) noexcept {
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    // At least one digit, and no more than `most` has room for.
    bool number(std::uint64_t& value, std::uint64_t most, unsigned base = 10) noexcept {
        const char* const begin = at_;
        value = 0;
        for (; at_ != end_; ++at_) {
            const unsigned digit = value_of(*at_);
            if (digit >= base) break;
            if (value > (most - digit) / base) return false;
            value = value * base + digit;
        }
        return at_ != begin;
    }

private:
    static unsigned value_of(char c) noexcept {
        if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
        if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
        return ~0U;
    }

    const char* at_;
    const char* end_;
};

constexpr std::uint64_t most_32 = ~std::uint32_t{0};

// One part of the line behind its version; null, or what was expected.
const char* read_part(reader& in, schedule& into) noexcept {
    std::uint64_t number = 0;
    if (in.take('#'))
        return in.number(into.fingerprint, ~std::uint64_t{0}, 16) ? nullptr : "a fingerprint";
    if (!in.number(number, most_32 - 1)) return "the number of a thread";
    const auto thread = static_cast<thread_id>(number);
    if (in.take(':')) {
        if (!in.number(number, most_32)) return "a number of steps";
        into.stretches.push_back({.thread = thread, .until = static_cast<std::uint32_t>(number)});
        return nullptr;
    }
    if (!in.take('@')) return "':' or '@'";
    if (!in.number(number, most_32)) return "the number of a choice";
    const auto index = static_cast<std::uint32_t>(number);
    if (!in.take('=')) return "'='";
    if (!in.number(number, most_32)) return "an option";
    into.values.push_back({thread, index, static_cast<std::uint32_t>(number)});
    return nullptr;
}

}  // namespace

std::size_t print(const schedule& what, char* text, std::size_t room) noexcept {
    writer out(text, room);
    out.put(version);
    for (const stretch& each : what.stretches) {
        out.put(' ');
        out.put(std::uint64_t{each.thread});
        out.put(':');
        out.put(std::uint64_t{each.until});
    }
    for (const picked& each : what.values) {
        out.put(' ');
        out.put(std::uint64_t{each.thread});
        out.put('@');
        out.put(std::uint64_t{each.index});
        out.put('=');
        out.put(std::uint64_t{each.option});
    }
    if (what.fingerprint != 0) {
        out.put(' ');
        out.put('#');
        out.put(what.fingerprint, 16);
    }
    return out.finish();
}

parse_error parse(const char* text, std::size_t length, schedule& into) noexcept {
    reader in(text, length);
    std::uint64_t found = 0;
    if (in.at_end() || !in.number(found, most_32)) return {in.at(), "the version of the format"};
    if (found != version) return {text, "version 1 of the format"};
    while (!in.at_end())
        if (const char* expected = read_part(in, into); expected != nullptr)
            return {in.at(), expected};
    return {};
}

}  // namespace twill::inline TWILL_ABI::explore
