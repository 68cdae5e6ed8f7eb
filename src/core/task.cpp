#include <twill/core/error.hpp>
#include <twill/core/task.hpp>

namespace twill::inline TWILL_ABI::detail {

void refuse_task(bool is_empty) {
    throw usage_error(
        is_empty ? "await an empty task: it was moved from, or never came from a coroutine"
                 : "await a task a second time: call the coroutine again for another task");
}

}  // namespace twill::inline TWILL_ABI::detail
