// Certificates made on the spot, by a root of their own.
#pragma once

#include <twill/net/tls.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "io/fixtures.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace twill_test {

template <auto Free>
struct openssl_free {
    template <class T>
    void operator()(T* what) const noexcept {
        Free(what);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, openssl_free<&EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, openssl_free<&X509_free>>;

// Writes certificates and keys into a folder of its own.
class certificates {
public:
    struct files {
        std::string certificate;
        std::string key;
    };

    certificates() { write("root", *root_, *root_key_); }

    [[nodiscard]] std::string root() const { return folder_.path() + "/root.pem"; }

    // For `names`, as OpenSSL writes them ("DNS:localhost,IP:127.0.0.1"), valid for so many seconds
    // from now; below zero it has expired.
    files make(const std::string& name, const std::string& names, long seconds = 3600) {
        const key_ptr key = new_key();
        const certificate_ptr made = sign(name, *key, names, seconds, false);
        return write(name, *made, *key);
    }
    // Enciphers the key of `of` where it lies.
    static void encipher(const files& of, std::string password) {
        key_ptr key;
        if (std::FILE* file = std::fopen(of.key.c_str(), "r")) {
            key.reset(PEM_read_PrivateKey(file, nullptr, nullptr, nullptr));
            std::fclose(file);
        }
        if (std::FILE* file = std::fopen(of.key.c_str(), "w")) {
            PEM_write_PrivateKey(file, key.get(), EVP_aes_256_cbc(),
                                 reinterpret_cast<unsigned char*>(password.data()),
                                 static_cast<int>(password.size()), nullptr, nullptr);
            std::fclose(file);
        }
    }
    // Gives `of` the place of `like`, as a renewal does.
    static void replace(const files& like, const files& of) {
        fs::copy_file(of.certificate, like.certificate, fs::copy_options::overwrite_existing);
        fs::copy_file(of.key, like.key, fs::copy_options::overwrite_existing);
    }

private:
    static key_ptr new_key() { return key_ptr(EVP_EC_gen("P-256")); }

    certificate_ptr sign(const std::string& name, EVP_PKEY& key, const std::string& names,
                         long seconds, bool is_root) {
        certificate_ptr made(X509_new());
        X509_set_version(made.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -7200);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds);
        X509_set_pubkey(made.get(), &key);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
        X509_set_issuer_name(made.get(), X509_get_subject_name(is_root ? made.get() : root_.get()));
        add(*made, NID_basic_constraints, is_root ? "critical,CA:TRUE" : "CA:FALSE");
        if (!names.empty()) add(*made, NID_subject_alt_name, names);
        if (X509_sign(made.get(), is_root ? &key : root_key_.get(), EVP_sha256()) == 0)
            throw std::runtime_error("a certificate could not be signed");
        return made;
    }
    static void add(X509& to, int what, const std::string& value) {
        X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
        if (made == nullptr) throw std::runtime_error("bad extension " + value);
        X509_add_ext(&to, made, -1);
        X509_EXTENSION_free(made);
    }
    files write(const std::string& name, X509& certificate, EVP_PKEY& key) {
        files made{folder_.path() + "/" + name + ".pem", folder_.path() + "/" + name + ".key"};
        if (std::FILE* file = std::fopen(made.certificate.c_str(), "w")) {
            PEM_write_X509(file, &certificate);
            std::fclose(file);
        }
        if (std::FILE* file = std::fopen(made.key.c_str(), "w")) {
            PEM_write_PrivateKey(file, &key, nullptr, nullptr, 0, nullptr, nullptr);
            std::fclose(file);
        }
        return made;
    }

    temporary_directory folder_;
    long serial_ = 0;
    key_ptr root_key_ = new_key();
    // Each has a name of its own.
    certificate_ptr root_ = sign("the root of " + folder_.path(), *root_key_, "", 3600, true);
};

// A server with a certificate for `names`, and a client that trusts it.
struct tls_ends {
    explicit tls_ends(const std::string& names = "IP:127.0.0.1")
        : files(all.make("server", names)) {}

    certificates all;
    certificates::files files;
    twill::tls::server_context identity{
        {.certificate_file = files.certificate, .key_file = files.key}};
    twill::tls::client_context trust{{.trust_file = all.root()}};
};

}  // namespace twill_test
