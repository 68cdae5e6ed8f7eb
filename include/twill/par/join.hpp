// Runs two to eight functions, in parallel if that pays.
//
//     auto [cheapest, nearest] = twill::par::join([&] { return find_cheapest(offers); },
//                                                 [&] { return find_nearest(offers); });
//
// A call costs about a nanosecond more than calling one after the other, so there is no need to ask
// first whether the work is large enough.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/fork.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// An aggregate, so that two small results come back in registers: a std::tuple never does.
template <class F, class G>
struct two_results {
    branch_result_t<F> left;
    branch_result_t<G> right;
};

template <bool Beat, class F, class G>
[[gnu::always_inline]] inline two_results<F, G> fork_and_join(par::context& here, F&& f, G&& g) {
    fork<G> right(g);
    here.push(right);
    branch_result_t<F> left = run_before<Beat>(here, std::forward<F>(f), right);
    if (!here.pop(right) && !here.reclaim(right.job())) [[unlikely]]
        return {std::forward<branch_result_t<F>>(left), right.take()};
    if constexpr (in_registers<G>)
        return {std::forward<branch_result_t<F>>(left), run_branch(here, std::forward<G>(g))};
    else
        return {std::forward<branch_result_t<F>>(left), right.run_kept(here)};
}

// For the fork at which a beat is due. A copy of the code and not a detour of it: what the branches
// captured would have to survive the detour, and in floating point registers nothing does.
template <class F, class G>
[[gnu::noinline, gnu::cold]] two_results<F, G> join_at_beat(par::context& here, lent<F> f,
                                                            lent<G> g) {
    return fork_and_join<true, F, G>(here, static_cast<F&&>(f), static_cast<G&&>(g));
}

template <class F, class G>
[[gnu::always_inline]] inline two_results<F, G> join_two(par::context& here, F&& f, G&& g) {
    if (here.poked()) [[unlikely]] {
        // Copies for this call: the originals then need no address.
        passed<F> left(f);
        passed<G> right(g);
        return join_at_beat<F, G>(here, left, right);
    }
    return fork_and_join<false, F, G>(here, std::forward<F>(f), std::forward<G>(g));
}

// Out of line, so that a recursive function which begins with "if this is small, do it here" has
// its small case without this one's frame; what is passed and returned are registers. Together they
// took a fork in fib from 1.5 ns to 0.8.
template <class F, class G>
[[gnu::noinline]] two_results<F, G> join_small(par::context& here, passed<F> f, passed<G> g) {
    return join_two<F, G>(here, static_cast<F&&>(f), static_cast<G&&>(g));
}

template <class F, class G>
[[gnu::always_inline]] inline two_results<F, G> join_pair(par::context& here, F&& f, G&& g) {
    if constexpr (in_registers<F> && in_registers<G>)
        return join_small<F, G>(here, f, g);
    else
        return join_two<F, G>(here, std::forward<F>(f), std::forward<G>(g));
}

template <class F, class G>
[[gnu::always_inline]] inline std::tuple<branch_result_t<F>, branch_result_t<G>> join_values(
    par::context& here, F&& f, G&& g) {
    auto [left, right] = join_pair<F, G>(here, std::forward<F>(f), std::forward<G>(g));
    return {std::forward<branch_result_t<F>>(left), std::forward<branch_result_t<G>>(right)};
}

// More than two: all but the first are one branch, so that whoever takes it can hand on its rest.
template <class F, class G, class... More>
auto join_values(par::context& here, F&& f, G&& g, More&&... more) {
    auto rest = [&](par::context& there) {
        return join_values(there, std::forward<G>(g), std::forward<More>(more)...);
    };
    auto [left, right] = join_values(here, std::forward<F>(f), rest);
    return std::tuple_cat(std::tuple<branch_result_t<F>>(std::forward<branch_result_t<F>>(left)),
                          std::move(right));
}

template <class... Fs>
auto join_from_outside(std::remove_reference_t<passed<Fs>>&... functions);

}  // namespace detail

namespace par {

// Runs all of the functions and returns when all have ended. The first runs on the calling thread,
// at once; the others there too, in turn, unless another thread takes them before. Each may take a
// `par::context&`. In place of a function that is trivially copyable and can be called as a
// constant, a copy may be called: one that counts its calls in a `mutable` member does so in vain.
//
// Result: nothing if all return void; otherwise a std::tuple in the order of the functions, with a
// value, a reference, or std::monostate for void. Values are moved, never copied.
// Throws: when all that had begun have ended, what the first of those that threw (in the order of
// the functions) threw; functions that nobody had begun are not called any more. `cancelled`, at a
// beat, if the region was asked to stop, though never while another exception is on its way, nor
// inside par::shield.
// While it waits for a branch that another thread runs, the calling thread runs parts of that
// branch only: a lock that is held around the call is therefore safe to be taken by other work.
// Any thread: on a thread outside the pool it begins a region there.
template <branch... Fs>
    requires(sizeof...(Fs) >= 2 && sizeof...(Fs) <= 8)
[[gnu::always_inline]] inline auto join(context& here, Fs&&... functions) {
    if constexpr ((std::is_void_v<detail::branch_return_t<Fs>> && ...))
        static_cast<void>(detail::join_values(here, std::forward<Fs>(functions)...));
    else
        return detail::join_values(here, std::forward<Fs>(functions)...);
}

template <branch... Fs>
    requires(sizeof...(Fs) >= 2 && sizeof...(Fs) <= 8)
[[gnu::always_inline]] inline auto join(Fs&&... functions) {
    if (context* const here = detail::bound.inside; here != nullptr) [[likely]]
        return join(*here, std::forward<Fs>(functions)...);
    // Copies for this call, as in join_two.
    return [](detail::passed<Fs>... those) {
        return detail::join_from_outside<Fs...>(those...);
    }(functions...);
}

}  // namespace par

namespace detail {

// Out of line, so that a join inside of a region has nothing to do afterwards.
template <class... Fs>
[[gnu::noinline]] auto join_from_outside(std::remove_reference_t<passed<Fs>>&... functions) {
    return par::region(
        [&](par::context& here) { return par::join(here, static_cast<Fs&&>(functions)...); });
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
