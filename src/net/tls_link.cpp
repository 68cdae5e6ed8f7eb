#include "tls_link.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>

namespace twill::inline TWILL_ABI {

namespace detail {
namespace {

constexpr std::size_t buffer_size = 17408;  // a record, and what stands around it
// So much is enciphered before it is sent.
constexpr std::size_t piece_size = 65536;

tls_link& link_of(BIO* bio) { return *static_cast<tls_link*>(BIO_get_data(bio)); }

// No bytes are no end: more may come.
int take(BIO* bio, char* into, int room) {
    auto& come = link_of(bio).come;
    BIO_clear_retry_flags(bio);
    if (come.empty()) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const auto size = std::min(come.size(), static_cast<std::size_t>(room));
    std::memcpy(into, come.data(), size);
    come = come.subspan(size);
    return static_cast<int>(size);
}

int gather(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    try {
        link_of(bio).going.append(from, static_cast<std::size_t>(size));
    } catch (const std::bad_alloc&) {
        return -1;
    }
    return size;
}

long control(BIO* /*bio*/, int what, long /*number*/, void* /*pointer*/) {
    return what == BIO_CTRL_FLUSH ? 1 : 0;  // all has been taken
}

const BIO_METHOD* our_kind() {
    static const std::unique_ptr<BIO_METHOD, tls_free<&BIO_meth_free>> kind = [] {
        std::unique_ptr<BIO_METHOD, tls_free<&BIO_meth_free>> made(
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "twill"));
        if (!made) throw std::bad_alloc();
        BIO_meth_set_read(made.get(), &take);
        BIO_meth_set_write(made.get(), &gather);
        BIO_meth_set_ctrl(made.get(), &control);
        return made;
    }();
    return kind.get();
}

}  // namespace

tls_link::tls_link(any_stream stream, tls_context_ptr of, bool is_server)
    : below(std::move(stream)), context(std::move(of)), ssl(SSL_new(context.get())) {
    BIO* const bio = ssl ? BIO_new(our_kind()) : nullptr;
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl.get(), bio, bio);
    SSL_set_app_data(ssl.get(), this);
    if (is_server)
        SSL_set_accept_state(ssl.get());
    else
        SSL_set_connect_state(ssl.get());
}

// OpenSSL takes a connection that was not shut down both ways for a failure, and would not resume
// its session. But that is how most end.
tls_link::~tls_link() {
    if (!failed) SSL_set_shutdown(ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void tls_link::fail(const char* what, int how) {
    failed = true;
    std::string text = std::string("TLS: ") + what + (host.empty() ? "" : " with " + host) + ": ";
    const long verdict = SSL_get_verify_result(ssl.get());
    if (how == SSL_ERROR_SSL && verdict != X509_V_OK) {
        ERR_clear_error();
        text += X509_verify_cert_error_string(verdict);
    } else {
        text += tls_complaint();
    }
    throw tls::error(text);
}

task<> tls_link::flush() {
    const auto hold_sending = co_await sending.lock();
    if (torn) throw tls::error("TLS: a write was cut off before: nothing more can be written");
    for (;;) {
        std::string text;
        {
            const std::lock_guard hold(lock);
            if (going.empty()) co_return;
            text.swap(going);
        }
        torn = true;
        co_await below.write_all(text);
        torn = false;
    }
}

task<> tls_link::feed() {
    if (!buffer) buffer = std::make_unique_for_overwrite<std::byte[]>(buffer_size);
    std::size_t got = 0;
    const std::span<std::byte> room(buffer.get(), buffer_size);
    if (byte_stream* raw = below.kernel())
        got = co_await raw->read_some(room);
    else
        got = co_await below.read_some(room);
    if (got == 0)
        throw tls::truncated("TLS: the stream ended, and the peer had not said that it would");
    const std::lock_guard hold(lock);
    come = room.first(got);
}

bool tls_link::exhausted() const noexcept {
    return come.empty() && SSL_has_pending(ssl.get()) == 0 && !failed &&
           (SSL_get_shutdown(ssl.get()) & SSL_RECEIVED_SHUTDOWN) == 0;
}

task<> tls_link::shake_hands() {
    for (;;) {
        int how = SSL_ERROR_NONE;
        {
            const std::lock_guard hold(lock);
            ERR_clear_error();
            const int result = SSL_do_handshake(ssl.get());
            if (result != 1) how = SSL_get_error(ssl.get(), result);
        }
        if (how != SSL_ERROR_NONE && how != SSL_ERROR_WANT_READ) {
            // What OpenSSL wants to tell the peer about it goes first.
            std::exception_ptr failure;
            try {
                fail("the handshake", how);
            } catch (const tls::error&) {
                failure = std::current_exception();
            }
            try {
                co_await flush();
            } catch (const std::runtime_error&) {
                // The handshake's failure is what counts.
            }
            std::rethrow_exception(failure);
        }
        co_await flush();
        if (how == SSL_ERROR_NONE) co_return;
        co_await feed();
    }
}

task<std::size_t> tls_link::read_some(std::span<std::byte> into) {
    if (into.empty()) co_return 0;
    for (;;) {
        std::size_t got = 0;
        int how = SSL_ERROR_NONE;
        bool answers = false;
        {
            const std::lock_guard hold(lock);
            if (exhausted()) {
                how = SSL_ERROR_WANT_READ;
            } else {
                ERR_clear_error();
                const int result = SSL_read_ex(ssl.get(), into.data(), into.size(), &got);
                if (result != 1) how = SSL_get_error(ssl.get(), result);
            }
            answers = !going.empty();  // a new key, for example
            if (how != SSL_ERROR_NONE && how != SSL_ERROR_WANT_READ && how != SSL_ERROR_ZERO_RETURN)
                fail("reading", how);
        }
        if (how == SSL_ERROR_ZERO_RETURN) co_return 0;
        if (got != 0) co_return got;
        if (answers) co_await flush();
        co_await feed();
    }
}

task<> tls_link::write_all(std::span<const std::byte> from) {
    if (shut) throw tls::error("TLS: it was said that nothing more would be written");
    while (!from.empty()) {
        const auto piece = from.first(std::min(from.size(), piece_size));
        {
            const std::lock_guard hold(lock);
            ERR_clear_error();
            std::size_t put = 0;
            // The buffer takes all of it.
            const int result = SSL_write_ex(ssl.get(), piece.data(), piece.size(), &put);
            if (result != 1) fail("writing", SSL_get_error(ssl.get(), result));
        }
        from = from.subspan(piece.size());
        co_await flush();
    }
}

task<> tls_link::shutdown_write() {
    if (!std::exchange(shut, true)) {
        const std::lock_guard hold(lock);
        ERR_clear_error();
        SSL_shutdown(ssl.get());
    }
    co_await flush();
    co_await below.shutdown_write();
}

}  // namespace detail

namespace tls {

stream::stream(std::unique_ptr<detail::tls_link> link) noexcept : link_(std::move(link)) {}
stream::stream(stream&&) noexcept = default;
stream& stream::operator=(stream&&) noexcept = default;
stream::~stream() = default;

task<std::size_t> stream::read_some(std::span<std::byte> into) { return link_->read_some(into); }
task<> stream::write_all(std::span<const std::byte> from) { return link_->write_all(from); }
task<> stream::shutdown_write() { return link_->shutdown_write(); }
const byte_stream* stream::bottom() const noexcept { return link_->below.bottom(); }

std::string stream::protocol() const {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(link_->ssl.get(), &name, &size);
    return name == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(name), size);
}
std::string stream::version() const { return SSL_get_version(link_->ssl.get()); }
bool stream::resumed() const noexcept { return SSL_session_reused(link_->ssl.get()) == 1; }

std::string stream::peer_subject() const {
    const X509* shown = SSL_get0_peer_certificate(link_->ssl.get());
    if (shown == nullptr) return {};
    const std::unique_ptr<BIO, detail::tls_free<&BIO_free>> text(BIO_new(BIO_s_mem()));
    if (!text) throw std::bad_alloc();
    X509_NAME_print_ex(text.get(), X509_get_subject_name(shown), 0,
                       XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
    const char* begin = nullptr;
    const long size = BIO_get_mem_data(text.get(), &begin);
    return {begin, static_cast<std::size_t>(size)};
}

task<stream> connect(any_stream below, const client_context& trust, std::string host) {
    auto& inside = trust.inside();
    auto link = std::make_unique<detail::tls_link>(std::move(below), inside.context, false);
    link->trust = &inside;
    link->host = std::move(host);
    SSL* const ssl = link->ssl.get();
    // An address is compared as such, and is no server name (RFC 6066, 3).
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), link->host.c_str()) != 1) {
        ERR_clear_error();
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (link->host.empty() || SSL_set1_host(ssl, link->host.c_str()) != 1 ||
            SSL_set_tlsext_host_name(ssl, link->host.c_str()) != 1)
            throw error("TLS: \"" + link->host + "\" is no name of a host");
    }
    if (const auto session = inside.take_session(link->host)) SSL_set_session(ssl, session.get());
    co_await link->shake_hands();
    co_return stream(std::move(link));
}

task<stream> accept(any_stream below, const server_context& identity) {
    auto link =
        std::make_unique<detail::tls_link>(std::move(below), identity.inside().current(), true);
    co_await link->shake_hands();
    co_return stream(std::move(link));
}

}  // namespace tls

}  // namespace twill::inline TWILL_ABI
