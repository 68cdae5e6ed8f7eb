#include "http_date.hpp"

#include <array>
#include <cstdio>

namespace twill::inline TWILL_ABI::detail {
namespace {

constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct made_field {
    std::time_t second = -1;
    int size = 0;
    std::array<char, 64> text{};
};
TWILL_THREAD_LOCAL made_field last_made;

int print(char* to, std::size_t room, const char* before, const char* after,
          std::time_t when) noexcept {
    std::tm at{};
    ::gmtime_r(&when, &at);
    return std::snprintf(to, room, "%s%s, %02d %s %04d %02d:%02d:%02d GMT%s", before,
                         days[static_cast<std::size_t>(at.tm_wday)], at.tm_mday,
                         months[static_cast<std::size_t>(at.tm_mon)], at.tm_year + 1900, at.tm_hour,
                         at.tm_min, at.tm_sec, after);
}

}  // namespace

std::string_view http_date_field() noexcept {
    made_field& made = last_made;
    const std::time_t second = std::time(nullptr);
    if (second != made.second) {
        made.size = print(made.text.data(), made.text.size(), "Date: ", "\r\n", second);
        made.second = second;
    }
    return {made.text.data(), static_cast<std::size_t>(made.size)};
}

std::string http_date(std::time_t when) {
    std::array<char, 64> text{};
    const int size = print(text.data(), text.size(), "", "", when);
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace twill::inline TWILL_ABI::detail
