// channel<T>: a queue between tasks, and to and from threads.
//
//     twill::channel<std::string> lines(64);              // holds up to 64
//     s.spawn([&]() -> twill::task<> {
//         while (auto line = co_await read_line()) co_await lines.send(std::move(*line));
//         lines.close();
//     });
//     while (auto line = co_await lines.receive()) use(*line);     // until closed and empty
//
// Any number of senders and of receivers: tasks on any event thread, plain threads and functions on
// the compute pool. Capacity 0 is a rendezvous: a send ends when a receiver has the value.
// `unbounded` never makes a sender wait, and keeps the memory of its longest backlog.
//
// Values come out in the order in which they were sent; senders and receivers that wait are served
// first come, first served, and a receiver that waits is handed its value directly. Each value goes
// to one receiver. Nothing is lost: a cancelled receive has taken nothing, and a receive that was
// handed a value gives it even if it is cancelled then; with_timeout passes it on. `when_any` does
// not: it drops what a loser still brings; use `select`.
//
// One lock of a few instructions guards the queue (as in Go). Under it values are moved: T's move
// constructor must not throw and must not use twill.
#pragma once

#include <twill/async/detail/ring.hpp>
#include <twill/async/detail/waiter.hpp>
#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/error.hpp>

#include <cstddef>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

// What is sent into a closed channel is refused by this.
class TWILL_API channel_closed : public std::runtime_error {
public:
    channel_closed();
};

// As a capacity.
inline constexpr struct unbounded_t {
} unbounded;

enum class send_status { sent, full, closed };
enum class receive_status { received, empty, closed };

namespace detail {

// A value under way, in the frame or on the stack of its sender.
template <class T>
struct outgoing {
    enum class state : unsigned char { waits, sent, refused, no_memory };
    T* value = nullptr;
    state now_is = state::waits;

    outgoing() = default;
    explicit outgoing(T* from) noexcept : value(from) {}
    void check() const {
        if (now_is == state::refused) throw channel_closed();
        if (now_is == state::no_memory) throw std::bad_alloc();
    }
};

// The queue with its two ends, at which senders and receivers wait. Receivers wait only while it is
// empty and no sender waits, senders only while it is full and no receiver waits.
template <class T>
class channel_queue {
    using state = typename outgoing<T>::state;

public:
    channel_queue(std::size_t capacity, std::size_t room)
        : capacity_(capacity), buffer_(checked(room)), sending_(*this), receiving_(*this) {}

    class sending_end final : public two_phase_place {
    public:
        explicit sending_end(channel_queue& queue) noexcept
            : two_phase_place(queue.lock_), queue_(&queue) {}
        bool take(waiter& who, woken_waiters& woken) noexcept override {
            return queue_->put(*static_cast<outgoing<T>*>(who.slot), woken);
        }
        bool queue(waiter& who) noexcept override {
            queue_->senders_.push_back(who);
            queue_->note_mood();
            return false;
        }
        bool cut(waiter& who, woken_waiters& /*woken*/) noexcept override {
            const bool waited = queue_->senders_.cut(who);
            queue_->note_mood();
            return waited;
        }

    private:
        channel_queue* queue_;
    };
    class receiving_end final : public two_phase_place {
    public:
        explicit receiving_end(channel_queue& queue) noexcept
            : two_phase_place(queue.lock_), queue_(&queue) {}
        bool take(waiter& who, woken_waiters& woken) noexcept override {
            return queue_->take(*static_cast<std::optional<T>*>(who.slot), woken);
        }
        bool queue(waiter& who) noexcept override {
            queue_->receivers_.push_back(who);
            queue_->note_mood();
            return false;
        }
        bool cut(waiter& who, woken_waiters& /*woken*/) noexcept override {
            const bool waited = queue_->receivers_.cut(who);
            queue_->note_mood();
            return waited;
        }

    private:
        channel_queue* queue_;
    };

    sending_end& sending() noexcept { return sending_; }
    receiving_end& receiving() noexcept { return receiving_; }

    // Whether one who comes now will most likely have to wait. A task then saves itself the try,
    // which costs it the lock once more than queueing does; if it was wrong, it is told so there.
    [[nodiscard]] bool looks_full() const noexcept {
        return (mood_.load(std::memory_order_relaxed) & full) != 0;
    }
    [[nodiscard]] bool looks_empty() const noexcept {
        return (mood_.load(std::memory_order_relaxed) & empty) != 0;
    }

    // True: it was sent or refused. False: there is no room.
    bool try_put(outgoing<T>& what) noexcept {
        woken_waiters woken;
        bool ended = false;
        {
            std::lock_guard hold(lock_);
            ended = put(what, woken);
        }
        woken.wake_all();
        return ended;
    }
    // Puts it if there is room, and closes in the same step.
    bool try_put_last(outgoing<T>& what) noexcept {
        woken_waiters woken;
        bool ended = false;
        {
            std::lock_guard hold(lock_);
            ended = put(what, woken);
            close(woken);
        }
        woken.wake_all();
        return ended;
    }
    // True: there is a value, or there will be none. False: it must wait.
    bool try_take(std::optional<T>& into) noexcept {
        woken_waiters woken;
        bool ended = false;
        {
            std::lock_guard hold(lock_);
            ended = take(into, woken);
        }
        woken.wake_all();
        return ended;
    }
    // Nothing, when there is none at the moment.
    std::optional<T> take_now() noexcept {
        std::optional<T> value;
        try_take(value);
        return value;
    }
    // Blocks the calling thread. Throws usage_error on an event thread.
    std::optional<T> take_blocking() {
        thread_waiter::refuse_on_event_thread("co_await receive()");
        std::optional<T> value;
        if (!try_take(value)) {
            thread_waiter self;
            self.slot = &value;
            self.wait_at(receiving_);
        }
        return value;
    }
    void close() noexcept {
        woken_waiters woken;
        {
            std::lock_guard hold(lock_);
            close(woken);
        }
        woken.wake_all();
    }
    [[nodiscard]] bool closed() noexcept {
        std::lock_guard hold(lock_);
        return closed_;
    }
    [[nodiscard]] std::size_t size() noexcept {
        std::lock_guard hold(lock_);
        return buffer_.size();
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
    static std::size_t checked(std::size_t room) {
        if (room > std::size_t{1} << 48)
            throw usage_error(
                "channel of a capacity above 2^48: for one that never is full, say "
                "channel(twill::unbounded)");
        return room;
    }

    // The rest under the lock.

    void note_mood() noexcept {
        const bool none = buffer_.empty() && senders_.empty();
        const bool no_room = buffer_.size() >= capacity_ && receivers_.empty();
        unsigned char mood = 0;
        if (!closed_ && none) mood |= empty;
        if (!closed_ && no_room) mood |= full;
        // Relaxed: a hint.
        mood_.store(mood, std::memory_order_relaxed);
    }

    void close(woken_waiters& woken) noexcept {
        closed_ = true;
        note_mood();
        while (waiter* const one = receivers_.claim()) woken.push_back(*one);
        while (waiter* const one = senders_.claim()) {
            static_cast<outgoing<T>*>(one->slot)->now_is = state::refused;
            woken.push_back(*one);
        }
    }

    bool put(outgoing<T>& what, woken_waiters& woken) noexcept {
        if (closed_) {
            what.now_is = state::refused;
            return true;
        }
        if (waiter* const receiver = receivers_.claim()) {
            static_cast<std::optional<T>*>(receiver->slot)->emplace(std::move(*what.value));
            what.now_is = state::sent;
            woken.push_back(*receiver);
            note_mood();
            return true;
        }
        if (buffer_.size() >= capacity_) return false;
        try {
            buffer_.push_back(std::move(*what.value));
            what.now_is = state::sent;
        } catch (const std::bad_alloc&) {
            what.now_is = state::no_memory;
        }
        note_mood();
        return true;
    }

    bool take(std::optional<T>& into, woken_waiters& woken) noexcept {
        if (!buffer_.empty()) {
            into.emplace(buffer_.pop_front());
            // There is room for it: nothing is allocated.
            if (waiter* const sender = senders_.claim())
                buffer_.push_back(std::move(from(*sender, woken)));
            note_mood();
            return true;
        }
        if (waiter* const sender = senders_.claim()) {
            into.emplace(std::move(from(*sender, woken)));
            note_mood();
            return true;
        }
        return closed_;
    }
    static T& from(waiter& sender, woken_waiters& woken) noexcept {
        auto& what = *static_cast<outgoing<T>*>(sender.slot);
        what.now_is = state::sent;
        woken.push_back(sender);
        return *what.value;
    }

    static constexpr unsigned char full = 1;
    static constexpr unsigned char empty = 2;

    futex_mutex lock_;
    bool closed_ = false;
    atomic<unsigned char> mood_{0};
    const std::size_t capacity_;
    ring<T> buffer_;
    wait_list senders_;
    wait_list receivers_;
    sending_end sending_;
    receiving_end receiving_;
};

template <class T>
class send_operation final : public place_wait {
public:
    send_operation(channel_queue<T>& to, T& value) noexcept
        : place_wait("send", to.sending()), to_(&to), what_{&value} {
        slot = &what_;
    }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        return begin_unless(self, [this] { return !to_->looks_full() && to_->try_put(what_); });
    }
    void await_resume() const {
        throw_if_cut();
        what_.check();
    }

private:
    channel_queue<T>* to_;
    outgoing<T> what_;
};

template <class T>
class receive_operation final : public place_wait {
public:
    explicit receive_operation(channel_queue<T>& from) noexcept
        : place_wait("receive", from.receiving()), from_(&from) {
        slot = &value_;
    }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        return begin_unless(self,
                            [this] { return !from_->looks_empty() && from_->try_take(value_); });
    }
    std::optional<T> await_resume() {
        throw_if_cut();
        return std::move(value_);
    }

private:
    channel_queue<T>* from_;
    std::optional<T> value_;
};

template <class T>
struct [[nodiscard("it is sent when it is awaited")]] sending {
    channel_queue<T>* to;
    T value;
    send_operation<T> operator co_await() noexcept { return send_operation<T>(*to, value); }

    // As a case of a select.
    using parcel = outgoing<T>;
    using sends_a_copy = std::is_copy_constructible<T>;
    [[nodiscard]] two_phase_place& place() const noexcept { return to->sending(); }
    void prepare(waiter& who, parcel& with) noexcept {
        with.value = &value;
        who.slot = &with;
    }
    void result(parcel& from) const { from.check(); }
};
template <class T>
struct [[nodiscard("it is sent when it is awaited")]] sending_from {
    channel_queue<T>* to;
    T* value;
    send_operation<T> operator co_await() const noexcept { return send_operation<T>(*to, *value); }

    // As a case of a select.
    using parcel = outgoing<T>;
    [[nodiscard]] two_phase_place& place() const noexcept { return to->sending(); }
    void prepare(waiter& who, parcel& with) const noexcept {
        with.value = value;
        who.slot = &with;
    }
    void result(parcel& from) const { from.check(); }
};
template <class T>
struct [[nodiscard("it is received when it is awaited")]] receiving {
    channel_queue<T>* from;
    receive_operation<T> operator co_await() const noexcept { return receive_operation<T>(*from); }

    // As a case of a select.
    using parcel = std::optional<T>;
    [[nodiscard]] two_phase_place& place() const noexcept { return from->receiving(); }
    void prepare(waiter& who, parcel& with) const noexcept { who.slot = &with; }
    std::optional<T> result(parcel& with) const noexcept { return std::move(with); }
};

}  // namespace detail

template <class T>
    requires std::is_nothrow_move_constructible_v<T>
class channel {
public:
    // Holds up to `capacity` values; 0: each is handed from sender to receiver. Throws
    // std::bad_alloc.
    explicit channel(std::size_t capacity) : queue_(capacity, capacity) {}
    explicit channel(unbounded_t /*capacity*/) : queue_(static_cast<std::size_t>(-1), 0) {}

    // `co_await send(value)` suspends until there is room. Throws channel_closed when the channel
    // is closed before that. Cancelled at once: then it is not sent. Either way `value` is gone; to
    // keep it, see send_from. Throws std::bad_alloc if an unbounded channel cannot grow.
    [[nodiscard]] detail::sending<T> send(T value) noexcept { return {&queue_, std::move(value)}; }
    // The same for a variable that is moved from only if and when it is sent: after an exception it
    // has its value still. It must live until then.
    [[nodiscard]] detail::sending_from<T> send_from(T& value) noexcept { return {&queue_, &value}; }
    // Does not wait; `value` is moved from only if it is sent. Any thread.
    send_status try_send(T&& value) {
        detail::outgoing<T> what{&value};
        if (!queue_.try_put(what)) return send_status::full;
        if (what.now_is == detail::outgoing<T>::state::refused) return send_status::closed;
        what.check();
        return send_status::sent;
    }
    send_status try_send(const T& value) {
        T copy(value);
        return try_send(std::move(copy));
    }
    // Blocks the calling thread. Throws usage_error on an event thread.
    void send_blocking(T value) {
        detail::thread_waiter::refuse_on_event_thread("co_await send()");
        detail::outgoing<T> what{&value};
        if (!queue_.try_put(what)) {
            detail::thread_waiter self;
            self.slot = &what;
            self.wait_at(queue_.sending());
        }
        what.check();
    }

    // `co_await receive()` suspends until there is a value, and gives it; nothing, when the channel
    // is closed and all that was sent before is received. Cancelled at once: then nothing was
    // taken.
    [[nodiscard]] detail::receiving<T> receive() noexcept { return {&queue_}; }
    // Does not wait: nothing, when there is none at the moment. Any thread.
    std::optional<T> try_receive() noexcept { return queue_.take_now(); }
    // The same, and tells one that is empty at the moment from one that is closed and will stay so.
    // Unless it gives `received`, `into` holds nothing.
    receive_status try_receive(std::optional<T>& into) noexcept {
        into.reset();
        if (!queue_.try_take(into)) return receive_status::empty;
        return into ? receive_status::received : receive_status::closed;
    }
    // Blocks the calling thread. Throws usage_error on an event thread. For a limit in time:
    // wait_blocking.hpp.
    std::optional<T> receive_blocking() { return queue_.take_blocking(); }

    // Nothing more can be sent: senders that wait get channel_closed, receivers what is left and
    // then nothing. Any thread; again does nothing.
    void close() noexcept { queue_.close(); }
    [[nodiscard]] bool is_closed() noexcept { return queue_.closed(); }

    // How many values are held at the moment.
    [[nodiscard]] std::size_t size() noexcept { return queue_.size(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return queue_.capacity(); }

private:
    detail::channel_queue<T> queue_;
};

}  // namespace twill::inline TWILL_ABI
