// What a buffered reader has read and its caller has not taken, and how much to read next.
#pragma once

#include <twill/core/config.hpp>
#include <twill/io/detail/byte_buffer.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

class TWILL_API read_ahead {
public:
    explicit read_ahead(std::size_t usual) noexcept : usual_(usual < 1 ? 1 : usual) {}

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return kept_.bytes(); }
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(bytes().data()), bytes().size()};
    }
    [[nodiscard]] std::size_t size() const noexcept { return kept_.size(); }
    void take(std::size_t count) noexcept { kept_.take(count); }
    // Copies as many as there are and fit; gives how many, and drops them.
    std::size_t take_into(std::span<std::byte> into) noexcept;
    void release() noexcept { kept_.release(); }

    // Where the next read goes. Small at first, since most connections are idle; doubled when a
    // read fills it, or a caller wants more at once, up to the usual size; beyond that only when
    // all of it is kept.
    [[nodiscard]] std::span<std::byte> room();
    void added(std::size_t count, std::size_t of) noexcept {
        kept_.added(count);
        filled_ = count == of;
    }

    // Whether a read of so many bytes is better made past the buffer.
    [[nodiscard]] bool is_much(std::size_t size) const noexcept { return size >= usual_; }

private:
    byte_buffer kept_;
    std::size_t usual_;
    bool filled_ = false;
};

}  // namespace twill::inline TWILL_ABI::detail
