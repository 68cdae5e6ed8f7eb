// sender<T> and receiver<T>: the ends of a channel, apart, which close it when they are gone.
//
//     auto [out, in] = twill::open_channel<std::string>(64);
//     for (const auto& file : files) s.spawn(read_lines, file, out);    // each has a copy
//     out.reset();                                                      // and this one goes
//     while (auto line = co_await in.receive()) use(*line);   // until the last reader has ended
//
// As in Rust: the channel is closed when its last sender goes, so that receivers get what is left
// and then nothing, and when its last receiver goes, so that senders get channel_closed; what was
// not received is then destroyed. Both kinds may be copied: any number of senders and receivers.
// The channel, which is allocated, lives as long as either. All else is as for `channel`.
#pragma once

#include <twill/async/channel.hpp>
#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace twill::inline TWILL_ABI {

namespace detail {

template <class T>
struct split_channel {
    template <class Capacity>
    explicit split_channel(Capacity capacity) : channel(capacity) {}
    twill::channel<T> channel;
    atomic<std::size_t> senders{1};
    atomic<std::size_t> receivers{1};
};

// One of the ends; End says which count it is in, and what becomes of the last.
template <class T, class End>
class channel_end {
public:
    channel_end(const channel_end& other) noexcept : at_(other.at_) {
        // Relaxed: whoever copies one has one.
        if (at_) End::count(*at_).fetch_add(1, std::memory_order_relaxed);
    }
    channel_end(channel_end&& other) noexcept = default;
    channel_end& operator=(channel_end other) noexcept {
        std::swap(at_, other.at_);
        return *this;
    }
    ~channel_end() { reset(); }

    // Gives it up now. An end that was given up or moved from is only assigned to, or destroyed.
    void reset() noexcept {
        const auto at = std::exchange(at_, nullptr);
        // Acquire-release: what all the others have sent was sent before it is closed.
        if (at && End::count(*at).fetch_sub(1, std::memory_order_acq_rel) == 1)
            End::last_gone(at->channel);
    }
    explicit operator bool() const noexcept { return at_ != nullptr; }
    [[nodiscard]] bool is_closed() const noexcept { return at_->channel.is_closed(); }
    [[nodiscard]] std::size_t size() const noexcept { return at_->channel.size(); }

protected:
    explicit channel_end(std::shared_ptr<split_channel<T>> at) noexcept : at_(std::move(at)) {}
    [[nodiscard]] channel<T>& it() const noexcept { return at_->channel; }

private:
    std::shared_ptr<split_channel<T>> at_;
};

}  // namespace detail

template <class T>
class sender : public detail::channel_end<T, sender<T>> {
    using end = detail::channel_end<T, sender>;

public:
    // As those of `channel`. What they give must not outlive this end.
    [[nodiscard]] auto send(T value) const noexcept { return this->it().send(std::move(value)); }
    [[nodiscard]] auto send_from(T& value) const noexcept { return this->it().send_from(value); }
    send_status try_send(T&& value) const { return this->it().try_send(std::move(value)); }
    send_status try_send(const T& value) const { return this->it().try_send(value); }
    void send_blocking(T value) const { this->it().send_blocking(std::move(value)); }

    // For the library.
    explicit sender(std::shared_ptr<detail::split_channel<T>> at) noexcept : end(std::move(at)) {}
    static auto& count(detail::split_channel<T>& at) noexcept { return at.senders; }
    static void last_gone(channel<T>& it) noexcept { it.close(); }
};

template <class T>
class receiver : public detail::channel_end<T, receiver<T>> {
    using end = detail::channel_end<T, receiver>;

public:
    // As those of `channel`. What they give must not outlive this end.
    [[nodiscard]] auto receive() const noexcept { return this->it().receive(); }
    std::optional<T> try_receive() const noexcept { return this->it().try_receive(); }
    receive_status try_receive(std::optional<T>& into) const noexcept {
        return this->it().try_receive(into);
    }
    std::optional<T> receive_blocking() const { return this->it().receive_blocking(); }
    // No more is wanted: senders get channel_closed, and what is left can still be received.
    void close() const noexcept { this->it().close(); }

    // For the library.
    explicit receiver(std::shared_ptr<detail::split_channel<T>> at) noexcept : end(std::move(at)) {}
    static auto& count(detail::split_channel<T>& at) noexcept { return at.receivers; }
    static void last_gone(channel<T>& it) noexcept {
        it.close();
        while (it.try_receive()) {
        }
    }
};

template <class T>
struct channel_ends {
    sender<T> out;
    receiver<T> in;
};

// A channel that holds up to `capacity` values (see `channel`). Throws std::bad_alloc.
template <class T>
[[nodiscard]] channel_ends<T> open_channel(std::size_t capacity) {
    auto at = std::make_shared<detail::split_channel<T>>(capacity);
    return {sender<T>(at), receiver<T>(at)};
}
template <class T>
[[nodiscard]] channel_ends<T> open_channel(unbounded_t capacity) {
    auto at = std::make_shared<detail::split_channel<T>>(capacity);
    return {sender<T>(at), receiver<T>(at)};
}

}  // namespace twill::inline TWILL_ABI
