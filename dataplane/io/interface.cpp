// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/interface.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "dataplane/io/errors.h"

namespace yoke::io {
namespace {

class InterfaceQuery {
 public:
  explicit InterfaceQuery(const std::string& name)
      : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    std::memcpy(request_.ifr_name, name.data(),
                std::min(name.size(), sizeof request_.ifr_name - 1));
  }
  [[nodiscard]] bool ask(unsigned long what) {
    return ::ioctl(socket_.get(), what, &request_) == 0;
  }
  [[nodiscard]] ifreq& request() { return request_; }

 private:
  FileDescriptor socket_;
  ifreq request_{};
};

Status check_socket(const Device& device) {
  const bool is_xdp = device.kind == Device::Kind::kAfXdp;
  const FileDescriptor probe(::socket(is_xdp ? AF_XDP : AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (probe) return {};
  if (errno == EPERM || errno == EACCES) {
    return fail(Errc::kDenied, error::kPermission,
                device.to_string() +
                    (is_xdp ? " needs CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF"
                            : " needs CAP_NET_RAW and CAP_NET_ADMIN") +
                    std::string(": run as root"));
  }
  return fail(
      Errc::kFailed, error::kDriver,
      device.to_string() + ": this kernel has no such sockets (" + std::strerror(errno) + ")");
}

// AF_XDP takes whole queues: what arrives by one that is not ours would go to the kernel unseen.
Status check_queues(const std::string& name, const Interface& interface) {
  if (interface.combined_queues > 0 || interface.receive_queues <= 1) return {};
  return fail(Errc::kRefused, error::kNotReady,
              "interface " + name + " has " + std::to_string(interface.receive_queues) +
                  " receive queues and af_xdp would take one: ethtool -L " + name +
                  " rx 1 tx 1 (veth: create it with numrxqueues 1), or use af_packet:" + name);
}

}  // namespace

Result<Interface> read_interface(const std::string& name) {
  InterfaceQuery query(name);
  Interface interface;
  if (!query.ask(SIOCGIFINDEX)) {
    return fail(Errc::kNotFound, error::kNotThere,
                "there is no interface " + name + " (ip link shows those that are)");
  }
  interface.ifindex = static_cast<unsigned>(query.request().ifr_ifindex);
  if (query.ask(SIOCGIFFLAGS)) {
    interface.is_up = (query.request().ifr_flags & IFF_UP) != 0;
    interface.has_carrier = (query.request().ifr_flags & IFF_RUNNING) != 0;
  }
  if (query.ask(SIOCGIFMTU)) interface.mtu = static_cast<unsigned>(query.request().ifr_mtu);
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  query.request().ifr_data = reinterpret_cast<char*>(&channels);
  if (query.ask(SIOCETHTOOL)) {
    interface.combined_queues = channels.combined_count;
    interface.receive_queues = channels.rx_count;
  }
  return interface;
}

Status check_interface(const Device& device, std::uint16_t mtu) {
  const std::string name = device.interface();
  const auto interface = read_interface(name);
  if (!interface) return tl::unexpected(interface.error());
  if (!interface->is_up) {
    return fail(Errc::kRefused, error::kNotReady,
                "interface " + name + " is down: ip link set " + name + " up");
  }
  if (interface->mtu != mtu) {
    return fail(Errc::kRefused, error::kNotReady,
                "interface " + name + " has MTU " + std::to_string(interface->mtu) +
                    ", the port is to have " + std::to_string(mtu) + ": ip link set " + name +
                    " mtu " + std::to_string(mtu) + ", or change mtu of the port");
  }
  if (auto fine = check_socket(device); !fine) return fine;
  return device.kind == Device::Kind::kAfXdp ? check_queues(name, *interface) : Status{};
}

Result<FileDescriptor> claim_interface(const std::string& name) {
  FileDescriptor claim(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Abstract: bound to the network namespace, as the interface is, and gone with the process.
  const std::string path = "yoke/port/" + name;
  std::memcpy(&address.sun_path[1], path.data(), path.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + path.size());
  if (::bind(claim.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0) return claim;
  if (errno != EADDRINUSE) {
    return fail(Errc::kFailed, error::kDriver,
                "interface " + name + " cannot be marked as in use: " + std::strerror(errno));
  }
  return fail(Errc::kConflict, error::kBusy,
              "interface " + name +
                  " is in use by another port or another yoke-dataplane; end "
                  "that one first");
}

Result<FileDescriptor> hear_everything(const std::string& name) {
  // Of protocol 0: it receives nothing itself.
  FileDescriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  packet_mreq request{};
  request.mr_ifindex = static_cast<int>(::if_nametoindex(name.c_str()));
  request.mr_type = PACKET_MR_PROMISC;
  if (::setsockopt(socket.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) ==
      0) {
    return socket;
  }
  return fail(
      Errc::kFailed, error::kDriver,
      "interface " + name + " does not take frames for other addresses: " + std::strerror(errno));
}

}  // namespace yoke::io
