// A loop over indices whose remaining range can be split while it runs.
//
// The loop is one entry of the private list, however many iterations it has. At a beat it gives
// away the upper half of what it has not begun; the half becomes a loop of its own wherever it
// runs. The owner joins what it gave away from the nearest part to the farthest: a part that nobody
// took is simply iterated next, so that results are combined in the order of the indices.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/runtime/detail/work_meter.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// What a loop does: `run` some iterations, `apart` a body for the part behind it that starts from
// nothing, `absorb` the result of such a part.
template <class B>
concept loop_body = requires(B body, par::context& here, std::size_t i) {
    body.run(here, i, i);
    { body.apart() } noexcept -> std::same_as<B>;
    body.absorb(std::move(body));
};

// How many iterations of a body are known to take no longer than a microsecond or two, which is too
// little to be shared: `Body::at_once` if there is one.
template <loop_body Body>
inline constexpr std::size_t at_once = 1;
template <loop_body Body>
    requires requires { Body::at_once; }
inline constexpr std::size_t at_once<Body> = Body::at_once;

// A function that the bodies of a loop call: a copy of a small one where nobody can tell, since
// what it holds may then stay in registers while the loop writes to memory, or else the caller's
// own. A plain function is not trivially copyable, and has no size.
template <class F>
inline constexpr bool held_by_copy = false;
template <class F>
    requires(std::is_trivially_copyable_v<F> && std::is_copy_constructible_v<F>)
inline constexpr bool held_by_copy<F> = sizeof(F) <= 32;
template <class F, bool ByCopy>
class held {
public:
    held(F& function) noexcept : function_(function) {}
    F& operator*() noexcept { return function_; }

private:
    [[no_unique_address]] F function_;
};
template <class F>
class held<F, false> {
public:
    held(F& function) noexcept : function_(std::addressof(function)) {}
    F& operator*() const noexcept { return *function_; }

private:
    F* function_;
};

// Whether an iteration may fork. A beat inside of an iteration then uses up the poke, and what lies
// behind it in the same block could not be given away: such a body is run by its `run_each`, which
// begins an iteration when the one before has ended, one at least, until the end or a poke.
template <class Body>
concept forking_body = Body::may_fork;

template <loop_body Body>
class loop final : private fork_entry {
    // A block is run without looking at the poke, so that the compiler can unroll and vectorise it.
    // Blocks grow while nothing is found: fast at first, because most loops are over before
    // their first beat, then by doubling, so that a block takes about as long as all before it, and
    // the answer to a poke comes before the time since the last one has passed once more. The bound
    // limits the harm when iterations become expensive all at once; a look every 4096 is not
    // measurable any more.
    static constexpr std::size_t second_block = 16;
    static constexpr std::size_t fast = 6;  // then 4
    static constexpr std::size_t slow = 2;
    static constexpr std::size_t largest_block = 4096;
    // Where `glance` bounds the time: a look at the clock every 4096 cost cheap loops a tenth.
    static constexpr std::size_t largest_timed_block = 65536;

public:
    // `body` stays the caller's. `failed` is shared by all parts of the same loop: set by the first
    // that throws, it stops the others at their next beat. Relaxed: it only saves work; the
    // exception travels by the joins. Null: the loop is not a part, and has a flag of its own.
    // `careful`: its blocks, if it has any, grow slowly from the start.
    loop(std::size_t begin, std::size_t end, Body& body, atomic<bool>* failed, bool careful)
        : begun_(begin), end_(end), body_(body), shared_failed_(failed) {
        if constexpr (!forking_body<Body>) growth_ = careful ? slow : fast;
        promote = &split;
    }
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

    // Returns, or throws, when every iteration that was begun has ended. Inlined where a loop
    // begins: that saves short loops a frame.
    [[gnu::always_inline]] void run(par::context& here) {
        try {
            // An iteration that forks is a large piece of code: one copy of it will do.
            if constexpr (forking_body<Body>) {
                do iterate(here);
                while (next_range(here));
            } else {
                iterate(here);
                if (parts_ != 0) [[unlikely]]
                    join_parts(here);
            }
        } catch (...) {
            failed().store(true, std::memory_order_relaxed);
            drop_parts(here);
            throw;
        }
    }

    // The same in a frame of its own.
    [[gnu::noinline]] static void run_apart(par::context& here, std::size_t begin, std::size_t end,
                                            Body& body, atomic<bool>* failed, bool careful) {
        loop(begin, end, body, failed, careful).run(here);
    }

private:
    // A half that was given away. Made on the owner's stack; `execute` runs on the taker's.
    struct part final : fork_job {
        part(std::size_t from, std::size_t to, Body what, atomic<bool>& stop)
            : fork_job(&run_there), begin(from), end(to), body(std::move(what)), failed(stop) {}
        ~part() {}  // NOLINT(modernize-use-equals-default): the base has a union member

        static void run_there(fork_job& self, par::context& here) noexcept {
            auto& me = static_cast<part&>(self);
            try {
                run_apart(here, me.begin, me.end, me.body, &me.failed, true);
            } catch (...) {
                me.error = std::current_exception();
            }
        }

        std::size_t begin;
        std::size_t end;
        Body body;
        atomic<bool>& failed;
        std::exception_ptr error;
    };

    // Boundaries lie at multiples of 16, if there is one on the way: data that began at a cache
    // line is then read and written in whole vectors. (A loop over 10,000 integers that was cut
    // after the first was a quarter slower.)
    static constexpr std::size_t aligned(std::size_t from, std::size_t to) noexcept {
        const std::size_t rounded = to & ~std::size_t{15};
        return rounded > from ? rounded : to;
    }

    // Each part takes half of what is left: after four, the owner keeps a sixteenth, and what it
    // has not begun then runs as a loop of its own, with room for four more.
    static constexpr unsigned most_parts = 4;

    // In the private list from here on.
    struct listed {
        listed(par::context& c, loop& l) noexcept : here(c), which(l) { here.push(which); }
        ~listed() { static_cast<void>(here.pop(which)); }
        listed(const listed&) = delete;
        listed& operator=(const listed&) = delete;
        par::context& here;
        loop& which;
    };

    [[gnu::noinline]] void join_parts(par::context& here) {
        while (next_range(here)) iterate(here);
    }

    [[gnu::noinline, gnu::cold]] void drop_parts(par::context& here) noexcept {
        for (; parts_ != 0; drop_nearest()) static_cast<void>(here.withdraw(nearest()));
    }

    [[gnu::always_inline]] void iterate(par::context& here) {
        const listed until_end(here, *this);
        if constexpr (forking_body<Body>)
            iterate_one_by_one(here);
        else
            iterate_in_blocks(here);
    }

    [[gnu::always_inline]] void iterate_one_by_one(par::context& here) {
        while (begun_ != end_) {
            if (here.poked() && !beat_between(here)) [[unlikely]]
                return;
            // While it gives way, a look at the clock before each.
            const std::size_t next = begun_ + 1;
            const std::size_t* until = &end_;
            if (here.gives_way()) [[unlikely]] {
                here.glance();
                until = &next;
            }
            body_.run_each(here, begun_, *until);
        }
    }

    // What is not begun, but for the next iteration, may be given away. False: there is nothing
    // left to do here.
    [[gnu::noinline]] bool beat_between(par::context& here) {
        if (here.meter() != nullptr) {
            if (end_ - begun_ == 1) return true;
            iterate_measured(here);
            return false;
        }
        ++begun_;
        here.beat();
        --begun_;
        if (failed().load(std::memory_order_relaxed)) return false;
        if (parts_ == most_parts) {
            run_rest(here);
            return false;
        }
        return true;
    }

    [[gnu::always_inline]] void iterate_in_blocks(par::context& here) {
        if (here.gives_way()) [[unlikely]]
            return iterate_giving_way(here);
        const auto alarm = here.alarm_of(end_ - begun_);
        std::size_t block = at_once<Body>;
        if (growth_ == fast && block < second_block && !here.poked(alarm)) [[likely]] {
            // Written out, so that the compiler sees how short it is.
            const std::size_t from = begun_;
            begun_ = from + 1;
            body_.run(here, from, from + 1);
            block = second_block;
        }
        while (begun_ != end_) {
            if (here.poked(alarm)) [[unlikely]] {
                // Found at the first look, it says nothing about the cost of an iteration.
                if (block != at_once<Body>) growth_ = slow;
                if (!beat(here)) return;
                if (here.gives_way()) [[unlikely]]
                    return iterate_giving_way(here);
                block = at_once<Body>;
            } else {
                const std::size_t from = begun_;
                begun_ = end_ - from > block ? aligned(from, from + block) : end_;
                body_.run(here, from, begun_);
                block = std::min(block * growth_, std::max(largest_block, at_once<Body>));
                growth_ = std::max(slow, growth_ - slow);
            }
        }
    }

    // In blocks of about the length that `glance` wants.
    [[gnu::noinline]] void iterate_giving_way(par::context& here) {
        if (here.meter() != nullptr) return iterate_measured(here);
        const auto alarm = here.alarm_of(end_ - begun_);
        for (std::size_t block = at_once<Body>; begun_ != end_;) {
            if (here.poked(alarm)) {
                if (!beat(here)) return;
            } else {
                const std::size_t from = begun_;
                begun_ = end_ - from > block ? aligned(from, from + block) : end_;
                body_.run(here, from, begun_);
            }
            block = here.glance() ? std::min(block * slow, largest_timed_block)
                                  : std::max(block / slow, at_once<Body>);
        }
    }

    // All of it, each block as a branch of its own. Not in the list meanwhile: no beat is to split
    // it.
    [[gnu::noinline, gnu::cold]] void iterate_measured(par::context& here) {
        static_cast<void>(here.pop(*this));
        older = nullptr;
        measured_branches blocks(here);
        for (std::size_t block = at_once<Body>; begun_ != end_;) {
            blocks.begin();
            const std::size_t from = begun_;
            // One iteration that may fork as a loop of its own: a second call of such a body would
            // keep compilers from inlining it, measured or not.
            if constexpr (forking_body<Body>) {
                begun_ = from + 1;
                run_apart(here, from, begun_, body_, &failed(), true);
                static_cast<void>(blocks.end());
                continue;
            }
            begun_ = end_ - from > block ? aligned(from, from + block) : end_;
            body_.run(here, from, begun_);
            block = blocks.end() < measured_branches::brief
                        ? std::min(block * slow, largest_timed_block)
                        : std::max(block / slow, at_once<Body>);
        }
    }

    // A smallest block, with a beat before it: what is not begun may be given away. False: there is
    // nothing left to do here.
    [[gnu::noinline]] bool beat(par::context& here) {
        const std::size_t from = begun_;
        begun_ = end_ - from > at_once<Body> ? from + at_once<Body> : end_;
        here.beat();
        if (failed().load(std::memory_order_relaxed)) return false;
        if (parts_ == most_parts) {
            begun_ = from;
            run_rest(here);
            return false;
        }
        body_.run(here, from, begun_);
        return true;
    }

    // What is not begun, as a loop of its own.
    [[gnu::noinline]] void run_rest(par::context& here) {
        const std::size_t from = std::exchange(begun_, end_);
        Body rest = body_.apart();
        run_apart(here, from, end_, rest, &failed(), true);
        body_.absorb(std::move(rest));
    }

    // Ends the sharing of the nearest parts until one comes back, which is to be iterated then.
    // False: there are no more.
    [[gnu::always_inline]] bool next_range(par::context& here) {
        if (parts_ == 0) [[likely]]
            return false;
        return take_back_part(here);
    }
    [[gnu::noinline]] bool take_back_part(par::context& here) {
        while (parts_ != 0) {
            part& next = nearest();
            if (here.reclaim(next)) {
                begun_ = next.begin;
                end_ = next.end;
                drop_nearest();
                if (!failed().load(std::memory_order_relaxed)) return true;
            } else {
                Body result = std::move(next.body);
                const std::exception_ptr error = std::exchange(next.error, nullptr);
                drop_nearest();
                if (error) std::rethrow_exception(error);
                body_.absorb(std::move(result));
            }
        }
        return false;
    }

    // At a beat of the owner, perhaps far inside an iteration.
    static promotion split(fork_entry& self) noexcept {
        auto& me = static_cast<loop&>(self);
        const std::size_t left = me.end_ - me.begun_;
        if (left == 0 || me.parts_ == most_parts) return {nullptr, true};
        const std::size_t middle = aligned(me.begun_, me.end_ - (left + 1) / 2);
        auto* const room = me.rooms_[me.parts_++].bytes;
        auto* const given = ::new (room) part(middle, me.end_, me.body_.apart(), me.failed());
        me.end_ = middle;
        return {given, false};
    }

    part& nearest() noexcept {
        return *std::launder(reinterpret_cast<part*>(rooms_[parts_ - 1].bytes));
    }
    void drop_nearest() noexcept {
        std::destroy_at(&nearest());
        --parts_;
    }

    struct room {
        alignas(part) std::byte bytes[sizeof(part)];
    };

    atomic<bool>& failed() noexcept {
        return shared_failed_ != nullptr ? *shared_failed_ : own_failed_;
    }

    std::size_t begun_;  // what is below was begun
    std::size_t end_;
    Body& body_;
    atomic<bool>* shared_failed_;
    unsigned parts_ = 0;
    atomic<bool> own_failed_{false};
    std::size_t growth_;      // of the blocks; iterations that fork come in none
    room rooms_[most_parts];  // the farthest part first; raw, so that a loop pays for what it uses
};

template <loop_body Body>
[[gnu::always_inline]] inline void run_loop(par::context& here, std::size_t begin, std::size_t end,
                                            Body& body) {
    if constexpr (at_once<Body> > 1)
        if (end - begin <= at_once<Body>) return static_cast<void>(body.run(here, begin, end));
    // A body that may fork is a large one, and so is the frame of its loop, which a recursive
    // function whose small case does not get here must not pay for.
    if constexpr (forking_body<Body>)
        loop<Body>::run_apart(here, begin, end, body, nullptr, here.cold());
    else
        loop<Body>(begin, end, body, nullptr, here.cold()).run(here);
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
