#include <twill/core/config.hpp>
#include <twill/core/error.hpp>
#include <twill/core/time.hpp>

#include <cstdio>

int main() {
    const auto start = twill::now();
    try {
        // Thrown and caught across the library's border.
        throw twill::io_error("open", "nothing", 2);
    } catch (const std::system_error& e) {
        if (e.code() != std::errc::no_such_file_or_directory || twill::now() < start) return 1;
    }
    std::puts("outside: twill " TWILL_VERSION " works");
}
