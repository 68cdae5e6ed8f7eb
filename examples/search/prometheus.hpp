// The service's figures in the text format of Prometheus.
#pragma once

#include "index.hpp"
#include "metrics.hpp"

#include <twill/runtime/runtime.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace search {

[[nodiscard]] std::string prometheus_text(const metrics& counted, const index& of,
                                          twill::runtime& in, std::uint64_t log_lines_lost,
                                          std::size_t connections);

}  // namespace search
