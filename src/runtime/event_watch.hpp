// Looks at an event worker at each tick, and finds the task that holds its thread too long while
// others wait: its name and what it does go into a report.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/runnable.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/blocking_pool.hpp>
#include <twill/runtime/detail/ticker.hpp>
#include <twill/runtime/detail/watched_worker.hpp>

#include <cstdint>
#include <functional>
#include <source_location>
#include <string_view>

#include "thread_state.hpp"

namespace twill::inline TWILL_ABI::detail {

struct event_watch_options {
    duration limit;
    // Threads that take the worker over; null: none does.
    blocking_pool* substitutes = nullptr;
    // Called on a thread of the blocking pool. Empty: nothing is counted or said.
    std::function<void(std::string_view)> report;
};

// The turn that a look found under way, and what the next look says of it.
struct turn_suspect {
    std::uint64_t turn = 0;
    std::uint32_t wakes = 0;  // how often the worker had been woken up
    time_point since{};
    duration cpu{};
    bool known = false;  // it was found, and is not counted again

    // Whether a look that finds `turn` finds this one. Between a sleep and the first turn after it
    // the number is still that of the last turn before it.
    [[nodiscard]] bool is(std::uint64_t seen_turn, std::uint32_t seen_wakes) const noexcept {
        return turn == seen_turn && wakes == seen_wakes;
    }
};

class event_watch final : private ticker_client {
public:
    // Looks from here until `end`.
    event_watch(watched_worker& at, blocking_pool& reporters, event_watch_options options);
    ~event_watch();
    event_watch(const event_watch&) = delete;
    event_watch& operator=(const event_watch&) = delete;

    // Before `reporters` goes, which still runs a report that is under way.
    void end() noexcept;

    // Tasks that were found so far. Any thread.
    [[nodiscard]] std::uint64_t found() const noexcept {
        return found_.load(std::memory_order_relaxed);
    }

    // As if nothing had been reported yet; for tests, while no runtime exists.
    static void forget_reports() noexcept;

private:
    struct finding {
        std::source_location place;
        duration held{};
        thread_state does;
    };
    // What is said, made on the thread that says it.
    struct saying final : runnable {
        explicit saying(event_watch& whose) noexcept : runnable(&saying::execute), owner(whose) {}
        static void execute(runnable& self) noexcept;
        event_watch& owner;
    };

    // Takes the worker over, on a thread of the pool of substitutes.
    struct relief final : runnable {
        explicit relief(watched_worker& who) noexcept : runnable(&relief::execute), worker(who) {}
        static void execute(runnable& self) noexcept {
            static_cast<relief&>(self).worker.relieve();
        }
        watched_worker& worker;
    };

    pulse tick() noexcept override;
    [[nodiscard]] bool alerted() const noexcept;
    [[nodiscard]] bool looks_closely() const noexcept;
    [[nodiscard]] bool seen_twice(const event_seat& seat) noexcept;
    [[nodiscard]] bool holds_up(const event_seat& seat, finding& what) noexcept;
    [[nodiscard]] bool has_not_slept() const noexcept;
    void tell(const finding& what) noexcept;
    void say() noexcept;

    watched_worker& worker_;
    blocking_pool& reporters_;
    const event_watch_options options_;
    const unsigned born_in_;  // generation of forks: see fork_guard.hpp
    bool ended_ = false;

    // The ticker's thread only.
    turn_suspect suspect_;
    std::uint32_t wakes_ = 0;
    time_point found_at_{};

    atomic<std::uint64_t> found_{0};
    // True from when `finding_` is written until it was said.
    atomic<bool> saying_now_{false};
    finding finding_;
    std::uint64_t said_ = 0;  // of `found_`
    saying saying_{*this};
    relief relief_{worker_};
};

}  // namespace twill::inline TWILL_ABI::detail
