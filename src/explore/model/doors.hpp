// What model builds have in place of the kernel's futex, of threads and of their sleep
// (flavour.hpp).
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/time.hpp>

#include "model.hpp"

#include <pthread.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <source_location>

namespace twill::inline TWILL_ABI::detail {

inline void futex_wait(atomic<std::uint32_t>& word, std::uint32_t expected,
                       time_point deadline = never,
                       std::source_location where = std::source_location::current()) noexcept {
    const auto time = static_cast<std::uint64_t>(deadline.time_since_epoch().count());
    word.sleep(expected, deadline == never ? ~std::uint64_t{0} : time, where);
}
inline void futex_wake_one(atomic<std::uint32_t>* word,
                           std::source_location where = std::source_location::current()) noexcept {
    word->notify_one(where);
}

inline pthread_t own_thread() noexcept { return explore::model::this_thread(); }
inline void join_thread(pthread_t which) noexcept {
    explore::model::join(static_cast<std::uint32_t>(which));
}

inline void sleep_for(duration length) noexcept {
    explore::model::sleep(static_cast<std::uint64_t>(length.count()));
}

// As much of std::thread as twill uses.
class system_thread {
public:
    system_thread() noexcept = default;
    template <class F, class... Args>
    explicit system_thread(F function, Args... args)
        : thread_(
              std::make_unique<explore::model::thread>([=] { std::invoke(function, args...); })) {}

    [[nodiscard]] bool joinable() const noexcept { return thread_ != nullptr; }
    void join() { thread_.reset(); }
    void detach() {
        thread_->detach();
        thread_.reset();
    }

private:
    std::unique_ptr<explore::model::thread> thread_;
};

}  // namespace twill::inline TWILL_ABI::detail
