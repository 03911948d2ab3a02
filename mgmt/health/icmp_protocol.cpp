// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/icmp_protocol.h"

#include <algorithm>

#include "mgmt/health/byte_reader.h"

namespace yoke::health {
namespace {

constexpr unsigned kRequestV4 = 8, kReplyV4 = 0;
constexpr unsigned kRequestV6 = 128, kReplyV6 = 129;
constexpr std::size_t kHeaderBytes = 8;

// RFC 1071. Of IPv6 the kernel computes it, as it covers addresses.
std::uint16_t checksum(std::string_view bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const std::uint32_t high = static_cast<unsigned char>(bytes[i]);
    const std::uint32_t low = i + 1 < bytes.size() ? static_cast<unsigned char>(bytes[i + 1]) : 0U;
    sum += high << 8U | low;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

Move IcmpProtocol::connected() {
  const unsigned type = family_ == Family::kV4 ? kRequestV4 : kRequestV6;
  // The number of a ping socket is the kernel's to choose; the token tells ours.
  std::string request = big_endian(type, 1) + std::string(kHeaderBytes - 1, '\0') + token_;
  request.replace(2, 2, big_endian(checksum(request), 2));
  return receive("reply", request);
}

Move IcmpProtocol::received(std::string& unread) {
  std::string_view message = unread;
  // A raw socket hands over the IPv4 header as well; no ICMP type begins as one does.
  constexpr unsigned kVersion4 = 4;
  if (family_ == Family::kV4 && !message.empty()) {
    const std::size_t first = static_cast<unsigned char>(message.front());
    if (first >> 4U == kVersion4) {
      message.remove_prefix(std::min((first & 0xfU) * 4, message.size()));
    }
  }
  if (message.size() < kHeaderBytes) return receive("reply");
  const unsigned type = static_cast<unsigned char>(message.front());
  const bool is_reply = type == (family_ == Family::kV4 ? kReplyV4 : kReplyV6);
  if (!is_reply || message.substr(kHeaderBytes) != token_) return receive("reply");
  return passed("reply");
}

}  // namespace yoke::health
