// A question to the name servers, by c-ares. Only where TWILL_HAS_CARES is defined.
#pragma once

#include <twill/core/task.hpp>
#include <twill/io/endpoint.hpp>

#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

// As `resolve`. Cancelled at once.
task<std::vector<endpoint>> ask_name_servers(std::string host, std::string service,
                                             std::string servers);

}  // namespace twill::inline TWILL_ABI::detail
