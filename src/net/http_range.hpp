// The part of a content that a client asks for.
#pragma once

#include <twill/core/config.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

struct http_range {
    enum class kind : std::uint8_t {
        whole,  // no range, or one that is passed over: several, another unit, malformed
        part,
        outside,  // nothing of it is there
    };
    kind is = kind::whole;
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
};

// What the field Range asks for of `size` bytes: "bytes=0-99", "bytes=100-", "bytes=-50".
http_range parse_range(std::string_view field, std::uint64_t size) noexcept;

}  // namespace twill::inline TWILL_ABI::detail
