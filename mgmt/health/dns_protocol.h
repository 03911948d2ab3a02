// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/health/check.h"
#include "mgmt/health/dns_message.h"
#include "mgmt/health/protocol.h"

namespace yoke::health {

// One DNS question, by UDP or TCP as the check says: its code and, where one is expected, a record
// of the answer decide. By UDP, whatever is no answer to that question is not looked at: anybody
// may have sent it. Pure; threads: owned by one.
class DnsProtocol final : public Protocol {
 public:
  DnsProtocol(const Check& check, std::uint16_t id);

  [[nodiscard]] Move connected() override;
  [[nodiscard]] Move received(std::string& unread) override;

 private:
  [[nodiscard]] bool answers(const dns::Answer& answer) const;
  [[nodiscard]] Move judge(const dns::Answer& answer) const;

  bool by_tcp_;
  std::uint16_t id_;
  std::uint16_t type_;
  std::string query_;
  std::string expected_record_;
  std::string expected_code_;
};

}  // namespace yoke::health
