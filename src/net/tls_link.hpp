// One TLS connection: OpenSSL between what has come from the stream below and what is to go there.
//
// OpenSSL's object must be touched by one thread at a time, and a reader and a writer may run on
// two: `lock` is held for each call of it, and never while waiting. It takes what has come from
// where that was read to, through a BIO of ours: memory BIOs would copy all bytes once more, and
// clean their buffers. What it wants to send gathers in `going`, from where whoever is there,
// reader or writer, takes it to the stream below; `sending` sees to it that this is done by one at
// a time, in order.
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
    // Whether OpenSSL can give nothing before more is read. Call it with the lock.
    [[nodiscard]] bool exhausted() const noexcept;
    // Throws what `how`, a result of OpenSSL, stands for.
    [[noreturn]] void fail(const char* what, int how);

    any_stream below;
    tls_context_ptr context;  // outlives the object made of it
    futex_mutex lock;         // guards the next three
    tls_ptr ssl;
    std::span<const std::byte> come{};  // what was read below and not taken yet; in `buffer`
    std::string going{};                // bytes for below
    mutex sending;
    std::unique_ptr<std::byte[]> buffer;  // the reader's, while `come` is empty
    bool torn = false;                    // a write was cut off: no other can follow
    bool shut = false;
    bool failed = false;  // OpenSSL has refused something; guarded by `lock`
    // Of a client: where its sessions go, and whose they are.
    tls::client_context::parts* trust = nullptr;
    std::string host{};
};

}  // namespace twill::inline TWILL_ABI::detail
