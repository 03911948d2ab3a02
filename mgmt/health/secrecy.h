// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mgmt/health/check.h"

namespace yoke::health {

// Keeps a check's secrets out of what is told of it: some servers answer a login that they do not
// understand with all that was said to them. Pure; threads: owned by one.
class Secrecy {
 public:
  explicit Secrecy(const Check& check);

  // `text` with model::kHidden in place of each secret, and of what may be the beginning of one
  // where the text was cut.
  [[nodiscard]] std::string keep(std::string_view text) const;

 private:
  std::vector<std::string> secrets_;  // none is empty
};

}  // namespace yoke::health
