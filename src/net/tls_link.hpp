// One TLS connection: OpenSSL between two buffers in memory, and the stream below.
//
// OpenSSL's object must be touched by one thread at a time, and a reader and a writer may run on
// two: `lock` is held for each call of it, and never while waiting. What it wants to send goes into
// a buffer of its own, from where whoever is there, reader or writer, takes it to the stream below;
// `sending` sees to it that this is done by one at a time, in order.
#pragma once

#include "tls_context.hpp"

#include <twill/async/mutex.hpp>
#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/task.hpp>
#include <twill/net/any_stream.hpp>
#include <twill/net/tls.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace twill::inline TWILL_ABI::detail {

struct tls_link {
    tls_link(any_stream stream, tls_context_ptr of, bool is_server);
    ~tls_link();
    tls_link(const tls_link&) = delete;
    tls_link& operator=(const tls_link&) = delete;

    [[nodiscard]] task<> shake_hands();
    [[nodiscard]] task<std::size_t> read_some(std::span<std::byte> into);
    [[nodiscard]] task<> write_all(std::span<const std::byte> from);
    [[nodiscard]] task<> shutdown_write();

    // Sends what OpenSSL has made.
    [[nodiscard]] task<> flush();
    // Reads more for it. Throws truncated at the end of the stream below.
    [[nodiscard]] task<> feed();
    // Throws what `how`, a result of OpenSSL, stands for.
    [[noreturn]] void fail(const char* what, int how);

    any_stream below;
    tls_context_ptr context;  // outlives the object made of it
    futex_mutex lock;         // guards the next three
    tls_ptr ssl;
    BIO* come = nullptr;   // bytes from below; owned by `ssl`
    BIO* going = nullptr;  // bytes for below; owned by `ssl`
    mutex sending;
    std::unique_ptr<std::byte[]> buffer;  // what was read below; the reader's
    bool torn = false;                    // a write was cut off: no other can follow
    bool shut = false;
    bool failed = false;  // OpenSSL has refused something; guarded by `lock`
    // Of a client: where its sessions go, and whose they are.
    tls::client_context::parts* trust = nullptr;
    std::string host{};
};

}  // namespace twill::inline TWILL_ABI::detail
