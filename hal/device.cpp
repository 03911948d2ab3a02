// SPDX-License-Identifier: Apache-2.0
#include "hal/device.h"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hal/errors.h"

namespace yoke::hal {
namespace {

constexpr std::array<std::pair<std::string_view, Device::Kind>, 5> kKinds{{
    {"pci", Device::Kind::kPci},
    {"af_xdp", Device::Kind::kAfXdp},
    {"af_packet", Device::Kind::kAfPacket},
    {"tap", Device::Kind::kTap},
    {"vdev", Device::Kind::kVdev},
}};

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

// "0000:01:00.0": domain, bus, device, function.
bool is_pci_address(std::string_view text) {
  return text.size() == 12 && text[4] == ':' && text[7] == ':' && text[10] == '.' &&
         is_hex(text.substr(0, 4)) && is_hex(text.substr(5, 2)) && is_hex(text.substr(8, 2)) &&
         text[11] >= '0' && text[11] <= '7';
}

// What the kernel takes as an interface name, without what would end a DPDK argument.
bool is_interface_name(std::string_view text) {
  return !text.empty() && text.size() < IFNAMSIZ && text != "." && text != ".." &&
         std::ranges::all_of(text, [](char c) {
           return c > ' ' && c < 0x7f && c != '/' && c != ':' && c != ',' && c != '=' &&
                  c != '#';  // a file's comments begin so
         });
}

bool is_vdev(std::string_view text) {
  return !text.empty() && text[0] != ',' &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

struct Shape {
  bool fits;
  std::string_view expected;
};

Shape shape(Device::Kind kind, std::string_view argument) {
  switch (kind) {
    case Device::Kind::kPci:
      return {is_pci_address(argument), "a PCI address as in pci:0000:01:00.0"};
    case Device::Kind::kAfXdp:
    case Device::Kind::kAfPacket:
    case Device::Kind::kTap:
      return {is_interface_name(argument), "an interface name of 1 to 15 characters"};
    case Device::Kind::kVdev:
      return {is_vdev(argument), "a DPDK device and its arguments as in vdev:net_pcap0,iface=lo"};
  }
  return {false, ""};
}

}  // namespace

Result<Device> Device::parse(std::string_view text) {
  const auto colon = text.find(':');
  const auto word = text.substr(0, colon);
  const auto* const known =
      std::ranges::find(kKinds, word, &std::pair<std::string_view, Device::Kind>::first);
  if (colon == std::string_view::npos || known == kKinds.end()) {
    return fail(Errc::kInvalid, error::kDevice,
                "device \"" + std::string(text) +
                    "\" is none of pci:ADDRESS, af_xdp:INTERFACE, af_packet:INTERFACE, "
                    "tap:INTERFACE, vdev:ARGUMENTS",
                0);
  }
  const auto argument = text.substr(colon + 1);
  const auto [fits, expected] = shape(known->second, argument);
  if (!fits) {
    return fail(Errc::kInvalid, error::kDevice,
                "device \"" + std::string(text) + "\": expected " + std::string(expected),
                static_cast<int>(colon) + 1);
  }
  std::string spelled(argument);
  if (known->second == Device::Kind::kPci) {
    std::ranges::transform(spelled, spelled.begin(), [](char c) {
      return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    });
  }
  return Device{known->second, std::move(spelled)};
}

std::string Device::to_string() const {
  const auto* const known =
      std::ranges::find(kKinds, kind, &std::pair<std::string_view, Device::Kind>::second);
  return std::string(known->first) + ":" + argument;
}

std::string Device::interface() const {
  switch (kind) {
    case Kind::kAfXdp:
    case Kind::kAfPacket:
    case Kind::kTap:
      return argument;
    case Kind::kPci:
    case Kind::kVdev:
      break;
  }
  return {};
}

}  // namespace yoke::hal
