// For who keeps something under the address of a context, which the next one may have.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/context.hpp>

namespace twill::inline TWILL_ABI::detail {

// Called, unless null, as each context ends, by the thread that ends it. Relaxed: what is called is
// constant, and whoever wants to hear of a context has set it before, on that context's strand.
using context_end_function = void (*)(const context&) noexcept;
TWILL_API extern constinit atomic<context_end_function> on_context_end;

}  // namespace twill::inline TWILL_ABI::detail
