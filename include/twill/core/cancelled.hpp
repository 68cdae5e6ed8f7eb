// What a cancelled task throws.
//
// It does not derive from std::exception, so that `catch (const std::exception&)` in a retry loop
// does not swallow a cancellation. Catch it only to clean up, then `throw;`: the next suspension
// would throw it again anyway. Asynchronous clean-up belongs into `finally` (core/finally.hpp).
#pragma once

#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI {

class TWILL_API cancelled{};

}  // namespace twill::inline TWILL_ABI
