#include <twill/core/event.hpp>
#include <twill/core/group.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI::detail {

bool is_cancellation(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const cancelled&) {
        return true;
    } catch (...) {
        return false;
    }
}

// Without a lock: what is above a running task neither ends nor changes its place meanwhile.
const binding* find_binding(const context& from, const void* key) noexcept {
    for (const context* at = &from; at != nullptr; at = at->parent()) {
        if (!at->is_binding()) continue;
        const binding* bound = static_cast<const group*>(at)->bound();
        if (bound->key == key) return bound;
    }
    return nullptr;
}

group::group(context& owner, std::source_location where, failure_policy policy,
             const binding* value) noexcept
    : context(owner.home(), where), bound_(value), policy_(policy) {
    mark_joint(value != nullptr);
    attach_to(owner);
}

group::~group() { detach(); }

void group::keep(const std::exception_ptr& failure) noexcept {
    std::lock_guard hold(lock_);
    if (!first_failure_) {
        first_failure_ = failure;
        return;
    }
    // A branch that asked another one for its result throws the same exception again.
    if (failure == first_failure_ || others_.size() == most_kept_failures) return;
    try {
        others_.push_back(failure);
    } catch (const std::bad_alloc&) {
        // The first failure is what the owner needs; a further one is lost when memory is out.
    }
}

std::coroutine_handle<> group::child_ended(const std::exception_ptr& error) noexcept {
    if (error && is_cancellation(error)) {
        std::lock_guard hold(lock_);
        cut_short_ = true;
    } else if (error) {
        keep(error);
        if (policy_ == failure_policy::cancel_rest) request_cancel();
    }
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) != 1) return nullptr;
    return joining_->end_join();
}

std::coroutine_handle<> group::suspend_owner(joiner& join, std::coroutine_handle<> owner,
                                             context& where) noexcept {
    const auto first = join.first_;
    joining_ = &join;
    join.begin_join(owner, where);
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) return join.end_join();
    return first;
}

}  // namespace twill::inline TWILL_ABI::detail
