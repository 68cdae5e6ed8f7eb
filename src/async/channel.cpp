#include <twill/async/channel.hpp>

namespace twill::inline TWILL_ABI {

channel_closed::channel_closed()
    : std::runtime_error("send into a channel that is closed: nobody will receive it") {}

}  // namespace twill::inline TWILL_ABI
