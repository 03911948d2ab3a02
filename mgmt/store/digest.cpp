// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/digest.h"

#include <cstdint>

namespace yoke::store {
namespace {

// FNV-1a, 64 bits.
class Hash {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) add(c);
  }
  void add(char c) { hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3; }
  [[nodiscard]] std::string text() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[(hash_ >> shift) & 0xf];
    return text;
  }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace

// Every word is followed by a byte that no word contains, so that no two sets of records give the
// hash the same bytes.
std::string digest(const Records& records) {
  Hash hash;
  for (const auto& [path, fields] : records) {
    for (const auto& word : path.words) {
      hash.add(word);
      hash.add('\1');
    }
    for (const auto& [name, value] : fields) {
      hash.add(name);
      hash.add('\2');
      hash.add(value);
      hash.add('\3');
    }
    hash.add('\4');
  }
  return hash.text();
}

std::string digest(std::string_view text) {
  Hash hash;
  hash.add(text);
  return hash.text();
}

}  // namespace yoke::store
