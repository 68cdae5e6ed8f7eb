// snapshot<T>: a value that many read and few change, such as a table of routes or the settings.
//
//     twill::snapshot<routes> table(load());
//     auto now = table.read();                             // a few nanoseconds, anywhere
//     forward(request, now->find(request.path()));
//     table.update([&](routes& copy) { copy.add(path, target); });
//
// Readers never wait, for writers or for each other, and share nothing that they write to. What a
// reader has does not change and stays as long as it has it: also across suspensions, and on other
// threads. A writer changes a copy and puts it in the place of the old value, which is freed with
// the first change after the last reader is done with it, or with the snapshot. As RCU, in the form
// of hazard pointers.
//
// For tasks on any event thread, plain threads and functions on the compute pool. To wait for
// changes: watch.hpp. It must outlive those who read it.
#pragma once

#include <twill/async/detail/hazard.hpp>
#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>

#include <cassert>
#include <concepts>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace twill::inline TWILL_ABI {

namespace detail {
template <class T>
struct snapshot_version {
    template <class... Args>
    explicit snapshot_version(Args&&... arguments) : value(std::forward<Args>(arguments)...) {}
    T value;
    snapshot_version* next = nullptr;  // once it is out of its place
};
}  // namespace detail

template <class T>
class snapshot;

// The value as it was when it was read, kept until this goes. Movable.
template <class T>
class [[nodiscard("the value is kept only as long as this lives")]] snapshot_view {
public:
    snapshot_view(snapshot_view&& other) noexcept
        : slot_(std::exchange(other.slot_, nullptr)), read_(std::exchange(other.read_, nullptr)) {}
    snapshot_view& operator=(snapshot_view&& other) noexcept {
        std::swap(slot_, other.slot_);
        std::swap(read_, other.read_);
        return *this;
    }
    ~snapshot_view() {
        if (slot_ == nullptr) return;
        detail::read_no_more(*slot_);
        detail::give_hazard_slot_back(*slot_);
    }

    [[nodiscard]] const T& operator*() const noexcept { return read_->value; }
    [[nodiscard]] const T* operator->() const noexcept { return &read_->value; }

private:
    friend class snapshot<T>;
    using version = detail::snapshot_version<T>;
    explicit snapshot_view(const atomic<version*>& place)
        : slot_(&detail::take_hazard_slot()), read_(detail::read_through(*slot_, place)) {}

    detail::hazard_slot* slot_;
    version* read_;
};

template <class T>
class snapshot {
    using version = detail::snapshot_version<T>;

public:
    // Makes the value from `arguments`.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    explicit snapshot(Args&&... arguments) : now_(new version(std::forward<Args>(arguments)...)) {}
    snapshot(const snapshot&) = delete;
    snapshot& operator=(const snapshot&) = delete;
    ~snapshot() {
        // Relaxed: whoever destroys it knows that the others have ended.
        version* each = now_.load(std::memory_order_relaxed);
        each->next = old_;
        while (each != nullptr) {
            assert(!detail::anyone_reads(each) && "a snapshot goes while somebody reads it");
            delete std::exchange(each, each->next);
        }
    }

    // The value at the moment. Any thread. Allocates, and throws std::bad_alloc, only if more are
    // reading at once than ever before; up to four that a thread has read with count as reading.
    snapshot_view<T> read() const { return snapshot_view<T>(now_); }

    // Puts another one in its place. Any thread; never waits for readers.
    void set(T value) {
        auto* const next = new version(std::move(value));
        retire(*now_.exchange(next, std::memory_order_seq_cst));
    }

    // Calls `change(copy)` with a copy of the value, and puts that in its place. If the value was
    // changed meanwhile, it does so again with the new one: no change is lost, and `change` should
    // do nothing else. If it throws, nothing has changed. Any thread.
    template <std::invocable<T&> F>
    void update(F&& change) {
        version* before = nullptr;
        while (before == nullptr) before = try_update(change);
        retire(*before);
    }

private:
    template <class F>
    version* try_update(F& change) {
        // While it is read nobody frees it, so that nothing else can have its address.
        const snapshot_view<T> seen = read();
        auto next = std::make_unique<version>(*seen);
        std::invoke(change, next->value);
        version* before = seen.read_;
        // Sequentially consistent, here and in `set`: see hazard.hpp.
        if (!now_.compare_exchange_strong(before, next.get(), std::memory_order_seq_cst,
                                          std::memory_order_relaxed))
            return nullptr;
        next.release();
        return before;
    }

    // Frees what nobody reads any more; each reader keeps at most one from it.
    void retire(version& one) noexcept {
        version* unread = nullptr;
        {
            std::lock_guard hold(lock_);
            one.next = std::exchange(old_, &one);
            for (version** link = &old_; *link != nullptr;) {
                version* const each = *link;
                if (detail::anyone_reads(each)) {
                    link = &each->next;
                    continue;
                }
                *link = each->next;
                each->next = std::exchange(unread, each);
            }
        }
        while (unread != nullptr) delete std::exchange(unread, unread->next);
    }

    atomic<version*> now_;
    futex_mutex lock_;
    version* old_ = nullptr;  // guarded by it: out of their place, and read when last seen
};

}  // namespace twill::inline TWILL_ABI
