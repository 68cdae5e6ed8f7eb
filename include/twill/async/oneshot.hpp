// oneshot<T>: one value, from one who has it to one who waits for it.
//
//     twill::oneshot<int> answer;
//     std::thread worker([&] { answer.send(compute_it()); });
//     std::optional<int> got = co_await answer.receive();
//
// A `channel` that the first send closes. Sending never waits. For tasks on any event thread,
// plain threads and functions on the compute pool. It must live until `send` has returned.
#pragma once

#include <twill/async/channel.hpp>
#include <twill/core/config.hpp>

#include <optional>
#include <utility>

namespace twill::inline TWILL_ABI {

template <class T>
class oneshot {
public:
    oneshot() : queue_(1, 1) {}

    // The first call gives the value. False: there was one before, or it was closed; `value` is
    // gone. Any thread.
    bool send(T value) noexcept {
        using outgoing = detail::outgoing<T>;
        outgoing what{&value};
        return queue_.try_put_last(what) && what.now_is == outgoing::state::sent;
    }
    // No value will come. Any thread.
    void close() noexcept { queue_.close(); }

    // `co_await receive()` suspends until there is the value, and gives it once; nothing, when it
    // was closed before, or was given already. Cancelled at once: then nothing was taken.
    [[nodiscard]] detail::receiving<T> receive() noexcept { return {&queue_}; }
    std::optional<T> try_receive() noexcept { return queue_.take_now(); }
    // Blocks the calling thread. Throws usage_error on an event thread.
    std::optional<T> receive_blocking() { return queue_.take_blocking(); }

private:
    detail::channel_queue<T> queue_;
};

}  // namespace twill::inline TWILL_ABI
