// What a child process may use at most: see getrlimit(2).
#pragma once

#include <twill/core/config.hpp>

#include <sys/resource.h>

namespace twill::inline TWILL_ABI {

struct resource_limit {
    int resource;        // RLIMIT_CPU, RLIMIT_AS, RLIMIT_NOFILE, ...
    rlim_t soft;         // what holds; RLIM_INFINITY: none
    rlim_t hard = soft;  // up to which the child may raise it
};

}  // namespace twill::inline TWILL_ABI
