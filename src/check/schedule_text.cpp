#include "check/schedule_text.hpp"

#include <charconv>

namespace twill::inline TWILL_ABI::check {
namespace {

class writer {
public:
    writer(char* into, std::size_t size) noexcept : begin_(into), at_(into), end_(into + size) {}
    void put(char one) noexcept {
        if (at_ != end_) *at_++ = one;
    }
    template <class Number>
    void put_number(Number value) noexcept {
        at_ = std::to_chars(at_, end_, value).ptr;
    }
    [[nodiscard]] std::size_t size() const noexcept {
        return static_cast<std::size_t>(at_ - begin_);
    }

private:
    char* begin_;
    char* at_;
    char* end_;
};

class reader {
public:
    reader(const char* text, std::size_t length) noexcept : at_(text), end_(text + length) {}
    bool take(char one) noexcept {
        if (at_ == end_ || *at_ != one) return false;
        ++at_;
        return true;
    }
    template <class Number>
    bool take_number(Number& into) noexcept {
        const auto [rest, error] = std::from_chars(at_, end_, into);
        at_ = rest;
        return error == std::errc();
    }
    [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }

private:
    const char* at_;
    const char* end_;
};

}  // namespace

std::size_t write_schedule(const explore::schedule& what, char* into, std::size_t size) noexcept {
    writer out(into, size);
    for (const auto& each : what.stretches) {
        if (out.size() != 0) out.put(' ');
        out.put_number(each.thread);
        out.put(':');
        out.put_number(each.until);
    }
    for (const auto& each : what.values) {
        if (out.size() != 0) out.put(' ');
        out.put('?');
        out.put_number(each.thread);
        out.put('.');
        out.put_number(each.index);
        out.put('=');
        out.put_number(each.option);
    }
    return out.size();
}

bool read_schedule(const char* text, std::size_t length, explore::schedule& into) noexcept {
    into.stretches.clear();
    into.values.clear();
    into.fingerprint = 0;
    reader in(text, length);
    while (!in.at_end()) {
        if (in.take(' ')) continue;
        if (in.take('?')) {
            explore::picked one{};
            if (!in.take_number(one.thread) || !in.take('.') || !in.take_number(one.index) ||
                !in.take('=') || !in.take_number(one.option))
                return false;
            into.values.push_back(one);
        } else {
            explore::stretch one{};
            if (!in.take_number(one.thread) || !in.take(':') || !in.take_number(one.until))
                return false;
            into.stretches.push_back(one);
        }
    }
    return true;
}

}  // namespace twill::inline TWILL_ABI::check
