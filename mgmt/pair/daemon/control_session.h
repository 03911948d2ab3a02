// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hal/linux/line_server.h"

namespace yoke::pair {

class Service;

// One client of run/yoke/pair.sock: JSON-RPC, a line each. Everybody whom the socket lets in may
// ask (`status`, `history`, `pairing`); to change anything (`configure`, `failover`,
// `pair_with`...) is for root, the management plane and the user this process runs as: E-413.
// Threads: the loop's.
class ControlSession final : public hal::LineSession {
 public:
  ControlSession(Service& service, const hal::Peer& peer);

  [[nodiscard]] Answer answer(const std::string& line) override;
  void take(const std::string& line, const Reply& reply) override;

  // For what concerns no request.
  [[nodiscard]] static std::string error_line(const Error& error);

 private:
  Service& service_;
  bool may_change_;
};

}  // namespace yoke::pair
