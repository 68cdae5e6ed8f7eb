// The pulse of the process: one thread that calls its clients every 100 microseconds, every
// millisecond or every ten, while any of them works, and sleeps without a timer when none does.
//
//     struct my_pool : ticker_client {
//         pulse tick() noexcept override { ...; return somebody_works ? pulse::fast : pulse::none;
//         }
//     };
//     ticker::process().enrol(pool);
//     ...
//     working.store(1, std::memory_order_relaxed);
//     ticker::process().arm(working);      // one load while the ticker runs
//
// There are two kinds of clients. A pool that computes wants beats at once when work begins, so the
// ticker goes on ticking for a moment after the last. Who only watches (`watch` instead of `arm`)
// can wait: for it the ticker dozes, which is sleep with a timer, and is woken from by `arm`.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/detail/asymmetric_barrier.hpp>

#include <chrono>
#include <cstdint>

namespace twill::inline TWILL_ABI {
namespace detail {

// How soon a client wants the next tick: not at all, since nobody works; by `ticker::watch_beat`,
// or, for the moment, `ticker::look_beat`, since it watches somebody; by `ticker::slow_beat` or
// `ticker::beat`, since it computes.
enum class pulse { none, watch, look, slow, fast };

class ticker_client {
public:
    // Called at every tick, by the ticker's thread.
    virtual pulse tick() noexcept = 0;

protected:
    ~ticker_client() = default;

private:
    friend class ticker;
    ticker_client* next_ = nullptr;
};

class TWILL_API ticker {
public:
    // Between two ticks. Long enough that a promotion (about a microsecond, the wake-up included)
    // stays below 2 % of it; short enough that 64 cores fill within a millisecond.
    static constexpr duration beat = std::chrono::microseconds(100);
    // While ticks change nothing. On a virtual machine a timer that fires every 100 us takes up to
    // a fifth of the core that it fires on; every millisecond, a fiftieth.
    static constexpr duration slow_beat = std::chrono::milliseconds(1);
    // While there is only something to watch: a twentieth of a per cent of a core.
    static constexpr duration watch_beat = std::chrono::milliseconds(10);
    // While somebody is suspected, or was found guilty lately.
    static constexpr duration look_beat = std::chrono::microseconds(500);

    constexpr ticker() noexcept = default;

    // The one of this process. It is never destroyed, and its thread is never joined.
    [[nodiscard]] static ticker& process() noexcept { return of_process_; }

    // Starts the ticker's thread if there is none. Otherwise the first who needs it does; threads
    // inherit their starter's weight with the kernel, so whoever lowers its own calls this before.
    void prepare() noexcept;

    void enrol(ticker_client& client) noexcept;
    // When it returns, `client.tick()` is not running and never will again.
    void leave(ticker_client& client) noexcept;

    // Sees to it that ticks come, for a caller who has just stored in `working`, which it alone
    // writes, that it works. Any thread, no lock of its own held. Without a thread for the ticker
    // (the system refused it) there are no beats, and work runs where it was started. True: the
    // first may take a while, since its thread must be woken.
    template <class T>
    bool arm(atomic<T>& working) noexcept {
        // See `state_`. Seq_cst, which costs a load nothing on the usual processors: without
        // membarrier() the light side is a seq_cst change of another atomic, after which a relaxed
        // load could still return an old value.
        asymmetric_barrier::light(working);
        if (state_.load(std::memory_order_seq_cst) == ticking) [[likely]]
            return false;
        wake(ticking);
        return true;
    }
    // The same for a client that watches.
    template <class T>
    void watch(atomic<T>& working) noexcept {
        asymmetric_barrier::light(working);
        const std::uint32_t is = state_.load(std::memory_order_seq_cst);
        if (is != ticking && is != dozing) [[unlikely]]
            wake(dozing);
    }

    // Whether it sleeps without a timer, or has never been needed. Any thread.
    [[nodiscard]] bool rests() const noexcept {
        const std::uint32_t is = state_.load(std::memory_order_seq_cst);
        return is == resting || is == unborn;
    }

private:
    void wake(std::uint32_t into) noexcept;
    void start() noexcept;
    void loop() noexcept;
    pulse begin() noexcept;
    pulse tick_all() noexcept;
    pulse lie_down(pulse wanted) noexcept;

    // Around a fork. The forking thread holds both locks while the process is copied, so the child
    // has them free, and nothing half changed below them; only what the ticker's thread itself does
    // without them, which is to change `state_` and to sleep, is cut off midway. That thread is the
    // parent's: the child begins at `unborn` again, and its first worker starts another. It also
    // forgets the clients. They were made before the fork; their threads are missing, their locks
    // may be held for ever, and none of them calls `leave` in the child any more.
    static void watch_forks() noexcept;
    static void before_fork() noexcept;
    static void after_fork_in_parent() noexcept;
    static void after_fork_in_child() noexcept;

    // 0 no thread yet; 1 ticking; 2 resting (asleep, or about to be); 3 dozing (the same, with a
    // timer). 0 -> 1 under `starting_`. The ticker's thread goes where it wants; others only wake
    // it: 2 -> 1 and 3 -> 1 by who needs beats, 2 -> 3 by who wants to be watched.
    // No work is overlooked: a worker stores "I work", then loads this word; the ticker stores 2 or
    // 3, then asks every client once more. An asymmetric barrier lies between the two steps of
    // each, so at least one of the two sees the other's store: the ticker stays awake or the worker
    // wakes it. What was seen to be 3 or 1 stays so for who watches, until the ticker stores 2.
    static constexpr std::uint32_t unborn = 0;
    static constexpr std::uint32_t ticking = 1;
    static constexpr std::uint32_t resting = 2;
    static constexpr std::uint32_t dozing = 3;

    static ticker of_process_;

    atomic<std::uint32_t> state_{unborn};
    futex_mutex starting_;
    futex_mutex lock_;  // over the list; held while clients are called
    ticker_client* first_ = nullptr;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
