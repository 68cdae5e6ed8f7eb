// broadcast<T>: messages that everybody gets.
//
//     twill::broadcast<event> news(64);              // keeps the last 64
//     s.spawn([&]() -> twill::task<> {
//         twill::listener<event> mine(news);         // gets what is sent from now on
//         while (auto got = co_await mine.receive()) {
//             if (got->missed() > 0) warn("{} events went by", got->missed());
//             show(got->value());
//         }
//     });
//     news.send(event("started"));                   // from anywhere; never waits
//     news.close();
//
// A sender does not wait for listeners: one that is more than the capacity behind loses the oldest
// messages, and is told with the next one how many. Each message is made once and shared by all who
// got it, so T need not be copied; messages come to all listeners in the same order. The last ones
// are kept until newer ones take their place.
//
// For tasks on any event thread, plain threads and functions on the compute pool; `receive` can be
// a case of `select`. To follow a value whose last state is enough: watch.hpp. The broadcast must
// outlive its listeners.
#pragma once

#include <twill/async/detail/placed.hpp>
#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {

namespace detail {

class TWILL_API broadcast_place final : public two_phase_place {
public:
    using message = std::shared_ptr<const void>;
    // In a listener's wait.
    struct request {
        std::uint64_t* position = nullptr;  // the number of the message that it gets next
        message got;
        std::uint64_t missed = 0;
    };

    explicit broadcast_place(std::size_t capacity);
    // False: it is closed.
    bool send(const message& what) noexcept;
    void close() noexcept;
    [[nodiscard]] bool closed() noexcept;
    // The number of the message that will be sent next.
    [[nodiscard]] std::uint64_t next() noexcept;

    bool take(waiter& who, woken_waiters& woken) noexcept override;
    bool queue(waiter& who) noexcept override;
    bool cut(waiter& who, woken_waiters& woken) noexcept override;

private:
    message& at(std::uint64_t number) noexcept { return kept_[number % kept_.size()]; }

    futex_mutex lock_;  // guards the rest
    std::vector<message> kept_;
    std::uint64_t next_ = 0;
    bool closed_ = false;
    wait_list waiting_;  // those who have got all
};

}  // namespace detail

// A message, as one listener got it.
template <class T>
class broadcast_message {
public:
    [[nodiscard]] const T& value() const noexcept { return *message_; }
    // The same, to be kept.
    [[nodiscard]] const std::shared_ptr<const T>& share() const noexcept { return message_; }
    // How many messages before this one the listener has not got, because it was too far behind.
    [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }

    // For the library.
    broadcast_message(std::shared_ptr<const T> message, std::uint64_t missed) noexcept
        : message_(std::move(message)), missed_(missed) {}

private:
    std::shared_ptr<const T> message_;
    std::uint64_t missed_;
};

namespace detail {

template <class T>
struct [[nodiscard("it is received when it is awaited")]] listening {
    broadcast_place* at;
    std::uint64_t* position;
    using parcel = broadcast_place::request;
    [[nodiscard]] two_phase_place& place() const noexcept { return *at; }
    void prepare(waiter& who, parcel& with) const noexcept {
        with.position = position;
        who.slot = &with;
    }
    std::optional<broadcast_message<T>> result(parcel& from) const noexcept {
        if (!from.got) return std::nullopt;
        return broadcast_message<T>(std::static_pointer_cast<const T>(std::move(from.got)),
                                    from.missed);
    }
    auto operator co_await() const noexcept { return placed_wait<listening>("listen", *this); }
};

}  // namespace detail

template <class T>
class listener;

template <class T>
class broadcast {
public:
    // Keeps the last `capacity` messages, at least one. Throws usage_error and std::bad_alloc.
    explicit broadcast(std::size_t capacity) : place_(capacity) {}

    // Every listener gets it. False: it was closed before, and nobody does. Never waits; linear in
    // the number of listeners that wait. Throws std::bad_alloc, and what T's move constructor
    // throws; then nothing was sent. Any thread.
    bool send(T value) { return place_.send(std::make_shared<const T>(std::move(value))); }

    // Nothing more will be sent: listeners get what they have not got yet, then nothing. Any
    // thread; again does nothing.
    void close() noexcept { place_.close(); }
    [[nodiscard]] bool is_closed() noexcept { return place_.closed(); }

private:
    friend class listener<T>;
    detail::broadcast_place place_;
};

// One who gets all messages. One task or thread at a time.
template <class T>
class listener {
public:
    // Gets what is sent from now on.
    explicit listener(broadcast<T>& to) noexcept : to_(&to.place_), position_(to_->next()) {}

    // `co_await receive()` suspends until there is a message that this listener has not got, and
    // gives it; nothing, when the broadcast is closed and there is none. Cancelled at once: then
    // the message comes the next time.
    [[nodiscard]] detail::listening<T> receive() noexcept { return {to_, &position_}; }
    // Does not wait: nothing, when there is none at the moment.
    std::optional<broadcast_message<T>> try_receive() {
        return detail::try_now(receive()).value_or(std::nullopt);
    }
    // Blocks the calling thread. Throws usage_error on an event thread.
    std::optional<broadcast_message<T>> receive_blocking() {
        return detail::wait_blocking(receive(), "co_await receive()");
    }
    // How many it has not got, those that are lost to it included.
    [[nodiscard]] std::uint64_t behind() const noexcept { return to_->next() - position_; }

private:
    detail::broadcast_place* to_;
    std::uint64_t position_;
};

}  // namespace twill::inline TWILL_ABI
