// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dataplane/control/controller.h"
#include "hal/linux/line_server.h"

namespace yoke::control {

// One client of the data plane's socket: the methods of dataplane/api/README.md, as lines.
// Threads: the loop's.
class Session final : public hal::LineSession {
 public:
  explicit Session(Controller& controller) : controller_(controller) {}

  [[nodiscard]] Answer answer(const std::string& line) override;

 private:
  Controller& controller_;
};

}  // namespace yoke::control
