// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <utility>

#include "hal/base/log.h"
#include "mgmt/pair/daemon/service.h"

// What is looked at a few times a second, away from the real-time thread.
namespace yoke::pair {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{250};

// Octets as on the wire; 0: it has none. Asked by this thread, as the kernel may take its time.
std::uint32_t ipv4_of(const std::string& interface) {
  const FileDescriptor fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq about{};
  interface.copy(about.ifr_name, IFNAMSIZ - 1);
  about.ifr_addr.sa_family = AF_INET;
  if (::ioctl(fd.get(), SIOCGIFADDR, &about) != 0) return 0;
  sockaddr_in address{};
  std::memcpy(&address, &about.ifr_addr, sizeof address);
  return address.sin_addr.s_addr;
}

// The last 8 octets of its link-local address of IPv6, as on the wire; 0: it has none.
std::uint64_t link_local_of(const std::string& interface) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return 0;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(all, ::freeifaddrs);
  for (const ifaddrs* each = list.get(); each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET6) continue;
    sockaddr_in6 address{};
    std::memcpy(&address, each->ifa_addr, sizeof address);
    if (interface != each->ifa_name || !IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr)) continue;
    std::uint64_t identifier = 0;
    std::memcpy(&identifier, address.sin6_addr.s6_addr + 8, sizeof identifier);
    return identifier;
  }
  return 0;
}

}  // namespace

void Service::look_around() {
  // Without its page the unit would hold what no data plane sees. Started again, there is a new
  // one.
  if (!page_->is_shared() || !loop_->page_is_sound()) {
    log::error("lease-page-lost",
               paths_.lease.native() + " is gone, was replaced or written on [E-724]");
    return shut_down();
  }
  if (when_stopped_ == nullptr && loop_->snapshot().has_peer) pairing_.heard_peer();
  leases_seen_->follow();
  loop_->set_sources(ipv4_of(settings_->data), link_local_of(settings_->data));
  follow_pulses();
  tell_of_hangs();
  watch_refusals();
  if (when_stopped_ == nullptr) rotation_.look(loop_->snapshot().has_settled);
  look_.start(kLook);
}

void Service::follow_pulses() {
  if (pulses_ == nullptr) return;
  (void)pulses_->follow(paths_.pulse.string(), [boot = hal::boot_id()](const void* memory) {
    return !boot.empty() && static_cast<const api::PulsePage*>(memory)->is_of(boot);
  });
}

// Whoever sends them changes nothing; that he is there is for people to know.
void Service::watch_refusals() {
  const MonoTime now = MonoClock::now();
  bool bothered = foul_frames_.look(foul(loop_->snapshot().refusals), now);
  if (relay_ != nullptr) bothered |= foul_flows_.look(foul(relay_->snapshot().refusals), now);
  if (bothered == std::exchange(is_bothered_, bothered)) return;
  log::write(bothered ? log::Level::kWarning : log::Level::kNotice, "pair-frames-refused",
             bothered ? "many frames on the links between the units are not the peer's"
                      : "no such frames come any more");
}

void Service::tell_of_hangs() {
  const std::uint64_t hangs = loop_->hangs();
  if (hangs == std::exchange(hangs_, hangs)) return;
  const auto dead = std::chrono::duration_cast<milliseconds>(settings_->timers().dead);
  log::warning("data-plane-hangs", fmt::format("a worker of the data plane has not come round for "
                                               "{} ms: this unit does not count as able",
                                               dead.count()));
}

void Service::on_seen() {
  feeder_.seen();
  seen_.start(kLook);
}

}  // namespace yoke::pair
