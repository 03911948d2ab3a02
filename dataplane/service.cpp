// SPDX-License-Identifier: Apache-2.0
#include "dataplane/service.h"

#include <unistd.h>

#include <sys/epoll.h>
#include <systemd/sd-daemon.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "dataplane/api/envelope.h"
#include "dataplane/control/session.h"
#include "dataplane/limits.h"
#include "hal/base/log.h"

namespace yoke {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kNewsGathered{20};  // changes of the network that make one snapshot
constexpr milliseconds kResolveEvery{250};
// A page that is new, or not there any more. Leases themselves are read by workers, at each burst.
constexpr milliseconds kLeasesEvery{20};
constexpr milliseconds kLeasesLoggedEvery{1000};
// Not sooner: whoever takes an address away may be about to put another in its place, and one who
// takes it away each time is not to keep us busy.
constexpr milliseconds kKeepEvery{500};
constexpr std::size_t kConnectionsMax = 64;

tl::unexpected<Error> at(const hal::Board& board, int line, const Error& error) {
  return tl::unexpected(hal::board_error(board.path, line, error.id, error.text));
}

Result<control::Mirror> open_mirror(const io::PacketEngine& engine, const hal::Board& board) {
  std::vector<unsigned> twins;
  for (const auto& port : engine.ports()) twins.push_back(port.twin_ifindex);
  auto mirror = control::Mirror::open(std::move(twins));
  for (unsigned i = 0; mirror && i < board.ports.size(); ++i) {
    const hal::BoardPort& port = board.ports[i];
    if (auto set = mirror->set_addresses(i, port.addresses); !set) {
      return at(board, port.addresses_line, set.error());
    }
    if (auto set = mirror->set_gateways(i, port.gateways); !set) {
      return at(board, port.gateways_line, set.error());
    }
  }
  if (mirror) (void)mirror->update();
  return mirror;
}

std::set<net::IpAddress> own_addresses(const hal::Board& board) {
  std::set<net::IpAddress> own;
  for (const auto& port : board.ports) {
    for (const auto& prefix : port.addresses) own.insert(prefix.address);
  }
  return own;
}

// Whoever speaks to us may send all traffic where he likes, whatever his role: members of the group
// yoke have their roles with the management plane alone.
bool is_management_plane(const hal::Peer& peer) {
  return peer.uid == 0 || peer.uid == ::geteuid() || peer.user == "yoke";
}

// Who is standby has no lease, and nothing is wrong.
void log_lease(const std::string& group, const std::string& reason) {
  if (reason.empty()) {
    log::notice("lease-held", "the group is served", {{"GROUP", group}});
    return;
  }
  const bool is_wrong = reason != api::leases::kNotGranted && reason != api::leases::kLapsed;
  log::write(is_wrong ? log::Level::kWarning : log::Level::kNotice, "lease-none",
             "the group is not served: " + reason, {{"GROUP", group}, {"REASON", reason}});
}

}  // namespace

Service::Service(io::PacketEngine& engine, control::LeaseFile& leases, control::Mirror mirror,
                 const hal::Board& board, sd_event* loop)
    : engine_(engine),
      leases_(leases),
      mirror_(std::move(mirror)),
      controller_(engine, own_addresses(board), leases.page(), MonoClock::now()),
      loop_(loop),
      news_(loop, mirror_.fd(), EPOLLIN, [this](std::uint32_t) { on_news(); }),
      ports_(board.ports),
      gathered_(loop,
                [this] {
                  controller_.set_network(mirror_.network());
                  if (!keep_.running()) keep_.start(kKeepEvery);
                }),
      keep_(loop, [this] { keep_addresses(); }),
      resolve_(loop, [this] { on_resolve(); }),
      look_for_leases_(loop, [this] { on_leases(); }),
      watchdog_(loop, [this] { on_watchdog(); }) {
  controller_.set_network(mirror_.network());
  controller_.set_page_trouble(leases_.trouble());
  controller_.on_publish([this] {
    resolve_.start(milliseconds(0));
    if (!look_for_leases_.running()) look_for_leases_.start(milliseconds(0));
  });
  resolve_.start(kResolveEvery);
  std::uint64_t usec = 0;
  if (sd_watchdog_enabled(0, &usec) > 0) {
    pulse_ = std::chrono::duration_cast<milliseconds>(std::chrono::microseconds(usec / 3));
    on_watchdog();
  }
}

Result<std::unique_ptr<Service>> Service::start(io::PacketEngine& engine,
                                                control::LeaseFile& leases, const hal::Board& board,
                                                sd_event* loop, const std::string& socket_path) {
  auto mirror = open_mirror(engine, board);
  if (!mirror) return tl::unexpected(mirror.error());
  std::unique_ptr<Service> service(new Service(engine, leases, std::move(*mirror), board, loop));
  if (auto listening = service->listen(socket_path); !listening) {
    return tl::unexpected(listening.error());
  }
  return service;
}

Status Service::listen(const std::string& path) {
  auto server = hal::LineServer::listen(
      loop_, {path, limits::kApiMessageBytes, kConnectionsMax,
              [this](const hal::Peer&) { return std::make_unique<control::Session>(controller_); },
              [](const Error& error) {
                auto line = api::encode_error(nullptr, error);
                line.pop_back();
                return line;
              },
              is_management_plane});
  if (!server) return tl::unexpected(server.error());
  server_ = std::move(*server);
  return {};
}

void Service::on_news() {
  if (mirror_.update() && !gathered_.running()) gathered_.start(kNewsGathered);
}

void Service::keep_addresses() {
  if (mirror_.update()) controller_.set_network(mirror_.network());
  for (unsigned i = 0; i < ports_.size(); ++i) {
    mirror_.keep(i, ports_[i].addresses, ports_[i].gateways);
  }
}

void Service::on_resolve() {
  for (const auto& need : resolver_.due(controller_.needs(), MonoClock::now())) {
    mirror_.resolve(need.port, need.address);
  }
  resolve_.start(kResolveEvery);
}

void Service::on_leases() {
  if (!controller_.needs_leases()) return lease_reasons_.clear();
  (void)leases_.follow();
  controller_.set_page_trouble(leases_.trouble());
  controller_.find_lines();
  log_leases();
  look_for_leases_.start(kLeasesEvery);
}

// Once a change, and not more often than once a second: a lease that comes and goes is for the pair
// process to tell of.
void Service::log_leases() {
  const auto now = MonoClock::now();
  if (now < leases_logged_ + kLeasesLoggedEvery) return;
  std::map<std::string, std::string> reasons;
  for (auto& lease : controller_.leases(api::LeaseClock::now())) {
    if (lease.lease == api::Lease::kHeld) reasons[lease.group] = std::move(lease.reason);
  }
  if (reasons == lease_reasons_) return;
  for (const auto& [group, reason] : reasons) {
    const auto before = lease_reasons_.find(group);
    if (before == lease_reasons_.end() || before->second != reason) log_lease(group, reason);
  }
  lease_reasons_ = std::move(reasons);
  leases_logged_ = now;
}

// systemd hears of us only while every worker comes round as well.
void Service::on_watchdog() {
  bool alive = true;
  rounds_.resize(engine_.worker_counters().size());
  for (unsigned i = 0; i < rounds_.size(); ++i) {
    const std::uint64_t now = engine_.worker_rounds(i);
    alive = alive && now != std::exchange(rounds_[i], now);
  }
  if (alive) (void)sd_notify(0, "WATCHDOG=1");
  watchdog_.start(pulse_);
}

}  // namespace yoke
