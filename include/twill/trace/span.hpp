// The user's own marks in a trace.
//
//     twill::trace::span parsing("parse");              // from here to the end of the block
//     twill::trace::mark("cache miss");                 // this moment
//     twill::trace::span query(twill::trace::intern(sql));  // a name made at run time
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/event.hpp>

#include <cstdint>
#include <string_view>

namespace twill::inline TWILL_ABI::trace {

// A name that lives for ever: a string literal, which the compiler checks, or an interned string.
class name {
public:
    consteval name(const char* literal) : text_(literal) {}
    [[nodiscard]] constexpr const char* text() const noexcept { return text_; }

private:
    friend TWILL_API name intern(std::string_view text);
    struct interned {};
    constexpr name(interned, const char* text) noexcept : text_(text) {}

    const char* text_;
};

// The name for `text`, the same one for equal texts. It is kept until the process ends, so intern
// names of which there are few (routes, queries), not values. A name ends at its first zero byte.
// Takes a lock and may allocate: do it outside of loops. Any thread; throws std::bad_alloc.
TWILL_API name intern(std::string_view text);

// A named stretch of time, from construction to destruction. In a coroutine it may span suspensions
// and end on another thread: views then show it apart from the threads. Costs an event at each end,
// and with tracing off two branches.
class [[nodiscard]] span {
public:
    explicit span(name what) noexcept : name_(what.text()) {
        note(event_kind::span_begin, this, name_);
    }
    ~span() { note(event_kind::span_end, this, name_); }
    span(const span&) = delete;
    span& operator=(const span&) = delete;

private:
    const char* name_;
};

// A moment, with a number of your choice. Any thread; never throws.
inline void mark(name what, std::uint32_t value = 0) noexcept {
    note(event_kind::mark, nullptr, what.text(), value);
}

}  // namespace twill::inline TWILL_ABI::trace
