// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "dataplane/lb/address_table.h"
#include "dataplane/lb/admission.h"
#include "dataplane/lb/flat_map.h"

namespace yoke::lb {

// Who is answered a ping at which address: whoever one of the services there would take. An address
// at which one of them has no lists answers everybody, and so does one whose services have more
// than kListsMax different ones: whoever they are to keep out would have all of them looked into by
// each ping. Threads: any, once filled.
class EchoTable {
 public:
  static constexpr std::size_t kListsMax = 8;

  EchoTable() = default;
  // Of every service: its address and its guard, null where it has no lists.
  EchoTable(const HashKey& key, std::vector<std::pair<net::IpAddress, const Guard*>> services);

  // What the last of them says of the client, where all of them refuse him.
  [[nodiscard]] std::optional<net::Drop> refuses(const net::IpAddress& address,
                                                 const net::IpAddress& client) const noexcept {
    const Places* places = map_.find(address);
    std::optional<net::Drop> refusal;
    if (places == nullptr) return refusal;
    for (std::uint32_t i = places->first; i < places->end; ++i) {
      refusal = guards_[i].refuses(client);
      if (!refusal) break;
    }
    return refusal;
  }

 private:
  void add_if_new(const Guard& guard, std::size_t first);

  struct Places {
    std::uint32_t first = 0, end = 0;  // in guards_
  };
  FlatMap<net::IpAddress, Places, AddressHash> map_;
  std::vector<Guard> guards_;
};

}  // namespace yoke::lb
