// Who must know when the wall clock is set.
//
// The monotonic clock says how long until a time of day, unless the wall clock is set meanwhile: by
// somebody, by a time server that steps it, or because the machine was suspended. A reactor that
// can learn of it tells its watchers, who then look at the clock again.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>

namespace twill::inline TWILL_ABI {

class TWILL_API clock_watcher {
public:
    clock_watcher(const clock_watcher&) = delete;
    clock_watcher& operator=(const clock_watcher&) = delete;

protected:
    clock_watcher() noexcept = default;
    ~clock_watcher() = default;

private:
    friend class clock_watchers;
    // The wall clock was set: `wall_now()` gives the new time. On any thread, under the lock of the
    // list: not to be removed from here.
    virtual void clock_was_set() noexcept = 0;

    clock_watcher* next_ = nullptr;
    clock_watcher* previous_ = nullptr;
};

class TWILL_API clock_watchers {
public:
    void add(clock_watcher& who) noexcept;
    // When it returns, `who` is not being told, and never will be again.
    void remove(clock_watcher& who) noexcept;
    void tell_all() noexcept;

private:
    futex_mutex lock_;
    clock_watcher* first_ = nullptr;
};

}  // namespace twill::inline TWILL_ABI
