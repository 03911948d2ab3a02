// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/scram.h"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "hal/base/number.h"
#include "mgmt/health/byte_reader.h"
#include "mgmt/health/digest.h"

namespace yoke::health {
namespace {

// A server chooses how much work it makes; this thread has other checks to see to. PostgreSQL's own
// number is 4096.
constexpr std::uint64_t kIterationsMax = 20'000;
constexpr std::string_view kNoBinding = "n,,";

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

// The value of "x=value" among values parted by commas.
std::optional<std::string_view> attribute(std::string_view message, char name) {
  while (!message.empty()) {
    const std::string_view part = message.substr(0, message.find(','));
    if (part.size() >= 2 && part[0] == name && part[1] == '=') return part.substr(2);
    message.remove_prefix(std::min(message.size(), part.size() + 1));
  }
  return std::nullopt;
}

auto not_scram() { return fail(Errc::kFailed, "", "the server's SCRAM message makes no sense"); }

}  // namespace

const ScramKeys::Pair& ScramKeys::of(std::string_view password, std::string_view salt,
                                     unsigned iterations) {
  const std::string name = sha256(big_endian(password.size(), 4) + std::string(password) +
                                  std::string(salt) + big_endian(iterations, 4));
  if (const auto found = recent_.find(name); found != recent_.end()) return found->second;
  if (recent_.size() >= kept_) older_ = std::exchange(recent_, {});
  if (auto known = older_.extract(name); !known.empty()) {
    return recent_.insert(std::move(known)).position->second;
  }
  ++made_;
  const std::string salted = pbkdf2_sha256(password, salt, iterations);
  Pair made{hmac_sha256(salted, "Client Key"), hmac_sha256(salted, "Server Key")};
  return recent_.emplace(name, std::move(made)).first->second;
}

Scram::Scram(std::string user, std::string password, std::string nonce, ScramKeys& keys)
    : password_(std::move(password)),
      first_bare_("n=" + std::move(user) + ",r=" + nonce),
      nonce_(std::move(nonce)),
      keys_(keys) {}

std::string Scram::first_message() const { return std::string(kNoBinding) + first_bare_; }

Result<std::string> Scram::final_message(std::string_view server_first) {
  const auto nonce = attribute(server_first, 'r');
  const auto salt_text = attribute(server_first, 's');
  const auto count = attribute(server_first, 'i');
  if (!nonce || !salt_text || !count) return not_scram();
  const auto salt = from_base64(*salt_text);
  const auto iterations = parse_decimal(*count);
  if (!salt || !iterations || *iterations == 0) return not_scram();
  if (!nonce->starts_with(nonce_)) return not_scram();
  if (*iterations > kIterationsMax) {
    return fail(Errc::kFailed, "", "the server asks for more SCRAM iterations than a check makes");
  }
  const auto& keys = keys_.of(password_, *salt, static_cast<unsigned>(*iterations));
  const std::string without_proof = "c=" + base64(kNoBinding) + ",r=" + std::string(*nonce);
  const std::string all = first_bare_ + ',' + std::string(server_first) + ',' + without_proof;
  server_signature_ = hmac_sha256(keys.server, all);
  return without_proof +
         ",p=" + base64(exclusive_or(keys.client, hmac_sha256(sha256(keys.client), all)));
}

Status Scram::verify(std::string_view server_final) const {
  const auto signature = attribute(server_final, 'v');
  const bool is_known = !server_signature_.empty() && signature == base64(server_signature_);
  if (is_known) return {};
  return fail(Errc::kFailed, "", "the server does not know the password itself");
}

}  // namespace yoke::health
