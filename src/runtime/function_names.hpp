// The names of functions, from the symbol tables of the program's files: for reports, which say
// where tasks wait.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

// Reads the symbols of a file when a first function of it is asked for. One thread at a time.
class function_names {
public:
    function_names() = default;
    ~function_names();
    function_names(const function_names&) = delete;
    function_names& operator=(const function_names&) = delete;

    // Of the function that holds `code`: "server::answer", without parameters, template arguments
    // and the marks of coroutines; of a file without symbols "server+0x1a2b".
    [[nodiscard]] std::string of(const void* code);

private:
    struct symbol {
        std::uintptr_t address;
        std::size_t size;
        const char* name;
    };
    struct file {
        std::span<const std::byte> content;  // mapped, as long as this lives
        std::vector<symbol> functions;       // sorted
    };
    const file& symbols_of(const std::string& path);

    std::map<std::string, file> files_;
};

// "twill::task<int> a::b<c>::d(e) const" becomes "a::b::d".
[[nodiscard]] std::string brief_function_name(std::string_view demangled);

}  // namespace twill::inline TWILL_ABI::detail
