#include "http_date.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace twill::inline TWILL_ABI::detail {
namespace {

constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array long_days = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                  "Thursday", "Friday", "Saturday"};
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

// Takes a text apart from its beginning. Once something is not as wanted, all that follows fails.
class date_reader {
public:
    explicit date_reader(std::string_view text) noexcept : rest_(text) {}

    void literal(std::string_view wanted) noexcept {
        good_ = good_ && rest_.starts_with(wanted);
        if (good_) rest_.remove_prefix(wanted.size());
    }
    int number(std::size_t digits) noexcept {
        int value = 0;
        good_ = good_ && rest_.size() >= digits;
        for (; good_ && digits != 0; --digits, rest_.remove_prefix(1)) {
            good_ = rest_.front() >= '0' && rest_.front() <= '9';
            value = 10 * value + (rest_.front() - '0');
        }
        return value;
    }
    // Which of `names` it is.
    template <std::size_t Count>
    int name(const std::array<const char*, Count>& names) noexcept {
        const auto found = std::ranges::find_if(
            names, [&](std::string_view each) { return rest_.starts_with(each); });
        good_ = good_ && found != names.end();
        if (good_) rest_.remove_prefix(std::string_view(*found).size());
        return static_cast<int>(found - names.begin());
    }
    [[nodiscard]] bool is(char next) const noexcept { return rest_.starts_with(next); }
    [[nodiscard]] bool at_end() const noexcept { return good_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool good_ = true;
};

void read_time(date_reader& from, std::tm& into) noexcept {
    into.tm_hour = from.number(2);
    from.literal(":");
    into.tm_min = from.number(2);
    from.literal(":");
    into.tm_sec = from.number(2);
}

// "06 Nov 1994 08:49:37 GMT"
void read_fixed(date_reader& from, std::tm& into) noexcept {
    into.tm_mday = from.number(2);
    from.literal(" ");
    into.tm_mon = from.name(months);
    from.literal(" ");
    into.tm_year = from.number(4) - 1900;
    from.literal(" ");
    read_time(from, into);
    from.literal(" GMT");
}

// "06-Nov-94 08:49:37 GMT" (RFC 850)
void read_short(date_reader& from, std::tm& into, std::time_t now) noexcept {
    into.tm_mday = from.number(2);
    from.literal("-");
    into.tm_mon = from.name(months);
    from.literal("-");
    std::tm today{};
    ::gmtime_r(&now, &today);
    into.tm_year = today.tm_year - today.tm_year % 100 + from.number(2);
    if (into.tm_year > today.tm_year + 50) into.tm_year -= 100;
    from.literal(" ");
    read_time(from, into);
    from.literal(" GMT");
}

// "Nov  6 08:49:37 1994", as C's asctime writes it
void read_asctime(date_reader& from, std::tm& into) noexcept {
    into.tm_mon = from.name(months);
    from.literal(" ");
    if (from.is(' ')) {
        from.literal(" ");
        into.tm_mday = from.number(1);
    } else {
        into.tm_mday = from.number(2);
    }
    from.literal(" ");
    read_time(from, into);
    from.literal(" ");
    into.tm_year = from.number(4) - 1900;
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

std::optional<std::time_t> parse_http_date(std::string_view text, std::time_t now) noexcept {
    date_reader from(text);
    std::tm at{};
    const auto comma = text.find(',');
    if (comma == 3) {
        from.name(days);
        from.literal(", ");
        read_fixed(from, at);
    } else if (comma != std::string_view::npos) {
        from.name(long_days);
        from.literal(", ");
        read_short(from, at, now);
    } else {
        from.name(days);
        from.literal(" ");
        read_asctime(from, at);
    }
    // A leap second is one.
    if (!from.at_end() || at.tm_hour > 23 || at.tm_min > 59 || at.tm_sec > 60) return std::nullopt;
    const int day = at.tm_mday;
    at.tm_sec = std::min(at.tm_sec, 59);
    const std::time_t when = ::timegm(&at);
    if (at.tm_mday != day) return std::nullopt;  // there is no such day
    return when;
}

}  // namespace twill::inline TWILL_ABI::detail
