// One branch of a join, on the stack of the function that forks it.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <variant>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class F>
using branch_return_t = decltype(invoke_branch(std::declval<par::context&>(), std::declval<F>()));

// What a join gives for a branch: its value or reference; std::monostate for void.
template <class F>
using branch_result_t =
    std::conditional_t<std::is_void_v<branch_return_t<F>>, std::monostate, branch_return_t<F>>;

template <class F>
[[gnu::always_inline]] inline branch_result_t<F> run_branch(par::context& here, F&& function) {
    if constexpr (std::is_void_v<branch_return_t<F>>) {
        invoke_branch(here, std::forward<F>(function));
        return {};
    } else {
        return invoke_branch(here, std::forward<F>(function));
    }
}

// Small callables are copied into the fork if nobody can tell: the original then stays in registers
// for the ordinary case that the forking thread runs it itself. One that the caller keeps (`F` is
// an lvalue reference) must not change when it is called, nor give what might refer to its inside.
// A plain function is not trivially copyable, and has no size.
template <class F>
inline constexpr bool same_when_copied =
    !std::is_lvalue_reference_v<F> ||
    (par::branch<const std::remove_cvref_t<F>&> &&
     (std::is_void_v<branch_return_t<F>> || std::is_arithmetic_v<branch_return_t<F>>));
template <class F>
inline constexpr bool copied_into_fork = false;
template <class F>
    requires(std::is_trivially_copyable_v<std::remove_cvref_t<F>> &&
             std::is_copy_constructible_v<std::remove_cvref_t<F>>)
inline constexpr bool copied_into_fork<F> =
    same_when_copied<F> && sizeof(std::remove_cvref_t<F>) <= 64;

// How such a callable is handed on.
template <class F>
using passed =
    std::conditional_t<copied_into_fork<F>, std::remove_cvref_t<F>, std::remove_reference_t<F>&>;

// In a register or two.
template <class F>
inline constexpr bool in_registers = false;
template <class F>
    requires copied_into_fork<F>
inline constexpr bool in_registers<F> = sizeof(std::remove_cvref_t<F>) <= 16;

// Handed on to a function that does not keep it.
template <class F>
using lent = std::conditional_t<in_registers<F>, passed<F>, std::remove_reference_t<passed<F>>&>;

template <class F>
class fork final : public fork_entry {
public:
    using result = branch_result_t<F>;

    explicit fork(std::remove_reference_t<F>& function) noexcept : function_(keep(function)) {
        promote = &offer;
    }
    fork(const fork&) = delete;
    fork& operator=(const fork&) = delete;
    ~fork() {}  // NOLINT(modernize-use-equals-default): a union member forbids it

    // On the thread that runs the branch.
    [[gnu::always_inline]] result run_kept(par::context& here) {
        if constexpr (copied_into_fork<F>)
            return run_branch(here, static_cast<F&&>(function_));
        else
            return run_branch(here, static_cast<F&&>(*function_));
    }

    // Once it has left the list by being offered.
    [[nodiscard]] fork_job& job() noexcept { return job_; }

    // What it gave to the thread that ran it; throws what it threw. Once, and only if one did.
    result take() {
        const releaser last(job_.outcome);
        if (job_.outcome.error) std::rethrow_exception(job_.outcome.error);
        if constexpr (std::is_reference_v<result>)
            return static_cast<result>(*job_.outcome.value());
        else
            return std::move(*job_.outcome.value());
    }

    // The same, for nobody.
    void drop() noexcept { const releaser last(job_.outcome); }

private:
    using stored =
        std::conditional_t<std::is_reference_v<result>, std::remove_reference_t<result>*, result>;

    struct outcome {
        std::exception_ptr error;
        bool has_value = false;
        alignas(stored) std::byte room[sizeof(stored)];

        auto* value() noexcept {
            auto* const place = std::launder(reinterpret_cast<stored*>(room));
            if constexpr (std::is_reference_v<result>)
                return *place;
            else
                return place;
        }
    };

    struct releaser {
        explicit releaser(outcome& from) noexcept : of(from) {}
        ~releaser() {
            if (of.has_value) std::destroy_at(std::launder(reinterpret_cast<stored*>(of.room)));
            std::destroy_at(&of);
        }
        outcome& of;
    };

    struct offered final : fork_job {
        explicit offered(fork& fork) noexcept : fork_job(&run_there), of(fork) {}
        ~offered() {}  // NOLINT(modernize-use-equals-default): a union member forbids it
        fork& of;
        union {
            struct outcome outcome;  // made by the thread that runs it
        };
    };

    using kept = std::conditional_t<copied_into_fork<F>, std::remove_cvref_t<F>,
                                    std::remove_reference_t<F>*>;

    static kept keep(std::remove_reference_t<F>& function) noexcept {
        if constexpr (copied_into_fork<F>)
            return function;
        else
            return std::addressof(function);
    }

    static promotion offer(fork_entry& self) noexcept {
        auto& me = static_cast<fork&>(self);
        return {::new (&me.job_) offered(me), true};
    }

    static void run_there(fork_job& job, par::context& here) noexcept {
        auto& me = static_cast<offered&>(job);
        auto* const out = ::new (&me.outcome)(struct outcome)();
        try {
            if constexpr (std::is_reference_v<result>) {
                result given = me.of.run_kept(here);
                ::new (out->room) stored(std::addressof(given));
            } else {
                ::new (out->room) stored(me.of.run_kept(here));
            }
            out->has_value = true;
        } catch (...) {
            out->error = std::current_exception();
        }
    }

    kept function_;
    union {
        offered job_;  // nothing is written until it is offered: who keeps it must not pay
    };
};

// Runs `function` while `behind`, its right neighbour, is in the list. If it throws, `behind` is
// dropped when nobody has begun it, and has ended otherwise, before the exception goes on.
template <bool Beat, class F, class Behind>
[[gnu::always_inline]] inline branch_result_t<F> run_before(par::context& here, F&& function,
                                                            fork<Behind>& behind) {
    try {
        if constexpr (Beat) here.beat();
        return run_branch(here, std::forward<F>(function));
    } catch (...) {
        if (!here.pop(behind) && !here.withdraw(behind.job())) behind.drop();
        throw;
    }
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
