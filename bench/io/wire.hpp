// A client's end of a connection, without anything of twill's: plain or inside TLS.
#pragma once

#include <twill/core/config.hpp>

#include <openssl/ssl.h>
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace twill::inline TWILL_ABI::bench {

// What connections inside TLS share. It takes any certificate: the servers are our own.
class tls_client {
public:
    tls_client();
    [[nodiscard]] SSL* make() const;

private:
    struct freed {
        void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, freed> context_;
};

// To a port of this machine. Throws std::exception for all that fails.
class wire {
public:
    // Connects, and shakes hands if `tls` is not null.
    wire(unsigned port, const tls_client* tls);
    ~wire();
    wire(wire&& other) noexcept;
    wire& operator=(wire&&) = delete;

    [[nodiscard]] int descriptor() const noexcept { return fd_; }
    // All of it: what is sent here always fits.
    void send(std::string_view bytes);
    // How many bytes have come; 0: none are there, which only happens after `never_block`.
    std::size_t receive(std::span<char> into);
    void never_block();
    // Tells the other end that this is all.
    void finish() noexcept;

private:
    int fd_ = -1;
    SSL* tls_ = nullptr;
};

}  // namespace twill::inline TWILL_ABI::bench
