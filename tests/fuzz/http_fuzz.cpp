#include "fuzz/http_target.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    twill_test::fuzz_http({reinterpret_cast<const char*>(data), size});
    return 0;
}
