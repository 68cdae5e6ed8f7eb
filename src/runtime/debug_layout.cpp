#include "debug_layout.hpp"

#include <twill/core/context.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/group.hpp>
#include <twill/core/named.hpp>
#include <twill/core/promise.hpp>

#include <cstddef>
#include <mutex>

// The compilers lay all of these out in the one way of their ABI.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

namespace twill::inline TWILL_ABI::detail {
namespace {

constinit futex_mutex runs_lock;
constinit debug_run* runs = nullptr;

}  // namespace

debug_run::debug_run(const context& root) noexcept : root_(&root) {
    std::lock_guard hold(runs_lock);
    next_ = runs;
    runs = this;
}

debug_run::~debug_run() {
    std::lock_guard hold(runs_lock);
    debug_run** at = &runs;
    while (*at != this) at = &(*at)->next_;
    *at = next_;
}

// The fields are those of the script, in its order. A change of their meaning raises `version`.
struct debug_layout {
    std::uint64_t magic = 0x74776c6c64656267;  // "twlldebg"
    std::uint64_t version = 2;
    const void* runs = &detail::runs;
    std::uint64_t run_root = offsetof(debug_run, root_);
    std::uint64_t run_next = offsetof(debug_run, next_);
    std::uint64_t slot = offsetof(context, slot_);
    std::uint64_t slot_flags = context::flags | context::visited;
    std::uint64_t next = offsetof(context, next_);
    std::uint64_t first_child = offsetof(context, first_child_);
    std::uint64_t place = offsetof(context, place_);
    std::uint64_t joint = offsetof(context, joint_);
    std::uint64_t binding = offsetof(context, binding_);
    std::uint64_t group_bound = offsetof(group, bound_);
    std::uint64_t binding_key = offsetof(detail::binding, key);
    const void* name_key = &key_of_names;
    std::uint64_t name_text = offsetof(bound_name, text);
    std::uint64_t suspension_waiter = offsetof(suspension, waiter_);
    std::uint64_t frame_promise = 2 * sizeof(void*);
    std::uint64_t promise_continuation = offsetof(promise_base, continuation_);
    // libstdc++'s std::source_location refers to these.
    std::uint64_t place_file = 0;
    std::uint64_t place_line = 2 * sizeof(void*);
};

}  // namespace twill::inline TWILL_ABI::detail

extern "C" {
[[gnu::visibility("default")]] extern const twill::detail::debug_layout twill_debug_layout;
// Nobody refers to it but debuggers.
[[gnu::used]] constinit const twill::detail::debug_layout twill_debug_layout{};
}
