#include "tls_context.hpp"

#include "tls_link.hpp"

#include <openssl/err.h>

#include <mutex>
#include <utility>

namespace twill::inline TWILL_ABI {

std::string detail::tls_complaint() {
    const auto code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return "no reason is given";
    const char* reason = ERR_reason_error_string(code);
    if (reason != nullptr) return reason;
    char text[256];
    ERR_error_string_n(code, text, sizeof text);
    return text;
}

namespace tls {
namespace {

// So many hosts' sessions are kept.
constexpr std::size_t most_sessions = 1024;

[[noreturn]] void refuse(const std::string& what) {
    throw error("TLS: " + what + ": " + detail::tls_complaint());
}

detail::tls_context_ptr new_context(const SSL_METHOD* method) {
    ERR_clear_error();
    detail::tls_context_ptr made(SSL_CTX_new(method), &SSL_CTX_free);
    if (!made) refuse("make a context");
    if (SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION) != 1) refuse("ask for TLS 1.2");
    // Renegotiation is what attacks are made of, and would make a write wait for a read.
    SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                        SSL_OP_CIPHER_SERVER_PREFERENCE);
    // The certificate's file holds its chain. OpenSSL would look for one in its store otherwise,
    // and verify it, at each handshake.
    SSL_CTX_set_mode(made.get(),
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY | SSL_MODE_NO_AUTO_CHAIN);
    return made;
}

// Of a key that is enciphered: there is nobody to ask on a server's terminal.
int no_password(char* /*into*/, int /*room*/, int /*for_writing*/, void* was_asked) {
    if (was_asked != nullptr) *static_cast<bool*>(was_asked) = true;
    return -1;
}

void use_certificate(SSL_CTX& of, const std::string& certificate, const std::string& key) {
    bool has_password = false;
    SSL_CTX_set_default_passwd_cb(&of, &no_password);
    if (SSL_CTX_use_certificate_chain_file(&of, certificate.c_str()) != 1)
        refuse("use the certificate in " + certificate);
    SSL_CTX_set_default_passwd_cb_userdata(&of, &has_password);
    const int used = SSL_CTX_use_PrivateKey_file(&of, key.c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(&of, nullptr);
    if (has_password)
        throw error("TLS: the key in " + key +
                    " has a password: store it without (openssl pkey -in KEY -out PLAIN), in a "
                    "file that nobody else may read");
    if (used != 1) refuse("use the key in " + key);
    if (SSL_CTX_check_private_key(&of) != 1)
        refuse("use " + key + " with the certificate in " + certificate);
}

// Each with its length before it.
std::string as_sent(const std::vector<std::string>& protocols) {
    std::string all;
    for (const auto& each : protocols) {
        if (each.empty() || each.size() > 255)
            throw error("TLS: the name of a protocol has 1 to 255 bytes");
        all += static_cast<char>(each.size());
        all += each;
    }
    return all;
}

const unsigned char* bytes(const std::string& text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

int on_new_session(SSL* of, SSL_SESSION* session) {
    auto* link = static_cast<detail::tls_link*>(SSL_get_app_data(of));
    if (link == nullptr || link->trust == nullptr) return 0;
    link->trust->keep_session(link->host, detail::tls_session_ptr(session));
    return 1;  // it is ours now
}

int choose_protocol(SSL* /*of*/, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void* ours) {
    const auto& protocols = *static_cast<const std::string*>(ours);
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, size, bytes(protocols),
                              static_cast<unsigned int>(protocols.size()), offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

detail::tls_context_ptr server_side(const server_options& options, const std::string& protocols) {
    auto made = new_context(TLS_server_method());
    use_certificate(*made, options.certificate_file, options.key_file);
    static constexpr unsigned char sessions_of[] = "twill";
    SSL_CTX_set_session_id_context(made.get(), sessions_of, sizeof sessions_of - 1);
    if (!options.client_trust_file.empty()) {
        const char* file = options.client_trust_file.c_str();
        if (SSL_CTX_load_verify_locations(made.get(), file, nullptr) != 1)
            refuse("use the certificates in " + options.client_trust_file);
        SSL_CTX_set_client_CA_list(made.get(), SSL_load_client_CA_file(file));
        SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    if (!protocols.empty())
        SSL_CTX_set_alpn_select_cb(made.get(), &choose_protocol,
                                   const_cast<std::string*>(&protocols));
    return made;
}

}  // namespace

client_context::client_context(const client_options& options) : parts_(std::make_unique<parts>()) {
    auto made = new_context(TLS_client_method());
    if (options.trust_file.empty()) {
        if (SSL_CTX_set_default_verify_paths(made.get()) != 1) refuse("use the system's roots");
    } else if (SSL_CTX_load_verify_locations(made.get(), options.trust_file.c_str(), nullptr) !=
               1) {
        refuse("use the certificates in " + options.trust_file);
    }
    SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, nullptr);
    if (!options.certificate_file.empty())
        use_certificate(*made, options.certificate_file, options.key_file);
    const auto protocols = as_sent(options.protocols);
    // Gives 0 when it has worked.
    if (!protocols.empty() &&
        SSL_CTX_set_alpn_protos(made.get(), bytes(protocols),
                                static_cast<unsigned int>(protocols.size())) != 0)
        refuse("offer protocols");
    SSL_CTX_set_session_cache_mode(made.get(),
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(made.get(), &on_new_session);
    parts_->context = std::move(made);
}
client_context::~client_context() = default;

detail::tls_session_ptr client_context::parts::take_session(const std::string& host) noexcept {
    const std::lock_guard hold(lock);
    const auto at = sessions.find(host);
    if (at == sessions.end()) return nullptr;
    auto session = std::move(at->second);
    sessions.erase(at);
    return session;
}

void client_context::parts::keep_session(const std::string& host,
                                         detail::tls_session_ptr session) noexcept {
    const std::lock_guard hold(lock);
    try {
        if (sessions.size() >= most_sessions) sessions.erase(sessions.begin());
        sessions.insert_or_assign(host, std::move(session));
    } catch (const std::bad_alloc&) {
        // The next handshake is a full one.
    }
}

server_context::server_context(server_options options)
    : parts_(std::make_unique<parts>(std::move(options))) {
    parts_->protocols = as_sent(parts_->options.protocols);
    parts_->context = server_side(parts_->options, parts_->protocols);
}
server_context::~server_context() = default;

void server_context::reload() {
    auto fresh = server_side(parts_->options, parts_->protocols);
    const auto old = parts_->current();
    // The keys that tickets of sessions are sealed with go over. Not where clients show
    // certificates: a session would outlive the trust in the one that began it.
    unsigned char keys[80];
    if (parts_->options.client_trust_file.empty() &&
        SSL_CTX_get_tlsext_ticket_keys(old.get(), keys, sizeof keys) == 1)
        SSL_CTX_set_tlsext_ticket_keys(fresh.get(), keys, sizeof keys);
    OPENSSL_cleanse(keys, sizeof keys);
    const std::lock_guard hold(parts_->lock);
    parts_->context.swap(fresh);
}

detail::tls_context_ptr server_context::parts::current() noexcept {
    const std::lock_guard hold(lock);
    return context;
}

}  // namespace tls

}  // namespace twill::inline TWILL_ABI
