// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hal/base/result.h"

// An error as a script reads it, one object on one line. Threads: any.
namespace yoke::cli {

// What is known of where an error comes from, and of what came with it.
struct Complaint {
  Error error;
  std::string line = {};               // that was read, if it is the line that is wrong
  std::string place = {};              // where that line stands: "line 3", "command 2"
  std::vector<std::string> more = {};  // sentences beside it: rules broken, conflicts
};

// {"schema": "yoke/1", "error": {"id", "kind", "text", and where there are any: "line", "column",
// "place", "more"}}. `kind` names the exit status (cli/README.md).
[[nodiscard]] nlohmann::json to_json(const Complaint& complaint);

// The same, printed.
[[nodiscard]] std::string json_line(const Complaint& complaint);

}  // namespace yoke::cli
