#include <twill/core/context.hpp>
#include <twill/core/context_end.hpp>
#include <twill/core/event.hpp>
#include <twill/core/promise.hpp>
#include <twill/core/transfer.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI {
namespace {

std::uintptr_t address_of(const suspension& op) noexcept {
    return reinterpret_cast<std::uintptr_t>(&op);
}

}  // namespace

void context::attach_to(context& parent) noexcept {
    bool cancelled_before = false;
    {
        std::lock_guard hold(parent.lock_);
        parent_ = &parent;
        next_ = parent.first_child_;
        if (next_ != nullptr) next_->previous_ = this;
        parent.first_child_ = this;
        // Whoever cancels the parent first sets its flag and then takes the lock to walk the list:
        // either the flag is seen here, or this context is seen there.
        cancelled_before = parent.cancel_requested();
        if (cancelled_before && shielded_) {
            cancel_deferred_ = true;
            cancelled_before = false;
        }
    }
    // Nobody else knows this context yet but the walk above, which does the same.
    if (cancelled_before) request_cancel();
}

constinit atomic<detail::context_end_function> detail::on_context_end{nullptr};

void context::detach() noexcept {
    if (const auto told = detail::on_context_end.load(std::memory_order_relaxed)) [[unlikely]]
        told(*this);
    if (parent_ == nullptr) return;
    std::lock_guard hold(parent_->lock_);
    if (next_ != nullptr) next_->previous_ = previous_;
    if (previous_ != nullptr)
        previous_->next_ = next_;
    else
        parent_->first_child_ = next_;
}

// Whoever cancels a context first goes on to those below it; others need not, and do not: a scope
// of which each child fails is not walked for each of them.
void context::request_cancel() noexcept {
    walk([this](context& each, unsigned /*depth*/) {
        if (&each != this && each.shielded_) {
            each.cancel_deferred_ = true;
            return false;
        }
        return each.cancel_operation();
    });
}

void context::unlock_up_from(context* lowest) noexcept {
    for (context* each = lowest;;) {
        // The link belongs to the lock of the parent, which is still held.
        context* const above = each->parent_;
        each->lock_.unlock();
        if (each == this) return;
        each = above;
    }
}

void context::unshield() noexcept {
    std::lock_guard hold(parent_->lock_);
    shielded_ = false;
    if (cancel_deferred_) request_cancel();
}

bool context::cancel_operation() noexcept {
    std::uintptr_t seen = slot_.load(std::memory_order_acquire);
    do {
        if ((seen & flags) != 0) return false;
    } while (!slot_.compare_exchange_weak(seen, seen | ((seen & ~visited) == 0 ? requested : flags),
                                          std::memory_order_acq_rel, std::memory_order_acquire));
    note(event_kind::cancel, this);
    const std::uintptr_t self = seen & ~visited;
    if (self == 0) return true;
    auto& op = *reinterpret_cast<suspension*>(self);
    op.cancel();
    // A visitor may come or go once more, and it may complete.
    seen = self | flags;
    std::uintptr_t then = 0;
    do {
        const bool complete = (seen & requested) == 0;
        then = ((complete ? 0 : self) | requested) | (seen & visited);
    } while (!slot_.compare_exchange_weak(seen, then, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    // It completed meanwhile and left the waiter to us.
    if (then == requested) home_->post(op);
    return true;
}

suspension* context::begin_visit() noexcept {
    std::uintptr_t seen = slot_.load(std::memory_order_relaxed);
    do {
        if ((seen & ~requested) == 0 || (seen & (busy | visited)) != 0) return nullptr;
        // Acquire: what it is made of, and who waits in it.
    } while (!slot_.compare_exchange_weak(seen, seen | visited, std::memory_order_acquire,
                                          std::memory_order_relaxed));
    return reinterpret_cast<suspension*>(seen & ~requested);
}

void context::end_visit(suspension& op) noexcept {
    // Acquire and release: it may be for us to make the waiter ready, who is gone then.
    const std::uintptr_t before = slot_.fetch_and(~visited, std::memory_order_acq_rel);
    if ((before & ~flags) == visited) home_->post(op);
}

bool context::enter(suspension& op, bool even_if_cancelled) noexcept {
    std::uintptr_t seen = 0;
    if (slot_.compare_exchange_strong(seen, address_of(op), std::memory_order_acq_rel)) return true;
    // Only `requested` is possible: the slot is entered by the context's own strand alone.
    if (!even_if_cancelled) return false;
    slot_.store(address_of(op) | requested, std::memory_order_release);
    return true;
}

bool context::leave() noexcept {
    std::uintptr_t seen = slot_.load(std::memory_order_acquire);
    for (;;) {
        const bool cancelling = (seen & busy) != 0;
        const std::uintptr_t then = cancelling ? seen & ~requested : seen & (requested | visited);
        if (slot_.compare_exchange_weak(seen, then, std::memory_order_acq_rel,
                                        std::memory_order_acquire))
            return !cancelling && (seen & visited) == 0;
    }
}

suspension* context::suspended_in() const noexcept {
    return reinterpret_cast<suspension*>(slot_.load(std::memory_order_acquire) &
                                         ~(flags | visited));
}

context& suspension::owner() const noexcept { return promise_base::of(waiter_).current_context(); }

void suspension::note_suspended(const context& owner) const noexcept {
    if (is_traced()) [[unlikely]]
        note(event_kind::task_suspend, &owner, what());
}

bool suspension::begin(std::coroutine_handle<> waiter, context& owner) noexcept {
    waiter_ = waiter;
    if (!owner.enter(*this, false)) {
        waiter_ = std::coroutine_handle<>::from_address(this);
        return false;
    }
    note_suspended(owner);
    if (!start()) return true;
    if (!owner.leave()) return true;
    if (owner.home().may_continue()) {
        note(event_kind::task_resume, &owner);
        return false;
    }
    owner.home().post(*this);
    return true;
}

void suspension::queue_up(std::coroutine_handle<> waiter, context& owner) noexcept {
    waiter_ = waiter;
    note_suspended(owner);
    owner.home().post(*this);
}

void suspension::begin_join(std::coroutine_handle<> waiter, context& owner) noexcept {
    waiter_ = waiter;
    owner.enter(*this, true);
    note_suspended(owner);
}

std::coroutine_handle<> suspension::end_join() noexcept {
    context& where = owner();
    const auto waiter = waiter_;
    if (!where.leave()) return nullptr;
    if (!where.home().may_resume()) {
        where.home().post(*this);
        return nullptr;
    }
    note(event_kind::task_resume, &where);
    detail::note_running(where.place());
    return waiter;
}

void suspension::complete() noexcept {
    context& where = owner();
    note(event_kind::wake, &where);
    if (where.leave()) where.home().post(*this);
}

void suspension::resume(runnable& self) noexcept {
    auto& op = static_cast<suspension&>(self);
    const context& where = op.owner();
    note(event_kind::task_resume, &where);
    detail::note_running(where.place());
    detail::resume(op.waiter_);
}

}  // namespace twill::inline TWILL_ABI
