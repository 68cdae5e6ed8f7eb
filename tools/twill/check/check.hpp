// `twill check`: runs a threaded program under many schedules, and shows the one that fails.
#pragma once

namespace twill_command {

int run_check(int argc, char** argv);

}  // namespace twill_command
