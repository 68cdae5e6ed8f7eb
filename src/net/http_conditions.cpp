#include "http_conditions.hpp"

#include "http_date.hpp"

#include <optional>

namespace twill::inline TWILL_ABI::detail {
namespace {

enum class answer : std::uint8_t { absent, no, yes };

// Of a field that has a list: its lines count as one.
answer is_tagged(const http::request& asked, std::string_view name, const http_validators& have,
                 tag_match how) noexcept {
    auto found = answer::absent;
    for (const auto& [field, value] : asked.fields()) {
        if (!http::same_name(field, name)) continue;
        if (has_etag(value, have.tag, how)) return answer::yes;
        found = answer::no;
    }
    return found;
}

// Of a field that has a date. Two of them are none.
answer is_newer_than(const http::request& asked, std::string_view name,
                     const http_validators& have) noexcept {
    std::optional<std::time_t> date;
    int count = 0;
    for (const auto& [field, value] : asked.fields())
        if (http::same_name(field, name) && ++count == 1) date = parse_http_date(value, have.now);
    if (!date || count != 1) return answer::absent;
    return have.modified > *date ? answer::yes : answer::no;
}

}  // namespace

http_condition condition_of(const http::request& asked, const http_validators& have) noexcept {
    const auto match = is_tagged(asked, "If-Match", have, tag_match::strong);
    if (match == answer::no) return http_condition::failed;
    if (match == answer::absent && is_newer_than(asked, "If-Unmodified-Since", have) == answer::yes)
        return http_condition::failed;
    const auto none_match = is_tagged(asked, "If-None-Match", have, tag_match::weak);
    if (none_match == answer::yes) return http_condition::unchanged;
    if (none_match == answer::absent &&
        is_newer_than(asked, "If-Modified-Since", have) == answer::no)
        return http_condition::unchanged;
    return http_condition::met;
}

bool may_give_part(const http::request& asked, const http_validators& have) noexcept {
    const auto unless = asked.header("If-Range");
    if (unless.empty()) return true;
    if (unless.starts_with('"') || unless.starts_with("W/")) return unless == have.tag;
    // A file can change twice in a second, and keep its date (RFC 9110, 8.8.2.2).
    return parse_http_date(unless, have.now) == have.modified && have.modified + 1 < have.now;
}

bool has_etag(std::string_view list, std::string_view tag, tag_match how) noexcept {
    while (!list.empty()) {
        const auto begin = list.find_first_not_of(" \t,");
        if (begin == std::string_view::npos) return false;
        list.remove_prefix(begin);
        if (list.front() == '*') return true;
        const bool is_weak = list.starts_with("W/");
        if (is_weak) list.remove_prefix(2);
        if (!list.starts_with('"')) return false;
        const auto end = list.find('"', 1);
        if (end == std::string_view::npos) return false;
        if (list.substr(0, end + 1) == tag && (how == tag_match::weak || !is_weak)) return true;
        list.remove_prefix(end + 1);
    }
    return false;
}

}  // namespace twill::inline TWILL_ABI::detail
