#include "twill/common/quiet_options.hpp"

#include <cstdlib>

namespace twill_command {

twill::runtime_options quiet_options() {
    auto options = twill::runtime_options::from_environment();
    if (std::getenv("TWILL_WATCHDOG") == nullptr) options.watchdog = twill::watchdog::off;
    return options;
}

}  // namespace twill_command
