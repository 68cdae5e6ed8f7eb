// Dates as HTTP has them: "Sun, 06 Nov 1994 08:49:37 GMT".
#pragma once

#include <twill/core/config.hpp>

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", made once a second on each thread; valid until the
// calling thread calls it again.
std::string_view http_date_field() noexcept;

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::time_t when);

// Reads it, and the two older forms that must still be understood (RFC 9110, 5.6.7): "Sunday,
// 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994". A year of two digits is one that is at
// most 50 years after `now`. Nothing for what is no date.
std::optional<std::time_t> parse_http_date(std::string_view text, std::time_t now) noexcept;

}  // namespace twill::inline TWILL_ABI::detail
