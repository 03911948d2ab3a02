// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/agreement.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <memory>
#include <new>
#include <string>

namespace yoke::pair {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_KDF* kdf) const noexcept { EVP_KDF_free(kdf); }
  void operator()(EVP_KDF_CTX* context) const noexcept { EVP_KDF_CTX_free(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// Nothing but memory can lack where only our own values go in.
void must(bool worked) {
  if (!worked) throw std::bad_alloc();
}

Owned<EVP_PKEY> own_key(const Bits256& private_key) {
  Owned<EVP_PKEY> key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, private_key.data(),
                                                   private_key.size()));
  must(key != nullptr);
  return key;
}

}  // namespace

Bits256 public_key(const Bits256& private_key) {
  Bits256 bytes{};
  std::size_t size = bytes.size();
  must(EVP_PKEY_get_raw_public_key(own_key(private_key).get(), bytes.data(), &size) == 1);
  return bytes;
}

std::optional<Bits256> shared_secret(const Bits256& private_key, const Bits256& others) {
  const Owned<EVP_PKEY> own = own_key(private_key);
  const Owned<EVP_PKEY> peer(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, others.data(), others.size()));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(own.get(), nullptr));
  must(peer && context && EVP_PKEY_derive_init(context.get()) == 1);
  Bits256 secret{};
  std::size_t size = secret.size();
  if (EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), secret.data(), &size) != 1 || secret == Bits256{}) {
    return std::nullopt;
  }
  return secret;
}

Bits256 sha256(Bytes bytes) {
  Bits256 digest{};
  must(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return digest;
}

void hkdf(const Bits256& secret, const Bits256& salt, std::string_view label,
          std::span<std::uint8_t> out) {
  const Owned<EVP_KDF> kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr));
  must(kdf != nullptr);
  const Owned<EVP_KDF_CTX> context(EVP_KDF_CTX_new(kdf.get()));
  must(context != nullptr);
  // OpenSSL's parameters are not const, and are only read.
  Bits256 key = secret, salt_copy = salt;
  std::string info(label), digest = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_copy.data(), salt_copy.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  must(EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) == 1);
}

}  // namespace yoke::pair
