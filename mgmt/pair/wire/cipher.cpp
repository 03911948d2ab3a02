// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstring>
#include <new>

namespace yoke::pair {
namespace {

using Nonce = std::array<std::uint8_t, 12>;

constexpr std::uint32_t kCheckValue = 0x80000000U;  // no key has so many blocks

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const noexcept { EVP_CIPHER_free(cipher); }
};

// A context that has its cipher already: later calls give a key or a nonce alone.
CipherContext context_of(const char* name) {
  const std::unique_ptr<EVP_CIPHER, FreeCipher> cipher(EVP_CIPHER_fetch(nullptr, name, nullptr));
  CipherContext context(EVP_CIPHER_CTX_new());
  if (!cipher || !context ||
      EVP_CipherInit_ex2(context.get(), cipher.get(), nullptr, nullptr, 1, nullptr) != 1) {
    throw std::bad_alloc();  // at the start; nothing but memory can lack
  }
  (void)EVP_CIPHER_CTX_set_padding(context.get(), 0);
  return context;
}

Nonce nonce_of(const FrameHeader& header) noexcept {
  Nonce nonce{};
  nonce[0] = header.channel;
  nonce[1] = header.stream;
  std::memcpy(nonce.data() + nonce.size() - sizeof header.counter, &header.counter,
              sizeof header.counter);
  return nonce;
}

bool begin(EVP_CIPHER_CTX* context, const FrameHeader& header, bool seals) noexcept {
  const Nonce nonce = nonce_of(header);
  std::uint8_t clear[sizeof header];
  net::store(clear, header);
  int written = 0;
  return EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), seals ? 1 : 0, nullptr) == 1 &&
         EVP_CipherUpdate(context, nullptr, &written, clear, sizeof clear) == 1;
}

}  // namespace

void wipe(std::span<std::uint8_t> bytes) noexcept { OPENSSL_cleanse(bytes.data(), bytes.size()); }

void FreeCipherContext::operator()(evp_cipher_ctx_st* context) const noexcept {
  EVP_CIPHER_CTX_free(context);
}

Derivation::Derivation() : context_(context_of("AES-256-ECB")) {}

void Derivation::set_key(const KeyBytes& key) noexcept {
  (void)EVP_CipherInit_ex2(context_.get(), nullptr, key.data(), nullptr, 1, nullptr);
}

std::array<std::uint8_t, 16> Derivation::encrypt(
    const std::array<std::uint8_t, 16>& block) noexcept {
  std::array<std::uint8_t, 16> out{};
  int written = 0;
  (void)EVP_CipherUpdate(context_.get(), out.data(), &written, block.data(),
                         static_cast<int>(block.size()));
  return out;
}

KeyBytes Derivation::boot_key(const Boot& boot) noexcept {
  KeyBytes key{};
  for (std::uint8_t i = 0; i < 4; ++i) {
    std::array<std::uint8_t, 16> block{};
    block[3] = i;
    std::memcpy(block.data() + 4, boot.data(), boot.size());
    block = encrypt(block);
    std::memcpy(key.data() + i * std::size_t{8}, block.data(), 8);
    wipe(block);
  }
  return key;
}

std::array<std::uint8_t, 16> Derivation::block(std::uint32_t n) noexcept {
  std::array<std::uint8_t, 16> block{};
  net::store(block.data(), net::Be32::from_host(n));
  return encrypt(block);
}

net::Be64 Derivation::check_value() noexcept {
  return net::load<net::Be64>(block(kCheckValue).data());
}

FrameSealer::FrameSealer() : context_(context_of("AES-256-GCM")) {}

void FrameSealer::set_key(const KeyBytes& key) noexcept {
  (void)EVP_CipherInit_ex2(context_.get(), nullptr, key.data(), nullptr, 1, nullptr);
}

bool FrameSealer::seal(const FrameHeader& header, Bytes body, std::uint8_t* out) noexcept {
  int written = 0;
  std::uint8_t* tag = out + body.size();
  return begin(context_.get(), header, true) &&
         EVP_CipherUpdate(context_.get(), out, &written, body.data(),
                          static_cast<int>(body.size())) == 1 &&
         EVP_CipherFinal_ex(context_.get(), tag, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize, tag) == 1;
}

FrameOpener::FrameOpener() : context_(context_of("AES-256-GCM")) {}

void FrameOpener::set_key(const KeyBytes& key) noexcept {
  (void)EVP_CipherInit_ex2(context_.get(), nullptr, key.data(), nullptr, 0, nullptr);
}

bool FrameOpener::open(const FrameHeader& header, Bytes sealed, std::uint8_t* out) noexcept {
  int written = 0;
  const Bytes body = sealed.first(sealed.size() - kTagSize);
  std::array<std::uint8_t, kTagSize> tag{};
  std::memcpy(tag.data(), sealed.data() + body.size(), tag.size());
  const bool authentic =
      begin(context_.get(), header, false) &&
      EVP_CipherUpdate(context_.get(), out, &written, body.data(), static_cast<int>(body.size())) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1 &&
      EVP_CipherFinal_ex(context_.get(), out + body.size(), &written) == 1;
  if (!authentic) wipe({out, body.size()});
  return authentic;
}

}  // namespace yoke::pair
