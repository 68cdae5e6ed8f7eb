// The field that says when a response was made.
#pragma once

#include <twill/core/config.hpp>

#include <ctime>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", made once a second on each thread; valid until the
// calling thread calls it again.
std::string_view http_date_field() noexcept;

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::time_t when);

}  // namespace twill::inline TWILL_ABI::detail
