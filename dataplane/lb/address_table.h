// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "dataplane/lb/flat_map.h"
#include "dataplane/lb/flow_hash.h"
#include "dataplane/limits.h"
#include "dataplane/net/address.h"
#include "dataplane/net/order.h"

// The two small tables that every packet meets: is this address ours, and which service is this?
// Filled once, then constant. Threads: any, once filled.
namespace yoke::lb {

struct AddressHash {
  HashKey key;
  std::uint64_t operator()(const net::IpAddress& address) const noexcept {
    return hash_address(key, address, 6);
  }
};

// Addresses that this unit answers for, VIPs and SNAT addresses, each with the group (its slot) of
// VIPs that it moves with.
class AddressTable {
 public:
  using Row = std::pair<net::IpAddress, std::uint8_t>;
  AddressTable() = default;
  AddressTable(const HashKey& key, const std::vector<Row>& rows) : map_(AddressHash{key}, rows) {}

  [[nodiscard]] bool contains(const net::IpAddress& address) const noexcept {
    return map_.find(address) != nullptr;
  }
  // Null: it is not ours.
  [[nodiscard]] const std::uint8_t* group_of(const net::IpAddress& address) const noexcept {
    return map_.find(address);
  }

 private:
  FlatMap<net::IpAddress, std::uint8_t, AddressHash> map_;
};

// (pool slot, address, port) of a server -> server slot: for those who name it by address. A server
// that is not in the pool, but in another, is found there: a flow stays with it when its service is
// given another pool.
class ServerTable {
 public:
  struct Row {
    std::uint16_t pool = 0;
    net::IpAddress address;
    net::Be16 port;
    std::uint16_t slot = 0;
  };
  ServerTable() = default;
  ServerTable(const HashKey& key, const std::vector<Row>& rows);

  [[nodiscard]] std::optional<std::uint16_t> find(std::uint16_t pool, const net::IpAddress& address,
                                                  net::Be16 port) const noexcept {
    const std::uint16_t* slot = map_.find({address, port, pool});
    if (slot == nullptr) slot = map_.find({address, port, kAnyPool});
    return slot == nullptr ? std::nullopt : std::optional(*slot);
  }

 private:
  static constexpr std::uint16_t kAnyPool = 0xffff;
  static_assert(limits::kPools <= kAnyPool);
  struct Key {
    net::IpAddress address;
    net::Be16 port;
    std::uint16_t pool = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    HashKey key;
    std::uint64_t operator()(const Key& k) const noexcept {
      const std::uint64_t rest = std::uint64_t{k.port.raw()} << 16 | k.pool;
      return fold_product(hash_address(key, k.address, 6), rest ^ key.lane(5));
    }
  };
  FlatMap<Key, std::uint16_t, Hash> map_;
};

// (address, port, protocol) of a VIP -> service slot.
class ServiceTable {
 public:
  struct Row {
    net::IpAddress address;
    net::Be16 port;
    net::Protocol protocol = net::Protocol::kTcp;
    std::uint16_t slot = 0;
  };
  ServiceTable() = default;
  ServiceTable(const HashKey& key, const std::vector<Row>& rows);

  [[nodiscard]] std::optional<std::uint16_t> find(const net::IpAddress& address, net::Be16 port,
                                                  net::Protocol protocol) const noexcept {
    const std::uint16_t* slot = map_.find({address, port, protocol});
    return slot == nullptr ? std::nullopt : std::optional(*slot);
  }

 private:
  struct Key {
    net::IpAddress address;
    net::Be16 port;
    net::Protocol protocol = net::Protocol::kTcp;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    HashKey key;
    std::uint64_t operator()(const Key& k) const noexcept {
      const std::uint64_t rest =
          std::uint64_t{k.port.raw()} << 8 | static_cast<std::uint8_t>(k.protocol);
      return fold_product(hash_address(key, k.address, 6), rest ^ key.lane(5));
    }
  };
  FlatMap<Key, std::uint16_t, Hash> map_;
};

}  // namespace yoke::lb
