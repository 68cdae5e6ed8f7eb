#include "io/identity.hpp"

#include "common/scratch_folder.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace twill::inline TWILL_ABI::bench {
namespace {

template <auto Free>
struct freed {
    template <class T>
    void operator()(T* what) const noexcept {
        Free(what);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed<&EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed<&X509_free>>;
struct closed {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using file_ptr = std::unique_ptr<std::FILE, closed>;

constexpr long a_day = 86'400;

certificate_ptr certificate_of(EVP_PKEY& key) {
    certificate_ptr made(X509_new());
    const auto* name = reinterpret_cast<const unsigned char*>("localhost");
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -a_day);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), a_day);
    X509_set_pubkey(made.get(), &key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC, name, -1, -1,
                               0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
    if (X509_sign(made.get(), &key, EVP_sha256()) == 0) made.reset();
    return made;
}

class made_here {
public:
    made_here() {
        const key_ptr key(EVP_EC_gen("P-256"));
        const certificate_ptr certificate = key ? certificate_of(*key) : nullptr;
        const file_ptr first(std::fopen(files_.certificate.c_str(), "we"));
        const file_ptr second(std::fopen(files_.key.c_str(), "we"));
        if (!certificate || !first || !second ||
            PEM_write_X509(first.get(), certificate.get()) == 0 ||
            PEM_write_PrivateKey(second.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
                0)
            throw std::runtime_error("no certificate could be made");
    }

    [[nodiscard]] const identity_files& files() const noexcept { return files_; }

private:
    scratch_folder folder_;
    identity_files files_{folder_ / "certificate.pem", folder_ / "key.pem"};
};

}  // namespace

const identity_files& identity() {
    static const made_here here;
    return here.files();
}

}  // namespace twill::inline TWILL_ABI::bench
