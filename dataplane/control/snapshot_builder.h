// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/control/plan.h"
#include "dataplane/lb/snapshot.h"

namespace yoke::control {

// Turns a plan and what is known of the network into what workers read. Holds the Maglev tables and
// those of lists of the last build, so that pools whose servers did not change, and lists that did
// not, share theirs with the next snapshot.
// Threads: owned by one.
class SnapshotBuilder {
 public:
  struct List {
    api::PrefixSet prefixes;
    std::shared_ptr<const lb::PrefixTable> table;
  };
  // Pools' tables, by pool name, all under one key; lists' by theirs.
  struct Tables {
    lb::HashKey key;
    std::map<std::string, std::shared_ptr<const lb::Maglev>, std::less<>> by_pool;
    std::map<std::string, List, std::less<>> by_list;
  };

  explicit SnapshotBuilder(std::vector<lb::Port> ports) : ports_(std::move(ports)) {}

  // The slow part of build(), done ahead: a millisecond for each pool that differs from the last
  // snapshot's, which a thousand new pools add up to more than an activation may take.
  [[nodiscard]] Tables prepare(const Plan& plan) const { return tables_for(plan, tables_); }

  // Lines of the lease page, by group; where a held group has none, it is not served.
  using Lines = std::map<std::string, std::uint8_t, std::less<>>;

  // `ready` saves what prepare() made of the same plan; pools whose servers went up or down since
  // then are built anew.
  [[nodiscard]] std::unique_ptr<const lb::Snapshot> build(
      const Plan& plan, std::shared_ptr<const lb::Routing> routing, std::uint64_t generation,
      const Tables& ready = {}, const Lines& lines = {});

  // What build() would make of `plan` as far as flows that are there are concerned: where new ones
  // would go, the slow part, is left out. The next build() knows nothing of it.
  [[nodiscard]] std::unique_ptr<const lb::Snapshot> draft(
      const Plan& plan, std::shared_ptr<const lb::Routing> routing, const Lines& lines) const;

 private:
  [[nodiscard]] Tables tables_for(const Plan& plan, const Tables& ready) const;

  std::vector<lb::Port> ports_;
  void add_guards(const Plan& plan, lb::Snapshot& next);

  using Lists = std::pair<std::shared_ptr<const lb::PrefixTable>,
                          std::shared_ptr<const lb::PrefixTable>>;  // allow, deny

  Tables tables_;             // of the last snapshot
  std::vector<Lists> lists_;  // of its services, by slot
  // What may be another unit's: without a group that is held, nothing.
  struct Leased {
    lb::GroupSet standing = 0;
    std::vector<lb::AddressTable::Row> addresses = {};
    friend bool operator==(const Leased&, const Leased&) = default;
  };
  Leased leased_;
  std::uint64_t lists_version_ = 0;  // of lists_ and leased_
};

}  // namespace yoke::control
