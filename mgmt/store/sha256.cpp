// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/sha256.h"

#include <openssl/evp.h>

#include <array>

namespace yoke::store {

struct Sha256::Context {
  struct Free {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> handle{EVP_MD_CTX_new()};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  (void)EVP_DigestInit_ex(context_->handle.get(), EVP_sha256(), nullptr);
}
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  (void)EVP_DigestUpdate(context_->handle.get(), bytes.data(), bytes.size());
}

std::string Sha256::text() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  (void)EVP_DigestFinal_ex(context_->handle.get(), bytes.data(), &size);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[bytes.at(i) >> 4U];
    text += kDigits[bytes.at(i) & 0xfU];
  }
  return text;
}

}  // namespace yoke::store
