// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "mgmt/snmp/objects.h"
#include "mgmt/snmp/value.h"

namespace yoke::snmp {

// The instances of a group, from rows of `show`, at one moment. Names are what follows yokeObjects.
// Values are made when they are asked for: of 16,000 servers a walk takes some at a time. Pure.
// Threads: does not change; any.
class Table {
 public:
  // Rows whose index makes no sense are left out, as are those of an index that was there before.
  Table(const Group& group, nlohmann::json rows);

  [[nodiscard]] std::optional<Value> get(OidView name) const;
  // The first instance behind `name`, which need not be one.
  [[nodiscard]] std::optional<Binding> next(OidView name) const;
  // Whether there is such an object, be there an instance of it or not.
  [[nodiscard]] bool has_object(OidView name) const;
  // All values of the row with this index.
  [[nodiscard]] std::vector<Binding> row(const Oid& index) const;

 private:
  struct Entry {
    Oid index;
    std::size_t row;
  };
  // The numbers before the column's.
  [[nodiscard]] Oid prefix() const;
  [[nodiscard]] const Column* column(OidView name) const;
  [[nodiscard]] std::optional<Binding> first_from(std::size_t column,
                                                  std::vector<Entry>::const_iterator entry) const;

  const Group& group_;
  std::vector<nlohmann::json> rows_;
  std::vector<Entry> entries_;  // by index
};

}  // namespace yoke::snmp
