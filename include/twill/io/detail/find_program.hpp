// Looks a command's name up in PATH.
//
//     auto sort = detail::find_program("sort");
//     if (sort.error != 0) throw io_error("find the program", "sort", sort.error);
//     // sort.path: "/usr/bin/sort"
#pragma once

#include <twill/core/config.hpp>

#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI {

namespace detail {

struct program_location {
    std::string path;  // absolute, unless `name` has a slash
    int error = 0;     // ENOENT: nowhere; EACCES: somewhere, but not executable
};

// Where a shell would find `name`: as it is when it has a slash, else the first executable regular
// file of that name in the directories of `search_path` (null: those of PATH). For those who start
// one program many times: `path` goes into `spawn_request::program`.
TWILL_API program_location find_program(std::string_view name, const char* search_path = nullptr);

}  // namespace detail

}  // namespace twill::inline TWILL_ABI
