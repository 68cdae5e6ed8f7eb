#include "twill/common/quiet_options.hpp"

#include <cstdlib>

namespace twill_command {

twill::runtime_options quiet_options() {
    auto options = twill::runtime_options::from_environment();
    // Children die with the thread that started them, so that must not be one that comes and goes.
    if (std::getenv("TWILL_WATCHDOG") == nullptr || options.watchdog == twill::watchdog::hand_over)
        options.watchdog = twill::watchdog::off;
    options.event_threads = 1;
    return options;
}

}  // namespace twill_command
