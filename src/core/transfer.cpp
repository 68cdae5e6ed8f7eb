#include <twill/core/transfer.hpp>

#include <utility>

namespace twill::inline TWILL_ABI::detail {

TWILL_INITIAL_EXEC constinit TWILL_THREAD_LOCAL running_place running{};

#ifdef TWILL_TRAMPOLINE

namespace {
constinit TWILL_THREAD_LOCAL std::coroutine_handle<> following;
}

void resume_next(std::coroutine_handle<> next) noexcept { following = next; }

void resume(std::coroutine_handle<> handle) noexcept {
    do {
        handle.resume();
        handle = std::exchange(following, nullptr);
    } while (handle);
}

#else

void resume(std::coroutine_handle<> handle) noexcept { handle.resume(); }

#endif

}  // namespace twill::inline TWILL_ABI::detail
