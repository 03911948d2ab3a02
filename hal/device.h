// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/result.h"

// What a data port is made of, `KIND:ARGUMENT`, as the board file and the configuration say it.
// Threads: values, any.
namespace yoke::hal {

struct Device {
  enum class Kind : std::uint8_t {
    kPci,       // pci:0000:01:00.0    a NIC bound to vfio-pci
    kAfXdp,     // af_xdp:eth0         a kernel interface, past the kernel's stack
    kAfPacket,  // af_packet:eth0      a kernel interface, beside the kernel's stack
    kTap,       // tap:lab0            a new kernel interface, for tests and virtual networks
    kVdev,      // vdev:net_pcap0,...  any other virtual device of DPDK, with its arguments
  };
  Kind kind = Kind::kPci;
  std::string argument;

  // E-322, with the column, for what is none of these. Of a PCI address the letters become small.
  [[nodiscard]] static Result<Device> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  // The kernel interface that it takes or makes; empty for the kinds without one.
  [[nodiscard]] std::string interface() const;
  friend bool operator==(const Device&, const Device&) = default;
};

}  // namespace yoke::hal
