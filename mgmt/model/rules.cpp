// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "dataplane/limits.h"
#include "dataplane/net/address.h"
#include "hal/base/number.h"
#include "mgmt/model/check_rules.h"
#include "mgmt/model/check_schema.h"
#include "mgmt/model/network_rules.h"
#include "mgmt/model/network_schema.h"
#include "mgmt/model/notify_rules.h"
#include "mgmt/model/notify_schema.h"
#include "mgmt/model/pair_rules.h"
#include "mgmt/model/place.h"
#include "mgmt/model/port_rules.h"
#include "mgmt/model/port_schema.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/secrets.h"
#include "mgmt/model/snat.h"
#include "mgmt/model/system_rules.h"
#include "mgmt/model/track_rules.h"

namespace yoke::model {
namespace {

// For each of them events wait in memory while it is away.
constexpr std::size_t kGroupsMax = 255;  // a pair tells its groups apart by one octet (RFC 5798)
constexpr std::size_t kPairGroupsMax = limits::kGroups - 1;  // the VIPs in none are one as well
constexpr std::size_t kLogServersMax = 8;

struct PoolFacts {
  bool dsr = false;
  std::vector<net::Endpoint> servers;
};

struct VipFacts {
  Path path;
  std::optional<net::ServiceAddress> address;
  std::string pool;
  std::vector<net::IpAddress> snat;
  std::string snat_pool;  // that they are of, where it names one
};

std::string_view family(const net::IpAddress& address) { return address.is_v4() ? "IPv4" : "IPv6"; }

std::string count_of(std::size_t count, const RecordType& type) {
  return fmt::format("{} {}", count, count == 1 ? type.kind : type.plural);
}

// Walks a configuration once and then asks one question a function. Owned by one call.
class Checker {
 public:
  Checker(const Config& config, const Config* running) : config_(config), running_(running) {
    for (const std::string& name : config.keys("pool")) read_pool(name);
    for (const std::string& name : config.keys("vip")) read_vip(name);
  }

  std::vector<Violation> run() {
    for (const auto& [path, fields] : config_.records()) check_record(path, fields);
    check_unique_vips();
    for (const auto& [name, pool] : pools_) check_pool(name, pool);
    for (const VipFacts& vip : vips_) check_vip(vip);
    for (const std::string& name : config_.keys("snat-pool")) check_snat_pool(name);
    check_prefix_lists();
    check_server_addresses();
    check_listeners();
    check_network(config_, [this](const Path& path, std::string_view id, std::string text) {
      add(path, id, std::move(text));
    });
    check_ports(config_, [this](const Path& path, std::string_view id, std::string text) {
      add(path, id, std::move(text));
    });
    check_pair(config_, [this](const Path& path, std::string_view id, std::string text) {
      add(path, id, std::move(text));
    });
    check_tracks(config_, [this](const Path& path, std::string_view id, std::string text) {
      add(path, id, std::move(text));
    });
    check_limits();
    check_backup();
    std::ranges::stable_sort(found_, {}, &Violation::path);
    return std::move(found_);
  }

 private:
  void add(const Path& path, std::string_view id, std::string text) {
    found_.push_back({path.to_string(), std::string(id), std::move(text)});
  }

  void read_pool(const std::string& name) {
    const Path path{{"pool", name}};
    PoolFacts& pool = pools_[name];
    pool.dsr = config_.value(path, "method") == "dsr";
    for (const Config::Child& server : config_.children("server", path)) {
      if (const auto endpoint = net::Endpoint::parse(server.key)) pool.servers.push_back(*endpoint);
    }
  }

  void read_vip(const std::string& name) {
    VipFacts vip{.path = {{"vip", name}}, .address = {}, .pool = {}, .snat = {}, .snat_pool = {}};
    if (const auto address = net::ServiceAddress::parse(config_.value(vip.path, "address"))) {
      vip.address = *address;
    }
    vip.pool = config_.value(vip.path, "pool");
    vip.snat = snat_addresses(config_, vip.path);
    vip.snat_pool = config_.value(vip.path, "snat-pool");
    vips_.push_back(std::move(vip));
  }

  // What the schema says of every record: required fields, references.
  void check_record(const Path& path, const Fields& fields) {
    for (const Field& field : find_type(path.kind())->fields) {
      if (!applies(field, path.key())) continue;
      const std::string_view value = value_in(fields, field);
      if (field.required && value.empty()) {
        add(path, "E-201",
            fmt::format("its {} is missing: expected {}", field.name, describe(field)));
      }
      if (field.type == FieldType::kReference && !value.empty() &&
          config_.find(Path{{std::string(field.refers_to), std::string(value)}}) == nullptr) {
        add(path, "E-202", fmt::format("there is no {} {}", field.refers_to, value));
      }
      if (field.secret && value == kHidden) {
        add(path, "E-222", fmt::format("its {} is hidden in what was loaded: set it", field.name));
      }
    }
    const auto violated = [&](std::string_view id, std::string text) {
      add(path, id, std::move(text));
    };
    if (path.kind() == "check") check_settings(config_, path, violated);
    if (path.kind() == "notify") check_notification(config_, path, violated);
    if (path.kind() == "user") check_user(config_, path, violated);
    if (path.kind() == "system") check_system(config_, path, violated);
  }

  void check_unique_vips() {
    std::map<net::ServiceAddress, std::string> owners;
    for (const VipFacts& vip : vips_) {
      if (vip.address && has_run(vip)) owners.emplace(*vip.address, vip.path.key());
    }
    for (const VipFacts& vip : vips_) {
      if (!vip.address) continue;
      const auto [owner, added] = owners.emplace(*vip.address, vip.path.key());
      if (!added && owner->second != vip.path.key()) {
        add(vip.path, "E-203",
            fmt::format("vip {} answers for {} already", owner->second, vip.address->to_string()));
      }
    }
  }

  [[nodiscard]] bool has_run(const VipFacts& vip) const {
    return running_ != nullptr && running_->find(vip.path) != nullptr &&
           running_->value(vip.path, "address") == config_.value(vip.path, "address");
  }

  // What the unit itself listens on, without the right to a well-known port.
  void check_listeners() {
    constexpr std::uint16_t kFirstPort = 1024;
    std::map<net::Endpoint, std::string> owners;
    for (const std::string kind : {"metrics", "web"}) {
      const Path path{{kind, ""}};
      const auto listen = net::Endpoint::parse(config_.value(path, "listen"));
      if (!listen) continue;
      if (listen->port < kFirstPort) {
        add(path, "E-226", fmt::format("port {} is below {}", listen->port, kFirstPort));
      }
      const auto [owner, added] = owners.emplace(*listen, kind);
      if (!added) {
        add(path, "E-226",
            fmt::format("{} listens on {} already", owner->second, listen->to_string()));
      }
      const auto is_of_vip = [&](const VipFacts& vip) {
        return vip.address && vip.address->endpoint.address == listen->address;
      };
      if (const auto vip = std::ranges::find_if(vips_, is_of_vip); vip != vips_.end()) {
        add(path, "E-226",
            fmt::format("{} is the address of vip {}", listen->address.to_string(),
                        vip->path.key()));
      }
    }
  }

  void check_pool(const std::string& name, const PoolFacts& pool) {
    const Path path{{"pool", name}};
    for (const net::Endpoint& server : pool.servers) {
      const auto place = [&] { return path.child("server", server.to_string()); };
      check_reachable(place, server.address);
      const net::Endpoint& first = pool.servers.front();
      if (server.address.is_v4() != first.address.is_v4()) {
        add(place(), "E-204",
            fmt::format("{} and {} servers in one pool ({} is {}): make it two pools",
                        family(server.address), family(first.address), first.to_string(),
                        family(first.address)));
      }
    }
    if (pool.servers.size() > limits::kServersPerPool) {
      add(path, "E-208",
          fmt::format("{} servers in a pool that holds {}", pool.servers.size(),
                      limits::kServersPerPool));
    }
    check_quorum(path);
    if (pool.dsr && config_.value(path, "passive-failures") != "0") {
      add(path, "E-229",
          "its passive-failures have nothing to count: by dsr the servers' answers do not come "
          "through the unit");
    }
  }

  void check_quorum(const Path& pool) {
    const std::size_t checks = config_.keys("check", pool).size();
    if (checks > kChecksMax) {
      add(pool, "E-208", fmt::format("{} checks in a pool that holds {}", checks, kChecksMax));
    }
    const auto required = parse_decimal(config_.value(pool, "require"));
    if (required && *required > checks) {
      add(pool, "E-221", fmt::format("it requires {} checks and has {}", *required, checks));
    }
  }

  // `place` gives the path of the record, which only a violation needs.
  template <typename Place>
  void check_reachable(Place place, const net::IpAddress& address) {
    if (address.is_unspecified() || address.is_multicast() || address.is_loopback() ||
        address == net::IpAddress::v4(255, 255, 255, 255)) {
      add(place(), "E-210",
          fmt::format("{} cannot be a host's address: expected a unicast address",
                      address.to_string()));
    }
  }

  void check_vip(const VipFacts& vip) {
    const auto place = [&vip] { return vip.path; };
    if (vip.address) check_reachable(place, vip.address->endpoint.address);
    if (!vip.snat_pool.empty() && !config_.value(vip.path, "snat").empty()) {
      add(vip.path, "E-212",
          fmt::format("it has SNAT addresses of its own beside those of snat-pool {}: delete one",
                      vip.snat_pool));
    }
    for (const net::IpAddress& snat : vip.snat) {
      if (vip.snat_pool.empty()) check_reachable(place, snat);
      if (vip.address && snat.is_v4() != vip.address->endpoint.address.is_v4()) {
        add(vip.path, "E-204",
            fmt::format("snat {} is {} where the VIP is {}", snat.to_string(), family(snat),
                        family(vip.address->endpoint.address)));
      }
    }
    if (vip.snat_pool.empty() && vip.snat.size() > limits::kSnatPerVip) {
      add(vip.path, "E-208",
          fmt::format("{} SNAT addresses on a VIP that holds {}", vip.snat.size(),
                      limits::kSnatPerVip));
    }
    const auto length = parse_decimal(config_.value(vip.path, "client-prefix-length"));
    if (vip.address && vip.address->endpoint.address.is_v4() && length && *length > 32) {
      add(vip.path, "E-230",
          fmt::format("its client-prefix-length is {} where an IPv4 address has 32 bits", *length));
    }
    if (const auto pool = pools_.find(vip.pool); pool != pools_.end()) {
      check_vip_and_pool(vip, pool->second);
    }
  }

  void check_prefix_lists() {
    const auto names = config_.keys("list");
    std::size_t all = 0;
    for (const std::string& name : names) {
      const Path path{{"list", name}};
      const std::size_t prefixes = config_.children("prefix", path).size();
      all += prefixes;
      if (prefixes <= limits::kPrefixesPerList) continue;
      add(path, "E-208",
          fmt::format("{} prefixes in a list that holds {}", prefixes, limits::kPrefixesPerList));
    }
    check_limit("list", names.size(), limits::kPrefixLists);
    check_limit("prefix", all, limits::kPrefixes);
  }

  // Once, not for every VIP that takes its addresses.
  void check_snat_pool(const std::string& name) {
    const Path path{{"snat-pool", name}};
    const auto addresses = snat_pool_addresses(config_, name);
    for (const net::IpAddress& address : addresses) {
      check_reachable([&name] { return Path{{"snat-pool", name}}; }, address);
    }
    if (addresses.size() > limits::kSnatPerVip) {
      add(path, "E-208",
          fmt::format("{} SNAT addresses in a pool that holds {}", addresses.size(),
                      limits::kSnatPerVip));
    }
  }

  void check_vip_and_pool(const VipFacts& vip, const PoolFacts& pool) {
    if (pool.dsr && !vip.snat.empty()) {
      add(vip.path, "E-206",
          fmt::format("snat has no use: pool {} forwards by dsr, which leaves the client's address",
                      vip.pool));
    }
    if (!vip.address || pool.servers.empty()) return;
    const net::Endpoint& endpoint = vip.address->endpoint;
    const net::Endpoint& first = pool.servers.front();
    if (first.address.is_v4() != endpoint.address.is_v4()) {
      add(vip.path, "E-204",
          fmt::format("it is {} and the servers of pool {} are {}", family(endpoint.address),
                      vip.pool, family(first.address)));
    }
    if (!pool.dsr) return;
    for (const net::Endpoint& server : pool.servers) {
      if (server.port == endpoint.port) continue;
      add(vip.path, "E-207",
          fmt::format("pool {} forwards by dsr, which keeps the port: server {} must be on port {}",
                      vip.pool, server.to_string(), endpoint.port));
      return;  // one server tells it; a pool of a thousand would hide every other violation
    }
  }

  void check_server_addresses() {
    // What the unit answers for, and must not take from a server.
    std::map<net::IpAddress, std::string> ours;
    for (const VipFacts& vip : vips_) {
      const std::string& name = vip.path.key();
      if (vip.address) ours.emplace(vip.address->endpoint.address, "the address of vip " + name);
      const std::string whose =
          vip.snat_pool.empty() ? "a snat address of vip " + name : "of snat-pool " + vip.snat_pool;
      for (const net::IpAddress& snat : vip.snat) ours.emplace(snat, whose);
    }
    for (const auto& [name, pool] : pools_) {
      for (const net::Endpoint& server : pool.servers) {
        const auto our = ours.find(server.address);
        if (our == ours.end()) continue;
        add(Path{{"pool", name}}.child("server", server.to_string()), "E-209",
            fmt::format("{} is {}", server.address.to_string(), our->second));
      }
    }
  }

  void check_backup() {
    const std::string to = config_.value(only("backup"), "to");
    if (to.empty()) return;
    const auto place = Place::parse(to);
    if (place) return;
    add(only("backup"), "E-211",
        fmt::format("its to, from character {}: {}", place.error().column + 1, place.error().text));
  }

  void check_limits() {
    std::size_t servers = 0;
    for (const auto& [name, pool] : pools_) servers += pool.servers.size();
    check_limit("pool", pools_.size(), limits::kPools);
    check_limit("server", servers, limits::kServers);
    check_limit("vip", vips_.size(), limits::kVips);
    check_limit("group", config_.keys("group").size(),
                is_pair(config_) ? kPairGroupsMax : kGroupsMax);
    check_limit("snat-pool", config_.keys("snat-pool").size(), limits::kVips);
    check_limit("syslog", config_.keys("syslog").size(), kLogServersMax);
    check_limit("notify", config_.keys("notify").size(), kNotifyMax);
    check_limit("interface", config_.keys("interface").size(), kInterfacesMax);
    check_limit("port", config_.keys("port").size(), kPortsOfUnitMax);
    check_limit("route", config_.keys("route").size(), kUnitRoutesMax);
  }

  void check_limit(std::string_view kind, std::size_t count, std::size_t most) {
    if (count <= most) return;
    found_.push_back(
        {std::string(kind), "E-208",
         fmt::format("{} where a unit holds {}", count_of(count, *find_type(kind)), most)});
  }

  const Config& config_;
  const Config* running_;  // null: not known
  std::map<std::string, PoolFacts> pools_;
  std::vector<VipFacts> vips_;
  std::vector<Violation> found_;
};

}  // namespace

std::vector<Violation> violations(const Config& config, const Config* running) {
  return Checker(config, running).run();
}

}  // namespace yoke::model
