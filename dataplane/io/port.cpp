// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/port.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/io/device_sockets.h"
#include "dataplane/io/errors.h"
#include "dataplane/io/interface.h"
#include "dataplane/io/nic.h"
#include "dataplane/io/xdp_program.h"

namespace yoke::io {
namespace {

constexpr std::uint16_t kDescriptors = 1024;
constexpr unsigned kXdpFramesPerQueue = 2 * 2048;  // what the driver fills in, and what it sends

// DPDK's name of the device, and the words that make it.
struct Recipe {
  std::string name;
  std::string arguments;
};

Recipe recipe(const PortConfig& config, unsigned workers) {
  const Device& device = config.device;
  switch (device.kind) {
    case Device::Kind::kPci:
      return {device.argument, ""};
    case Device::Kind::kAfXdp: {
      const auto interface = read_interface(device.argument);
      const unsigned queues = interface ? std::max(1u, interface->combined_queues) : 1;
      // With busy_budget=0 the driver may sleep for a second inside a receive call where zero copy
      // is in use; force_copy keeps it from that. A NIC worth zero copy is worth pci:.
      return {"net_af_xdp_" + config.name, ",iface=" + device.argument +
                                               ",queue_count=" + std::to_string(queues) +
                                               ",busy_budget=0,force_copy=1"};
    }
    case Device::Kind::kAfPacket:
      return {"net_af_packet_" + config.name,
              ",iface=" + device.argument + ",qpairs=" + std::to_string(workers)};
    case Device::Kind::kTap:
      return {"net_tap_" + config.name, ",iface=" + device.argument};
    case Device::Kind::kVdev: {
      const auto comma = device.argument.find(',');
      return {device.argument.substr(0, comma),
              comma == std::string::npos ? "" : device.argument.substr(comma)};
    }
  }
  return {};
}

Error driver_error(const std::string& step, int code, Eal& eal) {
  const std::string complaint = eal.take_complaint();
  return {Errc::kFailed, std::string(error::kDriver),
          step + ": " + std::strerror(code < 0 ? -code : code) +
              (complaint.empty() ? "" : " (" + complaint + ")")};
}

Status check_before(const PortConfig& config) {
  switch (config.device.kind) {
    case Device::Kind::kAfXdp:
    case Device::Kind::kAfPacket:
      return check_interface(config.device, config.mtu);
    case Device::Kind::kTap:
      if (::if_nametoindex(config.device.argument.c_str()) == 0) return {};
      return fail(Errc::kConflict, error::kBusy,
                  "an interface " + config.device.argument + " exists already");
    case Device::Kind::kPci:
    case Device::Kind::kVdev:
      break;
  }
  return {};
}

// Frames that the kernel itself sends by the interface are no input of ours.
void ignore_outgoing(const std::vector<int>& sockets) {
  const int yes = 1;
  for (const int fd : sockets) {
    (void)::setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
  }
}

}  // namespace

Result<std::unique_ptr<Port>> Port::open(const PortConfig& config, unsigned workers, Eal& eal) {
  const std::string context = "port " + config.name;
  if (auto fine = check_before(config); !fine) return within(context, fine.error());
  FileDescriptor claim;
  if (const auto interface = config.device.interface(); !interface.empty()) {
    auto claimed = claim_interface(interface);
    if (!claimed) return within(context, claimed.error());
    claim = std::move(*claimed);
  }
  if (config.device.kind == Device::Kind::kAfXdp) prefer_sole_xdp_program();
  (void)eal.take_complaint();
  const auto [name, arguments] = recipe(config, workers);
  DeviceSockets sockets;
  std::uint16_t id = 0;
  bool is_ours = false;
  if (rte_eth_dev_get_port_by_name(name.c_str(), &id) != 0) {
    if (config.device.kind == Device::Kind::kPci) {
      return within(context, explain_missing_nic(name, eal.has_huge_pages()));
    }
    const int failed = rte_dev_probe((name + arguments).c_str());
    if (failed != 0 || rte_eth_dev_get_port_by_name(name.c_str(), &id) != 0) {
      return within(context, driver_error("device " + config.device.to_string(), failed, eal));
    }
    is_ours = true;
  }
  std::unique_ptr<Port> port(new Port(config, id, is_ours));
  port->claim_ = std::move(claim);
  port->sockets_ = sockets.take_new();
  ignore_outgoing(port->sockets_);
  if (auto fine = port->learn(workers); !fine) return within(context, fine.error());
  return port;
}

Status Port::learn(unsigned workers) {
  rte_eth_dev_info info{};
  if (const int failed = rte_eth_dev_info_get(id_, &info); failed != 0) {
    return fail(Errc::kFailed, error::kDriver, "the driver does not answer");
  }
  driver_ = info.driver_name;
  // AF_XDP queues that nobody reads would swallow packets, and each is a pair.
  const bool all = config_.device.kind == Device::Kind::kAfXdp;
  const auto wanted = static_cast<std::uint16_t>(workers);
  rx_queues_ = all ? info.max_rx_queues : std::min(wanted, info.max_rx_queues);
  tx_queues_ = all ? info.max_tx_queues : std::min(wanted, info.max_tx_queues);
  const unsigned by_frame = info.max_rx_pktlen > RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN
                                ? info.max_rx_pktlen - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN
                                : UINT16_MAX;
  const unsigned most = std::min<unsigned>(by_frame, info.max_mtu);
  if (rx_queues_ == 0 || tx_queues_ == 0 || config_.mtu > most) {
    return fail(Errc::kInvalid, error::kDevice,
                driver_ + " offers " + std::to_string(info.max_rx_queues) + " receive and " +
                    std::to_string(info.max_tx_queues) + " transmit queues and an MTU up to " +
                    std::to_string(most) + ", which is not enough for an MTU of " +
                    std::to_string(config_.mtu));
  }
  rte_ether_addr address{};
  if (rte_eth_macaddr_get(id_, &address) != 0 || rte_is_zero_ether_addr(&address) != 0) {
    rte_eth_random_addr(address.addr_bytes);  // a virtual device without: its twin needs one
  }
  std::ranges::copy(address.addr_bytes, mac_.octets.begin());
  return {};
}

int Port::configure() {
  rte_eth_dev_info info{};
  if (const int failed = rte_eth_dev_info_get(id_, &info); failed != 0) return failed;
  rte_eth_conf conf{};
  conf.rxmode.mtu = config_.mtu;
  if (rx_queues_ > 1 && info.flow_type_rss_offloads != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf =
        (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP) & info.flow_type_rss_offloads;
  }
  if (config_.device.kind == Device::Kind::kPci) {
    conf.intr_conf.rxq = 1;
    if (rte_eth_dev_configure(id_, rx_queues_, tx_queues_, &conf) == 0) return 0;
    conf.intr_conf.rxq = 0;
  }
  return rte_eth_dev_configure(id_, rx_queues_, tx_queues_, &conf);
}

int Port::set_up_queues(rte_mempool& pool) {
  std::uint16_t rx_size = kDescriptors;
  std::uint16_t tx_size = kDescriptors;
  if (const int failed = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx_size, &tx_size); failed != 0) {
    return failed;
  }
  const auto socket = static_cast<unsigned>(std::max(0, rte_eth_dev_socket_id(id_)));
  DeviceSockets sockets;
  for (std::uint16_t queue = 0; queue < rx_queues_; ++queue) {
    if (const int failed = rte_eth_rx_queue_setup(id_, queue, rx_size, socket, nullptr, &pool);
        failed != 0) {
      return failed;
    }
    const auto fresh = sockets.take_new();
    if (!fresh.empty()) {
      waits_[queue].fd = fresh.front();
    } else if (queue < sockets_.size()) {
      waits_[queue].fd = sockets_[queue];
    }
  }
  for (std::uint16_t queue = 0; queue < tx_queues_; ++queue) {
    if (const int failed = rte_eth_tx_queue_setup(id_, queue, tx_size, socket, nullptr);
        failed != 0) {
      return failed;
    }
  }
  return 0;
}

void Port::find_interrupts() {
  if (config_.device.kind != Device::Kind::kPci) return;
  for (std::uint16_t queue = 0; queue < rx_queues_; ++queue) {
    const int fd = rte_eth_dev_rx_intr_ctl_q_get_fd(id_, queue);
    if (fd >= 0) waits_[queue] = {fd, true};
  }
}

Status Port::start(rte_mempool& pool, Eal& eal) {
  (void)eal.take_complaint();
  waits_.resize(rx_queues_);
  const std::string context = "port " + config_.name;
  if (const int failed = configure(); failed != 0) {
    return within(context, driver_error("configure", failed, eal));
  }
  if (const int failed = set_up_queues(pool); failed != 0) {
    return within(context, driver_error("make queues", failed, eal));
  }
  if (const int failed = rte_eth_dev_start(id_); failed != 0) {
    return within(context, driver_error("start", failed, eal));
  }
  if (auto fine = hear_everything(); !fine) return within(context, fine.error());
  find_interrupts();
  return {};
}

// VIPs have hardware addresses of their own.
Status Port::hear_everything() {
  switch (config_.device.kind) {
    case Device::Kind::kAfXdp:
      xdp_program_ = hold_xdp_program(::if_nametoindex(config_.device.argument.c_str()));
      [[fallthrough]];
    case Device::Kind::kAfPacket: {
      auto ears = io::hear_everything(config_.device.argument);
      if (!ears) return tl::unexpected(ears.error());
      ears_ = std::move(*ears);
      return {};
    }
    case Device::Kind::kPci:
    case Device::Kind::kTap:
    case Device::Kind::kVdev:
      break;
  }
  (void)rte_eth_promiscuous_enable(id_);
  return {};
}

// The driver of AF_XDP takes its own program off, and leaves its sockets open.
Port::~Port() {
  std::vector<DriverSocket> sockets;
  if (config_.device.kind == Device::Kind::kAfXdp) {
    for (const QueueWait& wait : waits_) sockets.emplace_back(wait.fd);
  }
  xdp_program_.reset();
  rte_eth_dev_info info{};
  const bool known = rte_eth_dev_info_get(id_, &info) == 0;
  rte_eth_dev_stop(id_);
  if (is_ours_ && known) rte_dev_remove(info.device);
  for (const DriverSocket& socket : sockets) socket.close_if_forgotten();
}

unsigned Port::frames_held() const noexcept {
  if (config_.device.kind == Device::Kind::kAfXdp) return rx_queues_ * kXdpFramesPerQueue;
  return (rx_queues_ + unsigned{tx_queues_}) * kDescriptors;
}

api::PortCounters Port::counters() const {
  api::PortCounters counters;
  counters.name = config_.name;
  counters.driver = driver_;
  counters.mac = mac_.to_string();
  rte_eth_link link{};
  counters.link_up = rte_eth_link_get_nowait(id_, &link) == 0 && link.link_status != 0;
  // Drivers for kernel interfaces say "up" always; the kernel knows.
  if (const auto interface = read_interface(config_.device.interface())) {
    counters.link_up = interface->is_up && interface->has_carrier;
  }
  rte_eth_stats stats{};
  if (rte_eth_stats_get(id_, &stats) == 0) {
    counters.rx_packets = stats.ipackets;
    counters.tx_packets = stats.opackets;
    counters.rx_bytes = stats.ibytes;
    counters.tx_bytes = stats.obytes;
    counters.rx_missed = stats.imissed + stats.rx_nombuf;
    counters.rx_errors = stats.ierrors;
    counters.tx_errors = stats.oerrors;
  }
  return counters;
}

}  // namespace yoke::io
