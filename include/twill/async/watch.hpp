// watch<T>: a value that changes, and those who follow it.
//
//     twill::watch<settings> current(load());
//     s.spawn([&]() -> twill::task<> {
//         twill::watcher<settings> mine(current);
//         do {
//             apply(*mine.read());
//         } while (co_await mine.changed());        // until it is closed
//     });
//     current.set(load());                          // from anywhere
//
// Who follows sees the newest value, not each: changes that come before it looks are one. (To see
// each there is broadcast.hpp.) The value is a `snapshot`: reading waits for nobody, and what was
// read stays as long as the view of it.
//
// For tasks on any event thread, plain threads and functions on the compute pool; `changed` can be
// a case of `select`. The watch must outlive those who follow.
#pragma once

#include <twill/async/detail/placed.hpp>
#include <twill/async/snapshot.hpp>
#include <twill/core/config.hpp>

#include <concepts>
#include <cstdint>
#include <utility>

namespace twill::inline TWILL_ABI {

namespace detail {

class TWILL_API watch_place final : public two_phase_place {
public:
    // In a watcher's wait.
    struct question {
        std::uint64_t* seen = nullptr;  // the number of the change that was seen last
        bool changed = false;
    };

    constexpr watch_place() noexcept : two_phase_place(lock_) {}
    void note_change() noexcept;
    void close() noexcept;
    [[nodiscard]] std::uint64_t changes() noexcept;
    [[nodiscard]] bool closed() noexcept;

    bool take(waiter& who, woken_waiters& woken) noexcept override;
    bool queue(waiter& who) noexcept override;
    bool cut(waiter& who, woken_waiters& woken) noexcept override;

private:
    futex_mutex lock_;  // guards the rest
    std::uint64_t changes_ = 0;
    bool closed_ = false;
    wait_list waiting_;
};

struct [[nodiscard("it waits when it is awaited")]] awaited_change {
    watch_place* at;
    std::uint64_t* seen;
    using parcel = watch_place::question;
    [[nodiscard]] two_phase_place& place() const noexcept { return *at; }
    void prepare(waiter& who, parcel& with) const noexcept {
        with.seen = seen;
        who.slot = &with;
    }
    bool result(const parcel& from) const noexcept {
        // Those that came since it was woken are one with it.
        if (from.changed) *seen = at->changes();
        return from.changed;
    }
    auto operator co_await() const noexcept {
        return placed_wait<awaited_change>("wait for a change", *this);
    }
};

}  // namespace detail

template <class T>
class watcher;

template <class T>
class watch {
public:
    // Makes the value from `arguments`.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    explicit watch(Args&&... arguments) : value_(std::forward<Args>(arguments)...) {}

    // The value at the moment. Any thread, as the rest.
    [[nodiscard]] snapshot_view<T> read() const { return value_.read(); }
    // Puts another one in its place, and tells those who wait for it. Linear in their number.
    void set(T value) {
        value_.set(std::move(value));
        place_.note_change();
    }
    // The same with a changed copy: see snapshot::update.
    template <std::invocable<T&> F>
    void update(F&& change) {
        value_.update(std::forward<F>(change));
        place_.note_change();
    }
    // There will be no more changes worth waiting for.
    void close() noexcept { place_.close(); }
    [[nodiscard]] bool is_closed() noexcept { return place_.closed(); }

private:
    friend class watcher<T>;
    snapshot<T> value_;
    detail::watch_place place_;
};

// One who follows a watch. One task or thread at a time.
template <class T>
class watcher {
public:
    // The value that is there now counts as seen.
    explicit watcher(watch<T>& what) noexcept : what_(&what), seen_(what.place_.changes()) {}

    // The newest value, whether it was waited for or not.
    [[nodiscard]] snapshot_view<T> read() const { return what_->read(); }

    // `co_await changed()` suspends until there is a change that this watcher has not been told of,
    // and gives true; false, when the watch is closed and there is none. Cancelled at once: then
    // the change is told the next time.
    [[nodiscard]] detail::awaited_change changed() noexcept { return {&what_->place_, &seen_}; }
    // Blocks the calling thread. Throws usage_error on an event thread.
    bool changed_blocking() { return detail::wait_blocking(changed(), "co_await changed()"); }
    // Whether `changed` would not wait but give true.
    [[nodiscard]] bool has_changed() const noexcept { return what_->place_.changes() != seen_; }

private:
    watch<T>* what_;
    std::uint64_t seen_;
};

}  // namespace twill::inline TWILL_ABI
