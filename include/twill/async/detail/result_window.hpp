// The results of calls on their way to whoever takes them one after the other: at most so many
// calls have begun whose results were not taken.
#pragma once

#include <twill/async/auto_reset_event.hpp>
#include <twill/async/semaphore.hpp>
#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/task.hpp>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

// A call has a permit of `room` from before it begins until its result was taken, so results whose
// places in the sequence are within `size` of each other are all that there are. The ring is as big
// as the furthest of them so far asked for: each finds its slot empty.
template <class T>
class result_window {
public:
    explicit result_window(std::size_t size) : room(size) {}

    semaphore room;

    // The result of the call that is the `place`-th in the sequence. Any thread.
    void put(std::size_t place, T&& result) {
        {
            std::lock_guard hold(lock_);
            slot_of(place).emplace(std::move(result));
        }
        there_.set();
    }
    // The same at the next free place: results are taken as they come.
    void put_next(T&& result) {
        {
            std::lock_guard hold(lock_);
            slot_of(put_).emplace(std::move(result));
            ++put_;
        }
        there_.set();
    }
    // There will be so many. Any thread.
    void end_at(std::size_t count) noexcept {
        {
            std::lock_guard hold(lock_);
            count_ = count;
        }
        there_.set();
    }

    // The next one of the sequence; nothing after the last. One task at a time.
    task<std::optional<T>> take() {
        for (;;) {
            std::optional<T> result;
            {
                std::lock_guard hold(lock_);
                if (count_ == taken_) co_return std::nullopt;
                auto& slot = slot_of(taken_);
                if (slot) {
                    result.swap(slot);
                    ++taken_;
                }
            }
            if (result) {
                room.release();
                co_return result;
            }
            co_await there_.wait();
        }
    }

private:
    // Under the lock. Throws std::bad_alloc, and has changed nothing.
    std::optional<T>& slot_of(std::size_t place) {
        if (place - taken_ >= ring_.size()) {
            std::vector<std::optional<T>> bigger(std::max(place - taken_ + 1, 2 * ring_.size()));
            for (std::size_t i = taken_; i != taken_ + ring_.size(); ++i)
                if (auto& slot = ring_[i % ring_.size()])
                    bigger[i % bigger.size()].emplace(std::move(*slot));
            ring_.swap(bigger);
        }
        return ring_[place % ring_.size()];
    }

    futex_mutex lock_;  // guards all below but there_
    std::vector<std::optional<T>> ring_;
    std::size_t put_ = 0;
    std::size_t taken_ = 0;
    std::optional<std::size_t> count_;
    auto_reset_event there_;
};

}  // namespace twill::inline TWILL_ABI::detail
