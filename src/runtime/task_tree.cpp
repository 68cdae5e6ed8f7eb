#include "task_tree.hpp"

#include <twill/core/named.hpp>
#include <twill/core/promise.hpp>

#include <coroutine>
#include <cstddef>
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

// What a task waits in, taken down while it stands still; put into words when it may go on.
class note_of_wait {
public:
    // False: it does not wait, or somebody is at it.
    bool take(context& task) noexcept {
        return task.visit_suspension([this](const suspension& in) {
            what_ = in.what();
            for (std::coroutine_handle<> at = in.waiting(); at && depth_ != most;) {
                code_[depth_++] = code_of(at);
                const promise_base* const caller = promise_base::of(at).caller();
                if (caller == nullptr) return;
                at = caller->coroutine();
            }
            cut_off_ = true;
        });
    }
    void append_to(std::string& text, function_names& names) const {
        text.append(what_);
        const char* before = ", in ";
        for (std::size_t i = 0; i != depth_; ++i) {
            const std::string name = names.of(code_[i]);
            if (is_ours(name)) continue;
            text.append(before).append(name);
            before = " < ";
        }
        if (cut_off_) text.append(" < ...");
    }

private:
    static constexpr std::size_t most = 64;
    const char* what_ = "";
    const void* code_[most] = {};
    std::size_t depth_ = 0;
    bool cut_off_ = false;
};

}  // namespace

void append_task(std::string& text, context& task, unsigned depth, function_names& names) {
    text.append(2 * std::size_t{depth} + 2, ' ')
        .append(file_name_of(task.place()))
        .append(":")
        .append(std::to_string(task.place().line()));
    if (const std::string* name = name_given_by(task))
        text.append(" \"").append(*name).append("\"");
    if (note_of_wait wait; wait.take(task)) {
        text.append(" waits: ");
        wait.append_to(text, names);
    } else if (task.is_joint()) {
        text.append(" is a scope");
    } else {
        text.append(task.suspended_in() != nullptr ? " is just being cancelled"
                                                   : " is ready or running");
    }
    text.append(task.cancel_requested() ? ", cancelled\n" : "\n");
}

}  // namespace twill::inline TWILL_ABI::detail
