// OpenSSL's objects, owned; and what the contexts of clients and servers hold.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/net/tls.hpp>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <string>

namespace twill::inline TWILL_ABI {

namespace detail {

template <auto Free>
struct tls_free {
    template <class T>
    void operator()(T* what) const noexcept {
        Free(what);
    }
};
using tls_context_ptr = std::shared_ptr<SSL_CTX>;
using tls_ptr = std::unique_ptr<SSL, tls_free<&SSL_free>>;
using tls_session_ptr = std::unique_ptr<SSL_SESSION, tls_free<&SSL_SESSION_free>>;

// What OpenSSL has to say, its oldest complaint first; empties its list.
std::string tls_complaint();

}  // namespace detail

namespace tls {

struct client_context::parts {
    detail::tls_context_ptr context;
    // The newest session of each host. Guarded by the lock.
    futex_mutex lock;
    std::map<std::string, detail::tls_session_ptr, std::less<>> sessions;

    // A session to resume with that host, which is handed out once; or null.
    detail::tls_session_ptr take_session(const std::string& host) noexcept;
    void keep_session(const std::string& host, detail::tls_session_ptr session) noexcept;
};

struct server_context::parts {
    explicit parts(server_options some) : options(std::move(some)) {}
    [[nodiscard]] detail::tls_context_ptr current() noexcept;

    const server_options options;
    std::string protocols;  // as they are sent
    futex_mutex lock;       // guards `context`
    detail::tls_context_ptr context;
};

}  // namespace tls

}  // namespace twill::inline TWILL_ABI
