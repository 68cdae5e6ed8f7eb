// The fields that a client writes and http::files reads: dates, ranges, lists of tags.
#include "net/http_conditions.hpp"
#include "net/http_date.hpp"
#include "net/http_range.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

namespace {

using namespace twill::detail;

void must(bool holds) {
    if (!holds) std::abort();
}

void read_date(std::string_view text) {
    const auto when = parse_http_date(text, 1'795'000'000);
    // What is read is written, and reads the same.
    if (when) must(parse_http_date(http_date(*when), 0) == when);
}

void read_range(std::string_view text, std::uint64_t size) {
    const auto range = parse_range(text, size);
    if (range.is != http_range::kind::part) return;
    must(range.size != 0 && range.begin < size && range.size <= size - range.begin);
}

void read_tags(std::string_view text) {
    constexpr std::string_view tag = "\"1-2-3\"";
    // A strong match is a weak one as well.
    if (has_etag(text, tag, tag_match::strong)) must(has_etag(text, tag, tag_match::weak));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read_date(text);
    read_tags(text);
    for (const std::uint64_t length :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0}})
        read_range(text, length);
    return 0;
}
