// The place in the compute pool where a parallel function runs, and how to get one.
//
//     long sum(twill::par::context& here, const node* n) {
//         if (n == nullptr) return 0;
//         auto [left, right] = twill::par::join(
//             here, [&](twill::par::context& c) { return sum(c, n->left); },
//             [&](twill::par::context& c) { return sum(c, n->right); });
//         return n->value + left + right;
//     }
//     long total = twill::par::region([&](twill::par::context& c) { return sum(c, root); });
//
// Every call of twill::par exists with and without a context. Without, it looks up the calling
// thread's (about a nanosecond); handing it on saves that, which shows in functions as small as
// this one.
#pragma once

#include <twill/core/config.hpp>
#include <twill/runtime/detail/compute_context.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace par {

// Opaque. It belongs to the function it was handed to: do not keep it, and do not use it on another
// thread.
using context = detail::compute_context;

// A function that may be given the context of the thread that runs it, or nothing.
template <class F>
concept branch = std::invocable<F, context&> || std::invocable<F>;

}  // namespace par

namespace detail {

template <par::branch F>
decltype(auto) invoke_branch(par::context& here, F&& function) {
    if constexpr (std::invocable<F, par::context&>)
        return std::invoke(std::forward<F>(function), here);
    else
        return std::invoke(std::forward<F>(function));
}

// As std::source_location, without the function: in templates its name would be long.
struct call_place {
    static constexpr call_place here(const char* file = __builtin_FILE(),
                                     std::uint32_t line = __builtin_LINE()) noexcept {
        return {file, line};
    }
    const char* file;
    std::uint32_t line;
};

// Inside of a region on the calling thread: in the one around it, or else in one of its own.
class region_guard {
public:
    region_guard(const char* name, const call_place& where)
        : around_(bound.inside), here_(around_ != nullptr ? *around_ : begin(name, where)) {}
    ~region_guard() {
        if (around_ == nullptr) leave_region(here_);
    }
    region_guard(const region_guard&) = delete;
    region_guard& operator=(const region_guard&) = delete;
    [[nodiscard]] par::context& here() const noexcept { return here_; }

private:
    static par::context& begin(const char* name, const call_place& where) {
#ifndef NDEBUG
        report_if_on_event_thread();
#endif
        return enter_region(name, where.file, where.line);
    }

    par::context* const around_;
    par::context& here_;
};

}  // namespace detail

namespace par {

struct region_options {
    // What the region is called in profiles and traces, a literal; empty: by its place.
    const char* name = "";
};

// Runs `function` on the calling thread with its context, and gives what it gives. Throws what it
// throws, and std::bad_alloc for a thread's first parallel call when there is no memory for it.
// Inside of another region it is a part of that one, without a name of its own. Any thread.
template <branch F>
decltype(auto) region(F&& function, region_options options = {},
                      detail::call_place where = detail::call_place::here()) {
    const detail::region_guard inside(options.name, where);
    return detail::invoke_branch(inside.here(), std::forward<F>(function));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
