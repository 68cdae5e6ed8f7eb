// What tests of streams share.
#pragma once

#include <twill/core/error.hpp>
#include <twill/core/when_all.hpp>
#include <twill/io/tcp.hpp>
#include <twill/runtime/runtime.hpp>

#include <dirent.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace twill_test {

// Runs the task that `body` gives, in a runtime of its own, as the environment sets it up.
template <class Body>
auto in_runtime(Body body) {
    return twill::run(std::move(body));
}

// The code of the io_error that awaiting `what` ends in; no error, no code.
template <class A>
twill::task<std::error_code> error_of(A what) {
    try {
        static_cast<void>(co_await std::move(what));
    } catch (const twill::io_error& failure) {
        co_return failure.code();
    }
    co_return std::error_code();
}

// Everything up to the end of the stream.
template <class Stream>
twill::task<std::string> read_to_end(Stream& from) {
    std::string text;
    char buffer[65536];
    for (;;) {
        const auto got = co_await from.read_some(std::as_writable_bytes(std::span(buffer)));
        if (got == 0) co_return text;
        text.append(buffer, got);
    }
}

struct connection {
    twill::tcp_stream client;
    twill::tcp_stream server;
};

inline twill::task<connection> connected() {
    twill::tcp_listener door(twill::endpoint::loopback(0));
    auto [client, server] = co_await twill::when_all(twill::connect(door.local()), door.accept());
    co_return connection{std::move(client), std::move(server)};
}

// Bytes that tell their place, with a period that is no power of two.
inline std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('!' + (i * 7 + i / 93) % 93);
    return text;
}

inline std::size_t open_descriptors() {
    const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir("/proc/self/fd"), &::closedir);
    std::size_t count = 0;
    while (::readdir(all.get()) != nullptr) ++count;
    return count;
}

}  // namespace twill_test
