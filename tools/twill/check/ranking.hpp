// What is told first.
#pragma once

#include "twill/check/account.hpp"

#include <vector>

namespace twill_command::check {

// Of one run: what ended it, then what it noted, the worse first.
void put_strongest_first(std::vector<finding_account>& findings);

// Of an exploration that was to find one failure: first the run that ended badly, then those that
// noted something and went on, the worse first; and of these only what no run before has told: each
// kind once.
void keep_what_is_worth_telling(std::vector<failing_run>& runs);

}  // namespace twill_command::check
