// Requests that are meant only if what a client has is, or is not, what the server has: RFC 9110,
// 13.
#pragma once

#include <twill/core/config.hpp>
#include <twill/net/http_message.hpp>

#include <cstdint>
#include <ctime>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

// What a server has, and when it is asked.
struct http_validators {
    std::string_view tag;  // "\"x\"", a strong one
    std::time_t modified;
    std::time_t now;
};

enum class http_condition : std::uint8_t {
    met,
    unchanged,  // the client has it already: 304
    failed,     // the client means another one: 412
};

// For GET and HEAD. In the order of RFC 9110, 13.2.2: If-Match or else If-Unmodified-Since, then
// If-None-Match or else If-Modified-Since. What is no date counts for nothing.
http_condition condition_of(const http::request& asked, const http_validators& have) noexcept;

// Whether a part of it fits to what the client has: the field If-Range, if there is one, has the
// very tag or the very date, and the latter is old enough to be sure that no other one had it, too.
bool may_give_part(const http::request& asked, const http_validators& have) noexcept;

// Whether `tag` is in a list as If-None-Match has it.
enum class tag_match : std::uint8_t { weak, strong };  // whether weak tags count
bool has_etag(std::string_view list, std::string_view tag, tag_match how) noexcept;

}  // namespace twill::inline TWILL_ABI::detail
