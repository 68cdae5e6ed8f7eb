// The groups of rows, each measured in rounds of its own.
#pragma once

#include <twill/core/config.hpp>

#include "common/row.hpp"
#include "common/suite.hpp"

#include <vector>

namespace twill::inline TWILL_ABI::bench {

// Servers of 64 bytes, beside a raw epoll loop and other runtimes.
[[nodiscard]] std::vector<row> echo_rows(const settings& how);
// Servers of HTTP/1.1.
[[nodiscard]] std::vector<row> http_rows(const settings& how);
// The same inside TLS, and new connections.
[[nodiscard]] std::vector<row> https_rows(const settings& how);
// What connections cost on which nothing happens.
[[nodiscard]] std::vector<row> idle_rows(const settings& how);
// HTTP servers of which twice as much is asked as they can do.
[[nodiscard]] std::vector<row> overload_rows(const settings& how);
// Random reads, and a copy of a tree.
[[nodiscard]] std::vector<row> file_rows(const settings& how);
// Started, read and awaited.
[[nodiscard]] std::vector<row> children_rows(const settings& how);

}  // namespace twill::inline TWILL_ABI::bench
