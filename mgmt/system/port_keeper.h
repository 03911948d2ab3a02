// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/aside.h"
#include "hal/linux/event.h"
#include "hal/port_map.h"
#include "hal/port_report.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/model/config.h"

namespace yoke::system {

// The ports that `config` says, by name.
[[nodiscard]] hal::PortMap port_map_of(const model::Config& config);

// A data port, as it is and as it is to be.
struct PortState {
  std::string name;
  std::optional<hal::PortInUse> now;        // nothing: the data plane has no such port
  std::optional<hal::PortSetting> setting;  // nothing: the board file's
  std::string state;                        // in use, pending, not as configured
  std::string text;                         // why not in use, and what to do
};

// Keeps the file of the port map as the configuration wants it, durably, since the data plane
// starts by it with nobody to ask; and tells what becomes of it there. What cannot be written is
// tried again. Threads: whoever has the turn.
class PortKeeper {
 public:
  struct Files {
    std::filesystem::path map;     // ours
    std::filesystem::path report;  // the data plane's
    std::filesystem::path machine = "/";
  };

  // Writing waits for the disk: it is done `later`, and `aside`.
  PortKeeper(sd_event* event, Files files, Later later = at_once, Aside aside = in_place);

  // From now on as `config` says. One that is empty makes no file where none is.
  void follow(const model::Config& config);

  [[nodiscard]] std::vector<alarms::Condition> conditions() const;
  // Of all ports, by name; as they are at this moment.
  [[nodiscard]] std::vector<PortState> states();

 private:
  void write();
  void look();
  [[nodiscard]] std::string not_there(const hal::PortSetting& setting) const;
  [[nodiscard]] std::vector<std::string> pending() const;

  Files files_;
  Later later_;
  Aside aside_;
  bool follows_ = false;  // a configuration: until then nothing is known of it
  hal::PortMap map_;
  bool written_ = false;
  std::string failure_;  // to write; empty: there is none
  // What the data plane made of its map at its start; nothing: it has not told.
  std::optional<hal::PortReport> report_;
  hal::Timer again_, look_;
};

}  // namespace yoke::system
