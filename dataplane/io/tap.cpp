// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "dataplane/io/errors.h"

namespace yoke::io {
namespace {

// Whoever configures interfaces by their names, as systemd-networkd does, is to find one with what
// the board file says, not to have its own MTU overwritten by ours a moment later.
constexpr const char* kUntilReady = "yoke%d";

ifreq request(const std::string& name) {
  ifreq r{};
  std::memcpy(r.ifr_name, name.data(), std::min(name.size(), sizeof r.ifr_name - 1));
  return r;
}

tl::unexpected<Error> no_twin(const std::string& name, const char* step) {
  const int code = errno;
  const std::string what = "kernel twin " + name + ": ";
  if (code == EBUSY || code == EEXIST || code == EINVAL) {
    if (::if_nametoindex(name.c_str()) != 0) {
      return fail(Errc::kConflict, error::kBusy,
                  what +
                      "an interface of this name exists: another yoke-dataplane runs here, or "
                      "the port needs another name");
    }
  }
  if (code == EPERM || code == EACCES) {
    return fail(Errc::kDenied, error::kPermission, what + "CAP_NET_ADMIN is needed: run as root");
  }
  return fail(Errc::kFailed, error::kTwin, what + step + ": " + std::strerror(code));
}

}  // namespace

Result<Tap> Tap::make(const std::string& name, const net::MacAddress& mac, std::uint16_t mtu) {
  FileDescriptor fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return no_twin(name, "open /dev/net/tun");
  ifreq r = request(kUntilReady);
  r.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL);
  if (::ioctl(fd.get(), TUNSETIFF, &r) != 0) return no_twin(name, "TUNSETIFF");
  const std::string made(static_cast<const char*>(r.ifr_name));

  const FileDescriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  r = request(made);
  r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::memcpy(r.ifr_hwaddr.sa_data, mac.octets.data(), mac.octets.size());
  if (::ioctl(control.get(), SIOCSIFHWADDR, &r) != 0) return no_twin(name, "set its address");
  r = request(made);
  r.ifr_mtu = mtu;
  if (::ioctl(control.get(), SIOCSIFMTU, &r) != 0) return no_twin(name, "set its MTU");
  r = request(made);
  std::memcpy(r.ifr_newname, name.c_str(), std::min(name.size() + 1, sizeof r.ifr_newname));
  if (::ioctl(control.get(), SIOCSIFNAME, &r) != 0) return no_twin(name, "name it");
  r = request(name);
  if (::ioctl(control.get(), SIOCGIFFLAGS, &r) != 0) return no_twin(name, "read its state");
  r.ifr_flags = static_cast<short>(r.ifr_flags | IFF_UP);
  if (::ioctl(control.get(), SIOCSIFFLAGS, &r) != 0) return no_twin(name, "bring it up");
  const unsigned ifindex = ::if_nametoindex(name.c_str());
  return Tap(std::move(fd), name, ifindex);
}

}  // namespace yoke::io
