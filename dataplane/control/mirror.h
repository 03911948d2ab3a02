// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "dataplane/control/netlink.h"
#include "dataplane/control/network.h"
#include "dataplane/control/network_message.h"
#include "hal/base/result.h"

namespace yoke::control {

// The kernel's routes, neighbours and addresses on the ports' twins, as it changes them; and the
// way to make the kernel find neighbours and give twins their addresses. Bounded by limits.h: what
// is beyond is left out and told once. Threads: owned by one.
class Mirror {
 public:
  // `twins`: interface indexes, by port; every port given below is one of them. Everything is known
  // on return. E-341.
  [[nodiscard]] static Result<Mirror> open(std::vector<unsigned> twins);

  // Readable when the kernel has news.
  [[nodiscard]] int fd() const { return news_.fd(); }
  // Takes the news in, without waiting. True if network() may differ.
  bool update();
  // What is known. Costs a copy of it and, where the news were of the kind that only tells that
  // something is new, a look at the kernel's tables: many news are to be gathered before one call.
  // What cannot be read now stays as it was until the next call.
  [[nodiscard]] Network network();

  // Makes the kernel resolve `address` on the twin of `port`, or check again an address that it has
  // not heard of for long. Returns at once; what it finds is news.
  void resolve(unsigned port, const net::IpAddress& address);

  // The unit's own addresses and default routes, on the twin of `port`. IPv6 addresses are usable
  // at once: they are told by the board file, not found by chance. E-341.
  [[nodiscard]] Status set_addresses(unsigned port, const std::vector<net::Prefix>& addresses);
  [[nodiscard]] Status set_gateways(unsigned port, const std::vector<net::IpAddress>& gateways);
  // Sets those again that somebody has taken away, as far as is known: whoever gives a twin more
  // addresses may take back one that is the board file's as well, and a twin that was down has lost
  // its routes. What cannot be set now is left; what was set some times and is not there for all
  // that is told once and given up until it is there. An IPv6 address is there whatever the length
  // of its network: Linux has it once.
  void keep(unsigned port, const std::vector<net::Prefix>& addresses,
            const std::vector<net::IpAddress>& gateways);

 private:
  using Key = std::pair<unsigned, net::IpAddress>;  // port, address

  Mirror(Netlink news, Netlink questions, std::vector<unsigned> twins)
      : news_(std::move(news)), questions_(std::move(questions)), twins_(std::move(twins)) {}
  // -1: not a twin.
  [[nodiscard]] int port_of(unsigned ifindex) const;
  // What is stale; errno of what remains so.
  [[nodiscard]] int read();
  [[nodiscard]] int read_routes();
  [[nodiscard]] int read_neighbors();
  [[nodiscard]] int read_addresses();
  bool take(const nlmsghdr& message);
  bool take(const NeighborMessage& neighbor);
  // Whether keep() is to set it.
  [[nodiscard]] bool is_to_be_set(const Key& key, bool is_there);
  // False, and said once, if there is no room for one more.
  [[nodiscard]] static bool has_room(std::size_t size, std::size_t limit, const char* what,
                                     bool& told);

  Netlink news_, questions_;
  std::vector<unsigned> twins_;
  std::vector<lb::Route> routes_;
  std::map<Key, net::MacAddress> neighbors_;
  std::vector<LocalAddress> addresses_;
  struct Stale {
    bool routes = true, neighbors = true, addresses = true;
  } stale_;
  std::map<Key, unsigned> vain_;     // how often keep() has set what was not there by then
  bool left_out_neighbors_ = false;  // for want of room
  struct Told {
    bool routes = false, neighbors = false, addresses = false, several_hops = false;
  } told_;
};

}  // namespace yoke::control
