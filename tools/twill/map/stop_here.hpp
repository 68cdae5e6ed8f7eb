// Ctrl-Z, for a program that has watched it.
#pragma once

namespace twill_command {

// Stops this program as SIGTSTP itself would have, which is not where nobody could continue it;
// returns once it is continued. On any thread, also one to which the signal is blocked, as it is to
// those of a runtime: raised there it would only wait.
void stop_here();

}  // namespace twill_command
