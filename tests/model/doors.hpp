// What a run of a model puts behind twill's doors.
#pragma once

#include <twill/async/detail/hazard.hpp>

namespace model_test {

// For `snapshot`; made in the body of the run.
extern twill::detail::hazard_slots* slots_of_run;

}  // namespace model_test
