// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <string>

#include "mgmt/snmp/alarm_book.h"
#include "mgmt/snmp/objects.h"
#include "mgmt/snmp/source.h"

namespace yoke::snmp {

// A subagent of snmpd by AgentX (RFC 2741), through Net-SNMP's library, which looks for snmpd anew
// for as long as it is away. The library keeps its state for itself and is not made to be started
// twice: one Agent in the life of a process. Threads: main's.
class Agent {
 public:
  Agent(Source& source, std::string address);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  ~Agent();  // takes leave of snmpd

  // Serves what comes within `most`; ends early where `stop_fd` has something to read. Whether it
  // has.
  [[nodiscard]] bool serve(int stop_fd, std::chrono::milliseconds most);

  [[nodiscard]] bool is_connected() const noexcept { return is_connected_; }

  // Tells of an alarm, through snmpd, whoever snmpd is told to tell. Nobody says whether it
  // arrives.
  void tell(const AlarmBook::Change& change);

  // The library's business.
  void on_link(bool is_up);
  struct Served {
    Source* source = nullptr;
    const Group* group = nullptr;
  };

 private:
  void start_library();
  void register_groups();

  std::string address_;
  std::array<Served, kGroups> served_;
  bool is_connected_ = false;
  bool was_told_absent_ = false;
};

}  // namespace yoke::snmp
