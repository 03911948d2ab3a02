// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "dataplane/net/address.h"
#include "hal/base/file_descriptor.h"
#include "mgmt/pair/wire/tlv.h"

namespace yoke::pair {

// Whole Ethernet frames on one interface of the kernel, which may come, go and come back as another
// (a TAP twin does, with its data plane). Nothing waits and, once constructed, nothing allocates.
// Threads: owned by one.
class PacketSocket {
 public:
  enum class Takes : std::uint8_t {
    kPairFrames,  // of our EtherType
    kFlowFrames,  // of that of flow sync (flow_pump.h)
    kAnyone,      // what is not of the pair, a few at a time: whether somebody is there
    kHolders,     // ARP, neighbour advertisements, VRRP adverts
    kNothing,     // its link alone is looked at
  };
  struct Counts {
    std::uint64_t received = 0, sent = 0, not_sent = 0;
  };

  PacketSocket(std::string interface, Takes takes)
      : interface_(std::move(interface)), takes_(takes) {}

  // To be called at every heartbeat: looks whether the interface is still the one that is open, and
  // opens the one that is there now.
  void keep() noexcept;
  // Of the last keep().
  [[nodiscard]] bool has_link() const noexcept { return has_link_; }
  [[nodiscard]] const net::MacAddress& mac() const noexcept { return mac_; }

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }  // -1: not open
  // The beginning of `room`, or nothing more for now.
  [[nodiscard]] std::optional<Bytes> receive(std::span<std::uint8_t> room) noexcept;
  // False: there is no interface, or no room in its queue.
  bool send(Bytes frame) noexcept;

  [[nodiscard]] const std::string& interface() const noexcept { return interface_; }
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

 private:
  void open(int index) noexcept;

  std::string interface_;
  Takes takes_;
  FileDescriptor questions_;  // to ask the kernel of interfaces with
  FileDescriptor fd_;
  int index_ = 0;
  bool has_link_ = false;
  net::MacAddress mac_;
  Counts counts_;
};

}  // namespace yoke::pair
