// SPDX-License-Identifier: Apache-2.0
// Frames of the pair as hexadecimal text, for tests that talk to other people's programs: one made
// of the command line, or those on standard input told in words. Sends nothing itself.
//
//   wire_frames advert VRID PRIORITY CENTISECONDS pseudo|message SOURCE ADDRESS...
//   wire_frames announcement|question MAC ADDRESS
//   wire_frames claim MAC
//   wire_frames parse < FRAMES
#include <array>
#include <charconv>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "mgmt/pair/wire/advert.h"
#include "mgmt/pair/wire/vip_frames.h"

namespace {

using namespace yoke;
using namespace yoke::pair;

constexpr int kUsage = 2;
constexpr std::string_view kDigits = "0123456789abcdef";

int tell_frame(Bytes frame) {
  if (frame.empty()) return 1;
  for (const std::uint8_t octet : frame) std::cout << kDigits[octet >> 4] << kDigits[octet & 15];
  std::cout << '\n';
  return 0;
}

std::vector<std::uint8_t> from_hex(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  for (; text.size() > 1; text.remove_prefix(2)) {
    std::uint8_t octet = 0;
    std::from_chars(text.data(), text.data() + 2, octet, 16);
    bytes.push_back(octet);
  }
  return bytes;
}

int make_advert(const std::vector<std::string>& words) {
  if (words.size() < 7) return kUsage;
  std::vector<net::IpAddress> addresses;
  for (std::size_t i = 6; i < words.size(); ++i) {
    addresses.push_back(*net::IpAddress::parse(words[i]));
  }
  Advert advert;
  advert.vrid = static_cast<std::uint8_t>(std::stoi(words[1]));
  advert.priority = static_cast<std::uint8_t>(std::stoi(words[2]));
  advert.interval = static_cast<std::uint16_t>(std::stoi(words[3]));
  advert.sum = words[4] == "message" ? AdvertSum::kMessage : AdvertSum::kWithPseudoHeader;
  advert.source = *net::IpAddress::parse(words[5]);
  advert.addresses = addresses;
  std::array<std::uint8_t, 1514> frame{};
  return tell_frame({frame.data(), encode(advert, 0, frame)});
}

int make_vip_frame(const std::vector<std::string>& words) {
  if (words.size() < 2) return kUsage;
  const Link link{*net::MacAddress::parse(words[1]), 0};
  std::array<std::uint8_t, 128> frame{};
  if (words[0] == "claim") {
    return tell_frame({frame.data(), pair_frame(link, PairFrameKind::kClaim, {}, frame)});
  }
  if (words.size() < 3) return kUsage;
  const auto vip = *net::IpAddress::parse(words[2]);
  const std::size_t size =
      words[0] == "question" ? question(link, vip, frame) : announcement(link, vip, frame);
  return tell_frame({frame.data(), size});
}

void tell_words(Bytes frame) {
  if (const auto found = holder(frame)) {
    std::cout << "holder " << found->address.to_string() << ' ' << found->mac.to_string() << '\n';
    return;
  }
  const auto advert = parse_advert(frame);
  if (!advert) {
    std::cout << "refused " << to_string(advert.error()) << '\n';
    return;
  }
  std::cout << "advert vrid=" << int{advert->vrid} << " priority=" << int{advert->priority}
            << " interval=" << advert->interval << " source=" << advert->source.to_string()
            << " mac=" << advert->mac.to_string()
            << " sum=" << (advert->sum == AdvertSum::kMessage ? "message" : "pseudo");
  for (std::size_t i = 0; i < advert->address_count; ++i) {
    std::cout << ' ' << advert->address(i).to_string();
  }
  std::cout << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) return kUsage;
  if (words[0] == "advert") return make_advert(words);
  if (words[0] != "parse") return make_vip_frame(words);
  for (std::string line; std::getline(std::cin, line);) tell_words(from_hex(line));
  return 0;
}
