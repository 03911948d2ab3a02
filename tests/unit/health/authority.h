// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace yoke::health {

template <auto Function>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    Function(object);
  }
};

// A certificate and its key, as a server has them.
struct Identity {
  std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>> key;
  std::unique_ptr<X509, Free<X509_free>> certificate;

  [[nodiscard]] std::string pem() const {
    const std::unique_ptr<BIO, Free<BIO_free_all>> out(BIO_new(BIO_s_mem()));
    (void)PEM_write_bio_X509(out.get(), certificate.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }
  void give(SSL_CTX* context) const {
    (void)SSL_CTX_use_certificate(context, certificate.get());
    (void)SSL_CTX_use_PrivateKey(context, key.get());
  }
};

// A certificate for `name` that ends in so many days and an hour. `alternatives` as OpenSSL writes
// them: "DNS:www.example.net,IP:127.0.0.1". Signed by `issuer`; null: by itself, as an authority.
inline Identity issue(const std::string& name, const Identity* issuer = nullptr,
                      const std::string& alternatives = {}, int days = 365) {
  static long serial = 0;
  Identity made{.key = decltype(Identity::key)(EVP_EC_gen("P-256")),
                .certificate = decltype(Identity::certificate)(X509_new())};
  X509* const certificate = made.certificate.get();
  (void)X509_set_version(certificate, 2);
  (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -100L * 86400);
  (void)X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86400L + 3600);
  (void)X509_set_pubkey(certificate, made.key.get());
  X509_NAME* const subject = X509_get_subject_name(certificate);
  (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  const Identity& signer = issuer == nullptr ? made : *issuer;
  (void)X509_set_issuer_name(certificate, X509_get_subject_name(signer.certificate.get()));
  const auto extend = [&](int kind, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
    (void)X509_add_ext(certificate, extension.get(), -1);
  };
  if (issuer == nullptr) extend(NID_basic_constraints, "critical,CA:TRUE");
  if (!alternatives.empty()) extend(NID_subject_alt_name, alternatives);
  (void)X509_sign(certificate, signer.key.get(), EVP_sha256());
  return made;
}

}  // namespace yoke::health
