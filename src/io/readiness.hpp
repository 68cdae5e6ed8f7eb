// Calls that the reactor does not know: made on the spot, and again whenever the descriptor is
// ready.
//
//     const ssize_t got = co_await detail::when_readable("receive", source_, [&] {
//         return ::recvmsg(source_.fd, &message, 0);
//     });                                     // what it returned, or -errno
//
// Each try is an operation, so a cancellation is seen before it, and a task that always finds
// something takes its turns with the others. Nothing was moved when `cancelled` is thrown.
#pragma once

#include <twill/core/reactor.hpp>
#include <twill/core/task.hpp>

#include <cerrno>
#include <string>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

// A call that never waits.
template <class Call>
class at_once final : public operation {
public:
    at_once(const char* what, Call& call) noexcept : operation(what), call_(call) {}
    ssize_t await_resume() const {
        throw_if_refused();
        return result_;
    }

private:
    bool start() noexcept override {
        do {
            result_ = call_();
        } while (result_ < 0 && errno == EINTR);
        if (result_ < 0) result_ = -errno;
        return true;
    }
    // It is complete when it has started.
    void cancel() noexcept override {}

    Call& call_;
    ssize_t result_ = 0;
};

// Until a read of the descriptor would not block.
class until_readable final : public io_request {
public:
    until_readable(const char* what, io_source& source) noexcept
        : io_request(what, io_call::readable, source, nullptr, 0) {}
    void await_resume() const {
        throw_if_cancelled();
        throw_if_failed("wait for", "fd " + std::to_string(source().fd));
    }
};

// Until a write to the socket would not block. It is asked for as the outcome of a `connect` that
// is under way, which is just that; an error that the socket reports ends it, too, and is given by
// the call that follows or here.
class until_writable final : public io_request {
public:
    until_writable(const char* what, io_source& source) noexcept
        : io_request(what, io_call::connect, source, nullptr, 0) {
        started = true;
    }
    void await_resume() const {
        throw_if_cancelled();
        throw_if_failed("wait for", "fd " + std::to_string(source().fd));
    }
};

template <class Wait, class Call>
task<ssize_t> again_when_ready(const char* what, io_source& source, Call call) {
    for (;;) {
        at_once<Call> one(what, call);
        const ssize_t result = co_await one;
        if (result != -EAGAIN && result != -EWOULDBLOCK) co_return result;
        Wait ready(what, source);
        co_await ready;
    }
}

template <class Call>
task<ssize_t> when_readable(const char* what, io_source& source, Call call) {
    return again_when_ready<until_readable>(what, source, std::move(call));
}
template <class Call>
task<ssize_t> when_writable(const char* what, io_source& source, Call call) {
    return again_when_ready<until_writable>(what, source, std::move(call));
}

}  // namespace twill::inline TWILL_ABI::detail
