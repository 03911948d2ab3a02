// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace yoke::snmp {

// Alarms that stand, each with a number that is its own for good, and what of them is still to be
// told. Pure. Threads: a value, any.
class AlarmBook {
 public:
  struct Change {
    bool raised = false;  // else cleared
    nlohmann::json row;   // with its "number"; of one that is cleared, as it stood
  };

  // `alarms` are all rows of `alarm`. `settling`: the management plane has begun anew and may not
  // know yet what still stands: what it does not name is not over, and what it names is what was
  // known by the same name, whenever it was raised.
  void follow(const nlohmann::json& alarms, bool settling = false);

  // Those that stand, each with its "number".
  [[nodiscard]] nlohmann::json rows() const;

  // What stands and has not been told of, and what was told of and is over: at most so many, which
  // count as told from now on. What came and went between two calls is in neither.
  [[nodiscard]] std::vector<Change> take_changes(std::size_t most);

 private:
  using Key = std::pair<std::string, std::string>;  // kind, subject
  using Standing = std::map<Key, nlohmann::json>;

  Standing standing_, told_;
  std::uint32_t last_ = 0;  // number
  bool in_step_ = true;     // told_ and standing_ have the same keys
};

}  // namespace yoke::snmp
