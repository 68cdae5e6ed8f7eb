// Sees to it that no connection holds what it does not use: a server's watch looks when the time of
// a connection's phase is up, and whether a client whose request takes long is still there.
//
// A timer a connection would have to be set several times a request. Here a phase costs a store or
// two: the task sleeps until the earliest time that it saw, and is woken only for an earlier one.
//
//   1. The watching task stores `most` to `next_`, and looks at all connections.
//   2. It stores the earliest time that it found to `next_`, and sleeps until then, or an event.
//   3. A connection stores when its phase is due, and then loads `next_`; if what it stored comes
//      before, it sets the event.
//
// All four are sequentially consistent. A connection whose time was stored after it had been looked
// at loads either the `most` of 1, or the time of 2, and sets the event in either case if that is
// needed; the event stays set until the task waits for it.
//
// A client whose handler runs for longer than `first_look` is given to `http_departures`, which
// tells when it resets or closes. One that has closed its sending half may be there still, or have
// closed all: a TCP socket looks the same. So it is asked once, by "100 Continue", which says
// nothing and which every client must be able to pass over: the kernel of one that is gone answers
// by a reset, and that is told. The watch sends it itself, under the list's lock, between two
// exchanges of `ask_`; a connection that is about to send takes the leave to do so away by an
// exchange, and when that finds an asking under way, it waits for the lock.
//
// A time that is up: `expired` takes its place by a compare-and-swap, so either the connection has
// begun another phase, or it was cancelled in this one, and can tell.
#pragma once

#include "http_departures.hpp"

#include <twill/async/auto_reset_event.hpp>
#include <twill/async/manual_reset_event.hpp>
#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/context.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace twill::inline TWILL_ABI::detail {

class http_watch;
class http_departure;

// What a connection has of it.
class http_watched {
public:
    // Whether its time ran out, or its client went: it was cancelled for that.
    [[nodiscard]] bool expired() const noexcept {
        return due_.load(std::memory_order_acquire) == expired_now;
    }
    [[nodiscard]] bool client_gone() const noexcept {
        return gone_.load(std::memory_order_acquire);
    }
    // Whether it waits for a request of which nothing has come. By the connection.
    void set_idle(bool now) noexcept { idle_.store(now, std::memory_order_seq_cst); }
    // Whether no request has come on it yet.
    [[nodiscard]] bool is_fresh() const noexcept { return fresh_.load(std::memory_order_relaxed); }
    void set_served() noexcept { fresh_.store(false, std::memory_order_relaxed); }
    // Whether a client that closes its sending half is taken for gone.
    void set_half_is_gone(bool is) noexcept { half_is_gone_.store(is, std::memory_order_relaxed); }
    // Whether the handler goes on when its client has gone; `http_departure` tells it then.
    void outlive_client() noexcept { outlives_.store(true, std::memory_order_relaxed); }
    // The next one does not.
    void renew_client() noexcept {
        if (!outlives_.load(std::memory_order_relaxed)) return;
        outlives_.store(false, std::memory_order_relaxed);
        gone_.store(false, std::memory_order_release);
    }
    // Nothing more is to come from the client.
    void shut_input() noexcept;
    // Until `http_watch::end_asking`: nothing of the response is being sent, so a client that has
    // closed its sending half may be asked whether it is there.
    void allow_asking() noexcept { ask_.store(asking::allowed, std::memory_order_relaxed); }

protected:
    http_watched() = default;
    ~http_watched() = default;

private:
    friend class http_watch;
    friend class http_departure;
    // The descriptor below the stream, or -1. It stays open while the connection is watched.
    [[nodiscard]] virtual int descriptor() const noexcept = 0;

    static constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    static constexpr std::int64_t expired_now = std::numeric_limits<std::int64_t>::min();
    // Of `look_`: while a handler runs whose client is in `http_departures`.
    static constexpr std::int64_t told = most - 1;

    context* strand_ = nullptr;
    http_watched* next_ = nullptr;
    http_watched* previous_ = nullptr;
    http_departure* waiting_ = nullptr;  // guarded by the watch's lock
    bool known_ = false;                 // to `http_departures`; guarded by it
    // Times are nanoseconds of `time_point`.
    atomic<std::int64_t> due_{most};
    // When to see whether the client is still there; `most` while no handler runs.
    atomic<std::int64_t> look_{most};
    atomic<bool> idle_{false};
    atomic<bool> fresh_{true};
    enum class asking : std::uint8_t { no, allowed, now };
    atomic<asking> ask_{asking::no};
    atomic<bool> half_is_gone_{false};
    atomic<bool> outlives_{false};
    atomic<bool> input_is_shut_{false};
    atomic<bool> gone_{false};
};

class http_watch {
public:
    // When the server ends: how long a connection on which nothing has come is waited for. Its
    // request may be on the way.
    static constexpr duration fresh_limit = std::chrono::seconds(1);

    // From now on `strand` is cancelled when time is up. In that strand, until `leave`, which must
    // come before it ends.
    void enter(http_watched& who, context& strand) noexcept;
    void leave(http_watched& who) noexcept;

    // The phase of `who` is due at `when`; instead of before.
    void set_due(http_watched& who, time_point when) noexcept;
    // A handler is running, since `since`; or no longer.
    void set_handling(http_watched& who, time_point since) noexcept;
    // While it runs: the client is looked at now.
    void look_now(http_watched& who) noexcept;
    // Before anything is sent.
    void end_asking(http_watched& who) noexcept;
    void clear_handling(http_watched& who) noexcept {
        who.look_.store(http_watched::most, std::memory_order_relaxed);
    }

    // The connections that are idle get no further bytes, fresh ones a moment for their first; the
    // others are due at `last`.
    void drain(time_point last) noexcept;

    // Ends the connection that has been idle longest, if that is at least `least`. False: none is.
    bool expire_idlest(duration least, duration idle_limit) noexcept;

    // Watches until it is cancelled.
    [[nodiscard]] task<> run();

    [[nodiscard]] std::size_t count() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

private:
    friend class http_departure;

    [[nodiscard]] task<> watch_times();
    [[nodiscard]] task<> watch_clients();
    std::int64_t look_at_all(std::int64_t now) noexcept;
    void look_for_client(http_watched& who, std::int64_t now) noexcept;
    void see_departures() noexcept;
    void client_changed(http_watched& who, std::uint32_t events) noexcept;
    static bool has_gone(http_watched& who, std::uint32_t events) noexcept;
    static void ask(http_watched& who) noexcept;
    static void tell_gone(http_watched& who) noexcept;
    static bool expire(http_watched& who, std::int64_t seen) noexcept;
    void wake_before(std::int64_t when) noexcept;

    // Guards the list and `departures_`; a connection that is in the list has a strand and a
    // descriptor.
    futex_mutex lock_;
    http_watched* first_ = nullptr;
    std::int64_t last_ = http_watched::most;  // guarded by lock_
    http_departures departures_;
    atomic<std::size_t> count_{0};
    atomic<std::int64_t> next_{http_watched::most};
    auto_reset_event earlier_;
};

// A handler's wait for its client to go. It and the connection stay where they are meanwhile.
class http_departure {
public:
    http_departure(http_watch& watch, http_watched& who) noexcept;
    ~http_departure();
    http_departure(const http_departure&) = delete;
    http_departure& operator=(const http_departure&) = delete;

    [[nodiscard]] auto wait() noexcept { return gone_.wait(); }

private:
    friend class http_watch;

    http_watch& watch_;
    http_watched& who_;
    http_departure* next_ = nullptr;  // guarded by the watch's lock
    manual_reset_event gone_;
};

}  // namespace twill::inline TWILL_ABI::detail
