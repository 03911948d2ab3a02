// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "mgmt/model/config.h"

// What must hold between the records of a configuration before it may be committed. Threads: any.
namespace yoke::model {

struct Violation {
  std::string path;  // of the record to mend: "vip web"
  std::string id;    // "E-203"
  std::string text;  // one sentence: what is wrong and what was expected
  friend bool operator==(const Violation&, const Violation&) = default;
};

// All violations, by path; none where `config` may be committed. Of two records that exclude each
// other the one that `running` does not have so is the one to mend; without, the later by name.
[[nodiscard]] std::vector<Violation> violations(const Config& config,
                                                const Config* running = nullptr);

}  // namespace yoke::model
