#include <twill/core/callback.hpp>

namespace twill::inline TWILL_ABI {

callback_abandoned::callback_abandoned()
    : std::runtime_error(
          "from_callback: the last copy of the callback was destroyed without a call; the library "
          "that it was given to dropped it, or an error path forgot it") {}

}  // namespace twill::inline TWILL_ABI
