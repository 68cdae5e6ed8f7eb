// What waits for one direction of a descriptor, and whether a call may bring something.
//
// Edge-triggered epoll reports a change once, so the question is whether a change can slip through
// between the try of a call and the wait. One word, `state_`, holds the address of the request and
// these flags:
//   ready     a call may bring something: an edge came, or the last call did not take all
//   held      somebody has the request in hand and makes its call: who submits it, or who brings an
//             edge; nobody else touches it
//   stopped   whoever has it in hand is to look whether it was cancelled
// and so is one of
//   0, ready          no request
//   request           it waits for an edge
//   request|held|...  its call is being made; what comes meanwhile is noted beside it
//
//   - An edge that was fetched before `ready` was cleared belongs to data that the call sees, which
//     is made after that.
//   - One that is fetched later finds the request waiting, or sets `ready` beside `held`; then the
//     step from `held` to waiting fails, and the call is made again.
//   - A canceller sets the request's flag, then changes the word; who has the request in hand
//     changes the word first and then looks at the flag. All are sequentially consistent: it is
//     found waiting, or the flag is seen, or the step to waiting fails by `stopped`. Once it waits,
//     it belongs to whoever changes the word next.
// No lock is held over a system call, so a thread that loses its CPU in one holds up nobody who
// brings edges: with a lock, the thread that polls slept behind it, and so did all sockets.
//
// `ready` is left cleared by a call that came back short, because the next would only say "would
// block"; not once the direction was hung up: its end of stream comes without a further edge. And a
// short read says nothing where the kernel stops for another reason than want of data: local
// sockets stop behind bytes that came with descriptors, TCP at urgent data. So only TCP is trusted,
// until an edge tells of urgent data. Both flags are written before `ready` is set and read after
// it was cleared. A flag or an edge too many costs a call and nothing else.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/reactor.hpp>

#include <cerrno>
#include <cstdint>

#include "system_call.hpp"

namespace twill::inline TWILL_ABI::detail {

// `Request` has `cancelled` and `result` as an io_request.
template <class Request>
class direction {
public:
    // Tries the call, if it may bring something. True: the request is complete, `result` says how.
    // False: it waits, or has ended since. `attempt(request)` makes the call, and gives its
    // outcome.
    template <class Attempt>
    bool submit(Request& what, const Attempt& attempt) noexcept {
        std::uintptr_t seen = state_.load(std::memory_order_relaxed);
        do {
            if ((seen & ~flags) != 0) {
                what.result = -EBUSY;
                return true;
            }
        } while (!state_.compare_exchange_weak(
            seen, address_of(what) | held, std::memory_order_seq_cst, std::memory_order_relaxed));
        return go_on(what, seen == ready || hung_up_.load(std::memory_order_relaxed), attempt);
    }

    // Brings an edge. Gives the request that is complete by it, or null. Any thread, several at a
    // time.
    template <class Attempt>
    [[nodiscard]] Request* edge(bool hung_up, bool urgent, const Attempt& attempt) noexcept {
        if (hung_up) hung_up_.store(true, std::memory_order_relaxed);
        if (urgent) short_means_drained_.store(false, std::memory_order_relaxed);
        // Seq_cst: whoever clears `ready` does so after this look, and makes its call after that.
        // The two flags are handed on by a change of the word only.
        std::uintptr_t seen = state_.load(std::memory_order_seq_cst);
        if (seen == ready && !hung_up && !urgent) return nullptr;
        bool waits = false;
        do {
            waits = (seen & ~flags) != 0 && (seen & held) == 0;
        } while (!state_.compare_exchange_weak(seen, seen | (waits ? held : ready),
                                               std::memory_order_seq_cst,
                                               std::memory_order_relaxed));
        if (!waits) return nullptr;
        auto& what = *reinterpret_cast<Request*>(seen);
        return go_on(what, true, attempt) ? &what : nullptr;
    }

    // `what.cancelled` was set. True: it waited, and is the caller's now. False: it is complete, or
    // whoever has it in hand ends it.
    [[nodiscard]] bool take(Request& what) noexcept {
        std::uintptr_t seen = state_.load(std::memory_order_seq_cst);
        for (;;) {
            if ((seen & ~flags) != address_of(what)) return false;
            const bool waits = (seen & held) == 0;
            if (state_.compare_exchange_weak(seen, waits ? 0 : seen | stopped,
                                             std::memory_order_seq_cst))
                return waits;
        }
    }

    // While nobody uses it, but for those who bring edges of an earlier use.
    void reset(bool short_means_drained = false) noexcept {
        short_means_drained_.store(short_means_drained, std::memory_order_relaxed);
        hung_up_.store(false, std::memory_order_relaxed);
        state_.store(ready, std::memory_order_seq_cst);
    }

private:
    static constexpr std::uintptr_t ready = 1;
    static constexpr std::uintptr_t held = 2;
    static constexpr std::uintptr_t stopped = 4;
    static constexpr std::uintptr_t flags = ready | held | stopped;

    static std::uintptr_t address_of(const Request& what) noexcept {
        static_assert(alignof(Request) > flags);
        return reinterpret_cast<std::uintptr_t>(&what);
    }

    // With the request in hand, and `ready` cleared.
    template <class Attempt>
    bool go_on(Request& what, bool may_bring, const Attempt& attempt) noexcept {
        const std::uintptr_t waits = address_of(what);
        for (;;) {
            if (what.cancelled.load(std::memory_order_seq_cst)) {
                what.result = -ECANCELED;
                put_down(may_bring);
                return true;
            }
            if (may_bring) {
                const outcome how = attempt(what);
                if (how != outcome::would_block) {
                    put_down(how != outcome::done_and_drained || !trusts_short_reads());
                    return true;
                }
            }
            std::uintptr_t seen = waits | held;
            if (state_.compare_exchange_strong(seen, waits, std::memory_order_seq_cst))
                return false;
            may_bring =
                (state_.fetch_and(~(ready | stopped), std::memory_order_seq_cst) & ready) != 0;
        }
    }

    // Keeps an edge that came meanwhile.
    void put_down(bool may_bring) noexcept {
        std::uintptr_t seen = state_.load(std::memory_order_relaxed);
        while (!state_.compare_exchange_weak(seen, may_bring ? ready : seen & ready,
                                             std::memory_order_seq_cst,
                                             std::memory_order_relaxed)) {
        }
    }

    [[nodiscard]] bool trusts_short_reads() const noexcept {
        return short_means_drained_.load(std::memory_order_relaxed) &&
               !hung_up_.load(std::memory_order_relaxed);
    }

    atomic<std::uintptr_t> state_{ready};
    atomic<bool> hung_up_{false};
    // Whether a receive that came back short took all there was.
    atomic<bool> short_means_drained_{false};
};

}  // namespace twill::inline TWILL_ABI::detail
