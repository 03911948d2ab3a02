// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/rules.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/api/lease_page.h"
#include "dataplane/control/errors.h"
#include "dataplane/limits.h"

namespace yoke::control {
namespace {

using Pools = std::map<std::string_view, const api::Pool*>;
using Names = std::set<std::string_view>;
using Groups = std::map<std::string_view, api::Lease>;  // with that of no name

tl::unexpected<Error> refuse(std::string_view id, std::string text) {
  return fail(Errc::kInvalid, id, std::move(text));
}

tl::unexpected<Error> too_many(const std::string& what, std::size_t count, std::size_t limit) {
  return refuse(kTooMany,
                what + ": " + std::to_string(count) + ", at most " + std::to_string(limit));
}

bool is_usable(const net::IpAddress& address) {
  return !address.is_unspecified() && !address.is_multicast() && !address.is_loopback() &&
         address != net::IpAddress::v4(255, 255, 255, 255);
}

Status check_address(const std::string& what, const net::IpAddress& address,
                     const std::set<net::IpAddress>& own) {
  if (!is_usable(address)) {
    return refuse(kUnusable, what + ": no packet can be sent to " + address.to_string());
  }
  if (own.contains(address)) {
    return refuse(kOwnAddress, what + ": " + address.to_string() + " is the unit's own address");
  }
  return {};
}

Status check_pool(const api::Pool& pool) {
  const std::string what = "pool " + pool.name;
  if (pool.servers.size() > limits::kServersPerPool) {
    return too_many(what + ": servers", pool.servers.size(), limits::kServersPerPool);
  }
  std::set<net::Endpoint> seen;
  for (const api::Server& server : pool.servers) {
    const std::string name = what + " server " + server.endpoint.to_string();
    if (!seen.insert(server.endpoint).second) return refuse(kTwice, name + ": given twice");
    if (server.endpoint.address.is_v4() != pool.servers.front().endpoint.address.is_v4()) {
      return refuse(kMixedFamily, name + ": the pool's others are of the other address family");
    }
    if (server.weight > limits::kWeightMax) {
      return too_many(name + ": weight", server.weight, limits::kWeightMax);
    }
    if (!is_usable(server.endpoint.address)) {
      return refuse(kUnusable, name + ": no packet can be sent there");
    }
  }
  return {};
}

Status check_service(const api::Vip& vip, const api::Pool& pool) {
  const std::string what = "vip " + vip.name;
  const net::Endpoint& service = vip.address.endpoint;
  if (pool.method == api::Method::kDsr && !vip.snat.empty()) {
    return refuse(kDsrPort, what + ": dsr leaves sources as they are, so it takes no snat");
  }
  for (const api::Server& server : pool.servers) {
    const net::Endpoint& endpoint = server.endpoint;
    if (endpoint.address.is_v4() != service.address.is_v4()) {
      return refuse(kMixedFamily, what + ": server " + endpoint.to_string() + " of pool " +
                                      pool.name + " is of the other address family");
    }
    if (pool.method == api::Method::kDsr && endpoint.port != service.port) {
      return refuse(kDsrPort, what + ": dsr leaves ports as they are, so server " +
                                  endpoint.to_string() + " must be on port " +
                                  std::to_string(service.port));
    }
  }
  return {};
}

Status check_vip(const api::Vip& vip, const Pools& pools, const std::set<net::IpAddress>& own) {
  const std::string what = "vip " + vip.name;
  const net::IpAddress& address = vip.address.endpoint.address;
  if (auto ok = check_address(what, address, own); !ok) return ok;
  if (vip.snat.size() > limits::kSnatPerVip) {
    return too_many(what + ": snat addresses", vip.snat.size(), limits::kSnatPerVip);
  }
  for (const net::IpAddress& snat : vip.snat) {
    if (auto ok = check_address(what + " snat", snat, own); !ok) return ok;
    if (snat.is_v4() != address.is_v4()) {
      return refuse(kMixedFamily,
                    what + ": snat " + snat.to_string() + " is of the other address family");
    }
  }
  if (vip.pool.empty()) return {};
  const auto pool = pools.find(vip.pool);
  if (pool == pools.end()) {
    return refuse(kNoSuchPool, what + ": there is no pool " + vip.pool);
  }
  return check_service(vip, *pool->second);
}

Status check_guard(const api::Vip& vip, const Names& lists) {
  const std::string what = "vip " + vip.name;
  for (const std::string& list : {vip.allow, vip.deny}) {
    if (list.empty() || lists.contains(list)) continue;
    std::string text = what;
    return refuse(kNoSuchList, text.append(": there is no prefix list ").append(list));
  }
  const api::FlowLimits& limits = vip.limits;
  for (const std::uint32_t rate : {limits.new_flow_rate, limits.client_new_flow_rate}) {
    if (rate > limits::kFlowRateMax) {
      return too_many(what + ": new flows a second", rate, limits::kFlowRateMax);
    }
  }
  if (limits.client_length_v4 > 32) {
    return too_many(what + ": bits of a client", limits.client_length_v4, 32);
  }
  if (limits.client_length_v6 > 128) {
    return too_many(what + ": bits of a client", limits.client_length_v6, 128);
  }
  return {};
}

Status check_lists(const std::vector<api::PrefixList>& lists, Names& names) {
  std::size_t prefixes = 0;
  if (lists.size() > limits::kPrefixLists) {
    return too_many("prefix lists", lists.size(), limits::kPrefixLists);
  }
  for (const api::PrefixList& list : lists) {
    const std::string what = "prefix list " + list.name;
    if (!names.insert(list.name).second) return refuse(kTwice, what + ": given twice");
    if (list.prefixes.size() > limits::kPrefixesPerList) {
      return too_many(what + ": prefixes", list.prefixes.size(), limits::kPrefixesPerList);
    }
    prefixes += list.prefixes.size();
  }
  if (prefixes > limits::kPrefixes) {
    return too_many("prefixes of all lists", prefixes, limits::kPrefixes);
  }
  return {};
}

Status check_groups(const std::vector<api::Group>& all, Groups& groups) {
  groups.emplace("", api::Lease::kStanding);
  std::map<std::uint64_t, std::string_view> identities{{api::group_identity(""), ""}};
  bool is_told = false;  // of the group without a name
  for (const api::Group& group : all) {
    const bool is_new =
        group.name.empty() ? !std::exchange(is_told, true) : !groups.contains(group.name);
    if (!is_new) return refuse(kTwice, "group " + group.name + ": given twice");
    groups[group.name] = group.lease;
    const auto first = identities.emplace(api::group_identity(group.name), group.name).first;
    if (first->second != group.name) {
      return refuse(kSameIdentity, "group " + group.name +
                                       ": on the lease page it would pass for group " +
                                       std::string(first->second) + "; give it another name");
    }
  }
  if (groups.size() > limits::kGroups) return too_many("groups", groups.size(), limits::kGroups);
  return {};
}

bool is_any_held(const Groups& groups) {
  return std::ranges::any_of(groups,
                             [](const auto& group) { return group.second == api::Lease::kHeld; });
}

// Both units would answer for an address that is of a group here and of another there.
Status check_group(const api::Vip& vip, const Groups& groups,
                   std::map<net::IpAddress, const api::Vip*>& owners) {
  const std::string what = "vip " + vip.name;
  if (!groups.contains(vip.group)) {
    return refuse(kNoSuchGroup, what + ": there is no group " + vip.group);
  }
  if (!is_any_held(groups)) return {};
  std::vector<net::IpAddress> addresses = vip.snat;
  addresses.push_back(vip.address.endpoint.address);
  for (const net::IpAddress& address : addresses) {
    const api::Vip& owner = *owners.emplace(address, &vip).first->second;
    const bool is_shared = owner.group != vip.group;
    if (is_shared && (groups.at(owner.group) == api::Lease::kHeld ||
                      groups.at(vip.group) == api::Lease::kHeld)) {
      return refuse(kTwoGroups, what + ": " + address.to_string() + " is of vip " + owner.name +
                                    " too, which is in another group");
    }
  }
  return {};
}

Status check_totals(const api::Configuration& configuration) {
  std::size_t servers = 0;
  for (const api::Pool& pool : configuration.pools) servers += pool.servers.size();
  if (configuration.vips.size() > limits::kVips) {
    return too_many("vips", configuration.vips.size(), limits::kVips);
  }
  if (configuration.pools.size() > limits::kPools) {
    return too_many("pools", configuration.pools.size(), limits::kPools);
  }
  if (servers > limits::kServers) return too_many("servers", servers, limits::kServers);
  return {};
}

}  // namespace

Status check(const api::Configuration& configuration, const std::set<net::IpAddress>& own) {
  if (auto ok = check_totals(configuration); !ok) return ok;
  Pools pools;
  for (const api::Pool& pool : configuration.pools) {
    if (auto ok = check_pool(pool); !ok) return ok;
    if (!pools.emplace(pool.name, &pool).second) {
      return refuse(kTwice, "pool " + pool.name + ": given twice");
    }
  }
  Names lists, names;
  if (auto ok = check_lists(configuration.lists, lists); !ok) return ok;
  Groups groups;
  if (auto ok = check_groups(configuration.groups, groups); !ok) return ok;
  std::map<net::IpAddress, const api::Vip*> owners;
  std::map<net::ServiceAddress, std::string_view> addresses;
  for (const api::Vip& vip : configuration.vips) {
    if (auto ok = check_vip(vip, pools, own); !ok) return ok;
    if (auto ok = check_guard(vip, lists); !ok) return ok;
    if (auto ok = check_group(vip, groups, owners); !ok) return ok;
    if (!names.insert(vip.name).second) {
      return refuse(kTwice, "vip " + vip.name + ": given twice");
    }
    const auto [first, is_new] = addresses.emplace(vip.address, vip.name);
    if (!is_new) {
      return refuse(kTwice, "vip " + vip.name + ": " + vip.address.to_string() +
                                " is the address of vip " + std::string(first->second));
    }
  }
  return {};
}

}  // namespace yoke::control
