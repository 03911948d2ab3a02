// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace yoke::health {
namespace {

const unsigned char* octets(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

std::string digest(const EVP_MD* kind, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  (void)EVP_Digest(data.data(), data.size(), out.data(), &size, kind, nullptr);
  return {reinterpret_cast<const char*>(out.data()), size};
}

}  // namespace

std::string sha1(std::string_view data) { return digest(EVP_sha1(), data); }
std::string sha256(std::string_view data) { return digest(EVP_sha256(), data); }

std::string md5_hex(std::string_view data) {
  std::string text;
  for (const char c : digest(EVP_md5(), data)) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

std::string hmac_sha256(std::string_view key, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  (void)HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets(data), data.size(),
             out.data(), &size);
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt, unsigned iterations) {
  std::array<unsigned char, 32> out{};
  (void)PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets(salt),
                          static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
                          static_cast<int>(out.size()), out.data());
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

std::string exclusive_or(std::string a, std::string_view b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
  return a;
}

}  // namespace yoke::health
