#include "task_tree.hpp"

#include <twill/core/named.hpp>
#include <twill/core/promise.hpp>

#include <coroutine>
#include <cstring>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {
namespace {

const char* file_name_of(const std::source_location& place) noexcept {
    const char* slash = std::strrchr(place.file_name(), '/');
    return slash != nullptr ? slash + 1 : place.file_name();
}

// A frame begins with the address of the function that goes on with the coroutine.
const void* code_of(std::coroutine_handle<> coroutine) noexcept {
    return *static_cast<const void* const*>(coroutine.address());
}

// Those between the user's own, such as the one that `scope` is.
bool is_ours(std::string_view function) noexcept { return function.starts_with("twill::detail::"); }

void append_coroutines(std::string& text, std::coroutine_handle<> innermost,
                       function_names& names) {
    const char* before = ", in ";
    for (std::coroutine_handle<> at = innermost; at;) {
        if (const std::string name = names.of(code_of(at)); !is_ours(name)) {
            text.append(before).append(name);
            before = " < ";
        }
        const promise_base* const caller = promise_base::of(at).caller();
        if (caller == nullptr) return;
        at = caller->coroutine();
    }
}

}  // namespace

void append_task(std::string& text, const context& task, unsigned depth, detail_of_tasks how,
                 function_names& names) {
    const suspension* const waits_in = task.suspended_in();
    text.append(2 * std::size_t{depth} + 2, ' ')
        .append(file_name_of(task.place()))
        .append(":")
        .append(std::to_string(task.place().line()));
    if (const std::string* name = name_given_by(task))
        text.append(" \"").append(*name).append("\"");
    if (task.is_joint()) {
        text.append(" is a scope");
    } else if (waits_in == nullptr) {
        text.append(" is ready or running");
    } else if (how == detail_of_tasks::places) {
        text.append(" waits: for something");
    } else {
        text.append(" waits: ").append(waits_in->what());
        append_coroutines(text, waits_in->waiting(), names);
    }
    text.append(task.cancel_requested() ? ", cancelled\n" : "\n");
}

}  // namespace twill::inline TWILL_ABI::detail
