// SPDX-License-Identifier: Apache-2.0
#include "dataplane/net/checksum.h"

namespace yoke::net {

PartialSum& PartialSum::add(std::span<const std::uint8_t> bytes) noexcept {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 4; left -= 4, at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, at, sizeof word);
    sum_ += word;
  }
  for (; left >= 2; left -= 2, at += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, at, sizeof word);
    sum_ += word;
  }
  if (left == 1) sum_ += *at;  // padded with a zero octet behind it, in wire order
  return *this;
}

}  // namespace yoke::net
