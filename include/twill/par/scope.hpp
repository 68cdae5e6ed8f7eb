// Forks as many functions as turn up, and joins them all at the end.
//
//     void visit(const node& n) {
//         mark(n);
//         twill::par::scope([&](twill::par::fork_scope& s) {
//             for (const node* child : n.children) s.fork([child] { visit(*child); });
//         });      // all children have been visited
//     }
//
// For a number of functions that is known when the program is written, par::join is cheaper; for
// one function over many elements, par::for_each is.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/deferred.hpp>
#include <twill/par/detail/loop.hpp>

#include <cassert>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

namespace detail {
struct scope_access;
}

namespace par {

// What a scope's body forks with. It belongs to the thread that runs the body, and must not be used
// by the forked functions: they open scopes of their own.
class fork_scope : private detail::fork_entry {
public:
    fork_scope(const fork_scope&) = delete;
    fork_scope& operator=(const fork_scope&) = delete;

    // Keeps a copy of `function` (moved if it may be) to be called once, as `function()` or
    // `function(context&)`, by the end of the scope: on another thread, perhaps at once, or on this
    // one after the body has returned; never inside this call. The copy is destroyed after the
    // call. What it returns is dropped; what it throws, the scope rethrows.
    //
    // Throws std::bad_alloc, and what copying throws; then it was not forked. `cancelled`, at a
    // beat, if the region was asked to stop. Only on the thread that runs the scope's body.
    // About ten nanoseconds.
    template <class F>
        requires branch<std::decay_t<F>>
    void fork(F&& function) {
        assert(detail::bound.inside == &here_ && "a fork_scope belongs to the thread of its body");
        calls_.add(std::forward<F>(function));
        if (here_.poked()) [[unlikely]]
            here_.beat();
    }

    // That of the thread which runs the body.
    [[nodiscard]] context& here() const noexcept { return here_; }

private:
    friend struct detail::scope_access;

    // Calls that were given away while the body still ran: the oldest half of those that waited.
    struct part final : detail::fork_job {
        part(fork_scope& scope, std::size_t first, std::size_t last) noexcept
            : fork_job(&run_there), of(scope), from(first), to(last) {}
        ~part() {}  // NOLINT(modernize-use-equals-default): the base has a union member

        void run(context& where) noexcept {
            try {
                of.run_calls(where, from, to);
            } catch (...) {
                error = std::current_exception();
            }
        }
        static void run_there(detail::fork_job& self, context& where) noexcept {
            static_cast<part&>(self).run(where);
        }

        fork_scope& of;
        std::size_t from;
        std::size_t to;
        std::exception_ptr error;
    };

    // Half at a time of what waits, and one part at a beat: as many as a body needs that forks
    // faster than this thread's beats can give away. With all of them in use the rest waits for the
    // body's end.
    static constexpr unsigned most_parts = 8;

    explicit fork_scope(context& here) noexcept : here_(here) {
        promote = &give_half;
        here_.push(*this);
    }
    ~fork_scope() {
        while (parts_ != 0) std::destroy_at(&part_number(--parts_));
    }

    static detail::promotion give_half(detail::fork_entry& self) noexcept {
        auto& me = static_cast<fork_scope&>(self);
        const std::size_t waiting = me.calls_.size() - me.begun_;
        if (waiting == 0 || me.parts_ == most_parts) return {nullptr, false};
        const std::size_t from = std::exchange(me.begun_, me.begun_ + (waiting + 1) / 2);
        void* const room = me.rooms_[me.parts_++].bytes;
        return {::new (room) part(me, from, me.begun_), false};
    }

    void run_calls(context& where, std::size_t from, std::size_t to) {
        if (from == to || failed_.load(std::memory_order_relaxed)) return;
        detail::deferred_body calls{&calls_};
        detail::loop<detail::deferred_body>::run_apart(where, from, to, calls, &failed_,
                                                       where.cold());
    }

    // Makes or awaits all calls; with `failed_` set, awaits those that others have begun. Rethrows
    // the first error in the order of the forks.
    void join() {
        static_cast<void>(here_.pop(*this));
        part rest(*this, begun_, calls_.size());
        rest.run(here_);
        for (unsigned i = 0; i != parts_; ++i)
            if (here_.reclaim(part_number(i))) part_number(i).run(here_);
        for (unsigned i = 0; i != parts_; ++i)
            if (part_number(i).error) std::rethrow_exception(part_number(i).error);
        if (rest.error) std::rethrow_exception(rest.error);
    }

    // For a body that has thrown: its exception is what counts.
    void abandon() noexcept {
        failed_.store(true, std::memory_order_relaxed);
        try {
            join();
        } catch (...) {  // a later failure than the body's own
        }
    }

    part& part_number(unsigned i) noexcept {
        return *std::launder(reinterpret_cast<part*>(rooms_[i].bytes));
    }

    struct room {
        alignas(part) std::byte bytes[sizeof(part)];
    };

    context& here_;
    detail::deferred_list calls_;
    std::size_t begun_ = 0;  // what is below was given away
    // Set by the first call that throws, it stops the others at their next beat. Relaxed: it only
    // saves work; the exceptions travel by the joins.
    atomic<bool> failed_{false};
    unsigned parts_ = 0;
    room rooms_[most_parts];
};

}  // namespace par

namespace detail {

struct scope_access {
    template <class Body>
    using result_of = std::invoke_result_t<Body&, par::fork_scope&>;

    template <class Body>
    static result_of<Body> run(par::context& here, Body& body) {
        par::fork_scope forks(here);
        if constexpr (std::is_void_v<result_of<Body>>) {
            run_body(forks, body);
            forks.join();
        } else {
            result_of<Body> given = run_body(forks, body);
            forks.join();
            return std::forward<result_of<Body>>(given);
        }
    }

private:
    template <class Body>
    static result_of<Body> run_body(par::fork_scope& forks, Body& body) {
        try {
            return std::invoke(body, forks);
        } catch (...) {
            forks.abandon();
            throw;
        }
    }
};

}  // namespace detail

namespace par {

// Calls `body(fork_scope&)` on the calling thread, and returns what it returned when it and all
// functions that it forked have ended.
//
// Throws: what the body threw; or else what the first forked function that threw did (in the order
// of the forks, among those that were called). Either way everything that was begun has ended, and
// functions that nobody had begun are not called any more. `cancelled`, at a beat, if the region
// was asked to stop.
// While it waits it runs only its own functions and what they forked. Any thread: on a thread
// outside the pool it begins a region there.
// Memory: that of the copies, until the scope ends.
template <class Body>
    requires std::invocable<Body&, fork_scope&>
decltype(auto) scope(context& here, Body&& body) {
    return detail::scope_access::run(here, body);
}

template <class Body>
    requires std::invocable<Body&, fork_scope&>
decltype(auto) scope(Body&& body) {
    return region([&](context& here) -> decltype(auto) { return scope(here, body); });
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
