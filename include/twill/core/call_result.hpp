// What a plain function gave: a value, a reference, nothing, or an exception. For operations that
// run one on another thread and hand its result to the task that waits.
#pragma once

#include <twill/core/config.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

template <class T>
class call_result {
    static constexpr bool is_reference = std::is_reference_v<T>;
    using stored =
        std::conditional_t<is_reference, std::remove_reference_t<T>*,
                           std::conditional_t<std::is_void_v<T>, char, std::remove_cv_t<T>>>;

public:
    // Calls `function(arguments...)` and keeps what it gives or throws.
    template <class F, class... Args>
    void keep(F&& function, Args&&... arguments) noexcept {
        try {
            if constexpr (std::is_void_v<T>)
                std::invoke(std::forward<F>(function), std::forward<Args>(arguments)...);
            else if constexpr (is_reference)
                value_ = std::addressof(
                    std::invoke(std::forward<F>(function), std::forward<Args>(arguments)...));
            else
                value_.emplace(
                    std::invoke(std::forward<F>(function), std::forward<Args>(arguments)...));
        } catch (...) {
            error_ = std::current_exception();
        }
    }

    // Gives it, or throws it; once.
    T take() {
        if (error_) std::rethrow_exception(std::move(error_));
        if constexpr (is_reference)
            return static_cast<T>(**value_);
        else if constexpr (!std::is_void_v<T>)
            return std::move(*value_);
    }

private:
    std::optional<stored> value_;
    std::exception_ptr error_;
};

}  // namespace twill::inline TWILL_ABI::detail
