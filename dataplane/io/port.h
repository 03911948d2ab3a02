// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/api/messages.h"
#include "dataplane/io/device.h"
#include "dataplane/io/eal.h"
#include "dataplane/io/frame_ring.h"
#include "dataplane/io/packet_engine.h"
#include "dataplane/net/address.h"
#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"

// One data port: a DPDK device with as many queues as it can serve to the workers, promiscuous, and
// no offload that packets would depend on.
namespace yoke::io {

// How an idle worker learns that a queue has something.
struct QueueWait {
  int fd = -1;              // readable then; -1: only polling tells
  bool interrupts = false;  // `fd` counts interrupts, which are to be enabled before a wait
};

// Threads: main; bursts go to the device past this object.
class Port {
 public:
  // The device is there, with its queues counted, and carries nothing yet.
  // E-323 to E-327; the text names the port.
  [[nodiscard]] static Result<std::unique_ptr<Port>> open(const PortConfig& config,
                                                          unsigned workers, Eal& eal);
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  ~Port();

  // `pool` outlives the port.
  [[nodiscard]] Status start(rte_mempool& pool, Eal& eal);

  [[nodiscard]] const std::string& name() const noexcept { return config_.name; }
  [[nodiscard]] std::uint16_t id() const noexcept { return id_; }  // DPDK's
  [[nodiscard]] std::uint16_t rx_queues() const noexcept { return rx_queues_; }
  [[nodiscard]] std::uint16_t tx_queues() const noexcept { return tx_queues_; }
  [[nodiscard]] const net::MacAddress& mac() const noexcept { return mac_; }
  [[nodiscard]] QueueWait wait(std::uint16_t queue) const { return waits_.at(queue); }
  // Packet buffers that the device holds on to when all its queues are full.
  [[nodiscard]] unsigned frames_held() const noexcept;
  [[nodiscard]] api::PortCounters counters() const;

 private:
  Port(const PortConfig& config, std::uint16_t id, bool is_ours)
      : config_(config), id_(id), is_ours_(is_ours) {}
  [[nodiscard]] Status learn(unsigned workers);
  [[nodiscard]] int configure();
  [[nodiscard]] int set_up_queues(rte_mempool& pool);
  void find_interrupts();
  [[nodiscard]] Status hear_everything();

  PortConfig config_;
  std::uint16_t id_;
  bool is_ours_;  // made by open(), so removed in the end
  std::uint16_t rx_queues_ = 1;
  std::uint16_t tx_queues_ = 1;
  std::string driver_;
  net::MacAddress mac_;
  std::vector<int> sockets_;  // opened by the device at once: af_packet, in the order of its queues
  std::vector<QueueWait> waits_;  // by receive queue
  FileDescriptor claim_;
  FileDescriptor ears_;         // af_xdp, af_packet: every frame is for us
  FileDescriptor xdp_program_;  // af_xdp
};

}  // namespace yoke::io
