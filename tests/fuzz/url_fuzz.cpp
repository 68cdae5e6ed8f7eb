// Whatever is taken for an address reads the same once it was written, and so does what a reference
// means there.
#include <twill/net/http_url.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using twill::http::url;

void must_read_the_same(const url& made) {
    if (url::parse(made.to_string()) != made) std::abort();
}

}  // namespace

// An address, and behind a line end a reference.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto end = text.find('\n');
    const auto made = url::parse(text.substr(0, end));
    if (!made) return 0;
    must_read_the_same(*made);
    if (end == std::string_view::npos) return 0;
    if (const auto there = made->resolve(text.substr(end + 1))) must_read_the_same(*there);
    return 0;
}
