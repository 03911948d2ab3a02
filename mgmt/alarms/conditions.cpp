// SPDX-License-Identifier: Apache-2.0
#include "mgmt/alarms/conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "hal/base/number.h"
#include "mgmt/model/group.h"

namespace yoke::alarms {
namespace {

using events::Kind;

constexpr std::uint64_t kFlowsHighPercent = 90, kFlowsNormalPercent = 80;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
// Room for some commits of a large configuration and for logs; of a small disk, a share.
struct DiskLimit {
  std::uint64_t bytes, percent;
};
constexpr DiskLimit kDiskLow{64 * kMiB, 5}, kDiskNormal{96 * kMiB, 8};

struct PoolFacts {
  std::size_t servers = 0, down = 0;
  bool takes_flows = false;
  bool undecided = false;  // a server that is not known yet may take some
};

std::string why_down(const PoolFacts& pool) {
  if (pool.servers == 0) return "has no servers";
  if (pool.servers == 1) {
    return pool.down == 1 ? "has one server, which is down"
                          : "has one server, which takes no flows";
  }
  return fmt::format("has {} servers, none of which takes flows; {} are down", pool.servers,
                     pool.down);
}

// "640 MiB"; small ones in KiB.
std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kKiB = 1024, kSmall = 10 * kMiB;
  return bytes < kSmall ? fmt::format("{} KiB", bytes / kKiB) : fmt::format("{} MiB", bytes / kMiB);
}

// The conditions, in the order they are found.
class Found {
 protected:
  void add(Kind kind, std::string subject, std::string text, events::Fields fields = {}) {
    found_.push_back({kind, std::move(subject), std::move(text), std::move(fields)});
  }

  std::vector<Condition> found_;
};

class ServiceFinder : Found {
 public:
  explicit ServiceFinder(const Services& seen) : seen_(seen) {}

  std::vector<Condition> run() {
    find_servers();
    find_vips();
    return std::move(found_);
  }

 private:
  void find_servers() {
    seen_.servers.for_each_pool(
        [&](const std::string& name, const commit::ServerStates::Pool& servers) {
          PoolFacts& pool = pools_[name];
          for (const auto& [server, status] : servers) look_at({name, server}, status, pool);
        });
  }

  void look_at(const commit::ServerId& id, const commit::ServerStatus& status, PoolFacts& pool) {
    ++pool.servers;
    if (!status.enabled) return;
    const bool is_watched = status.checked || status.passive;
    if (is_watched && status.verdict == commit::Verdict::kDown) {
      ++pool.down;
      add_server(id);
    } else if (!pool.takes_flows && has_weight(id)) {
      const bool is_up = status.published() == api::ServerState::kUp;
      (is_up ? pool.takes_flows : pool.undecided) = true;
    }
  }

  [[nodiscard]] bool has_weight(const commit::ServerId& id) const {
    const model::Path path{{"pool", id.pool, "server", id.server.to_string()}};
    return parse_decimal(seen_.config.value(path, "weight")).value_or(1) > 0;
  }

  void add_server(const commit::ServerId& id) {
    const std::string server = id.server.to_string();
    const std::string reason = seen_.reason ? seen_.reason(id) : std::string();
    add(Kind::kServerDown, id.pool + " " + server,
        fmt::format("server {} of pool {} is down{}{}", server, id.pool, reason.empty() ? "" : ": ",
                    reason),
        {{"POOL", id.pool}, {"SERVER", server}});
  }

  void find_vips() {
    for (const auto& name : seen_.config.keys("vip")) {
      const model::Path path{{"vip", name}};
      const std::string pool = seen_.config.value(path, "pool");
      if (pool.empty() || !model::is_answered_for(seen_.config, path)) continue;
      const PoolFacts& facts = pools_[pool];
      if (facts.takes_flows || facts.undecided) continue;
      add(Kind::kVipDown, name,
          fmt::format("vip {} is down: its pool {} {}", name, pool, why_down(facts)),
          {{"VIP", name}, {"POOL", pool}});
    }
  }

  const Services& seen_;
  std::map<std::string, PoolFacts> pools_;
};

class UnitFinder : Found {
 public:
  explicit UnitFinder(const Observation& seen) : seen_(seen) {}

  std::vector<Condition> run() {
    find_unit();
    find_machine();
    return std::move(found_);
  }

 private:
  [[nodiscard]] bool stands(Kind kind) const { return seen_.stands && seen_.stands(kind); }

  void find_unit() {
    if (!seen_.data_plane_answers) {
      add(Kind::kDataPlaneLost, "",
          "the data plane does not answer: see its own log, journalctl -u yoke-dataplane");
    }
    if (seen_.unconfirmed) {
      add(Kind::kCommitWaits, "",
          fmt::format("revision {} goes back to {} unless it is confirmed",
                      seen_.unconfirmed->revision, seen_.unconfirmed->back_to));
    }
    found_.insert(found_.end(), seen_.others.begin(), seen_.others.end());
  }

  void find_machine() {
    if (seen_.counters) find_ports_and_flows(*seen_.counters);
    find_store();
    if (seen_.disk) find_disk(*seen_.disk);
    if (seen_.clock_behind) add(Kind::kClockBehind, "", *seen_.clock_behind);
  }

  void find_ports_and_flows(const api::Counters& counters) {
    for (const auto& port : counters.ports) {
      if (port.link_up) continue;
      add(Kind::kLinkDown, port.name,
          fmt::format("port {} has no link: see to its cable and the switch", port.name),
          {{"PORT", port.name}});
    }
    const std::uint64_t limit =
        stands(Kind::kFlowTableHigh) ? kFlowsNormalPercent : kFlowsHighPercent;
    if (counters.flows_capacity > 0 &&
        counters.flows_open * 100 >= counters.flows_capacity * limit) {
      add(Kind::kFlowTableHigh, "",
          fmt::format("the flow table holds {} of {} flows; a full one drops new flows",
                      counters.flows_open, counters.flows_capacity));
    }
  }

  void find_store() {
    if (const auto& why = seen_.store_unwritable) {
      add(Kind::kStoreUnwritable, "", why->text + "; nothing can be committed until then",
          {{"ERROR", why->id}});
    } else if (seen_.disk && seen_.disk->read_only) {
      add(Kind::kStoreUnwritable, "",
          "the store's file system is read-only and no commit can be made: remount it for writing "
          "and see the kernel log");
    }
  }

  void find_disk(const Disk& disk) {
    const DiskLimit limit = stands(Kind::kDiskLow) ? kDiskNormal : kDiskLow;
    if (disk.bytes_free < std::min(limit.bytes, disk.bytes / 100 * limit.percent)) {
      add(Kind::kDiskLow, "",
          fmt::format("{} of {} are free where the store is: remove what is not needed",
                      size_text(disk.bytes_free), size_text(disk.bytes)));
    }
  }

  const Observation& seen_;
};

}  // namespace

std::vector<Condition> conditions_of(const Services& services) {
  return ServiceFinder(services).run();
}

std::vector<Condition> conditions_of(const Observation& seen) { return UnitFinder(seen).run(); }

}  // namespace yoke::alarms
