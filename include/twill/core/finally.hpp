// Asynchronous clean-up, which a destructor cannot do.
//
//     co_await twill::finally(
//         use(connection),
//         [&]() -> twill::task<> { co_await connection.close(); });
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/shield.hpp>
#include <twill/core/task.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

// How long a clean-up is protected from cancellation unless said otherwise.
inline constexpr duration default_cleanup_limit = std::chrono::seconds(10);

// Awaits `body`, then, however it ended, `cleanup()`, which gives a task. The clean-up is shielded
// from cancellation for `limit`. Gives what `body` gives. Throws what `body` threw; when the body
// ended well, what the clean-up threw.
template <awaitable Body, class Cleanup>
    requires awaitable<std::invoke_result_t<Cleanup&>>
[[nodiscard]] task<await_result<Body>> finally(Body body, Cleanup cleanup,
                                               duration limit = default_cleanup_limit) {
    using result = await_result<Body>;
    using kept = std::conditional_t<
        std::is_void_v<result>, char,
        std::conditional_t<std::is_reference_v<result>, std::remove_reference_t<result>*, result>>;
    std::optional<kept> value;
    std::exception_ptr failure;
    try {
        if constexpr (std::is_void_v<result>)
            co_await std::move(body);
        else if constexpr (std::is_reference_v<result>)
            value = std::addressof(co_await std::move(body));
        else
            value.emplace(co_await std::move(body));
    } catch (...) {
        failure = std::current_exception();
    }
    std::exception_ptr cleanup_failure;
    try {
        auto cleaning = std::invoke(cleanup);
        co_await shield(std::move(cleaning), limit);
    } catch (...) {
        cleanup_failure = std::current_exception();
    }
    if (failure) std::rethrow_exception(failure);
    if (cleanup_failure) std::rethrow_exception(cleanup_failure);
    if constexpr (std::is_reference_v<result>)
        co_return static_cast<result>(**value);
    else if constexpr (!std::is_void_v<result>)
        co_return std::move(*value);
}

}  // namespace twill::inline TWILL_ABI
