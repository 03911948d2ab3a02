// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "hal/base/clock.h"
#include "hal/base/result.h"
#include "mgmt/snmp/alarm_book.h"
#include "mgmt/snmp/objects.h"
#include "mgmt/snmp/table.h"

namespace yoke::snmp {

// What the management plane says, asked for by a thread of its own, so that whoever answers SNMP
// waits for a moment at most. Answers are kept for some seconds: a walk of 16,000 servers asks
// once. Nothing is told that is older than `stale`.
//
// The unit, and once SNMP is switched on its alarms, are asked for at every `poll`; all else as it
// is wanted. Threads: any may call; `ask` is called by the one thread alone.
class Source {
 public:
  // As rpc::Client::call. E-601 to E-605: the management plane is away.
  using Ask = std::function<Result<nlohmann::json>(const std::string& method,
                                                   const nlohmann::json& params)>;

  struct Pace {
    std::chrono::milliseconds poll{2000};
    std::chrono::milliseconds fresh{3000};  // as old as this is asked for anew, and told meanwhile
    std::chrono::milliseconds stale{10000};
    std::chrono::milliseconds patience{400};  // snmpd lets go of who keeps it waiting for 1 s
  };

  Source(Ask ask, Pace pace);
  explicit Source(Ask ask) : Source(std::move(ask), Pace{}) {}
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source();  // waits for the call under way

  // Whether the committed configuration switches SNMP on, as far as was heard.
  [[nodiscard]] bool enabled() const;

  // Without a management plane it has no instances; that of the unit says "away" then. Null where
  // the answer takes longer than `pace.patience`: it is there a moment later. Never null of the
  // unit.
  [[nodiscard]] std::shared_ptr<const Table> table(GroupId id);

  // As AlarmBook::take_changes().
  [[nodiscard]] std::vector<AlarmBook::Change> take_changes(std::size_t most);

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Slot {
    std::shared_ptr<const Table> table, nothing;
    MonoTime at;  // when it was asked for
    bool wanted = false;
  };

  void run();
  void poll(Lock& lock);
  void look_at_configuration(Lock& lock, const nlohmann::json& status);
  void fetch(Lock& lock, GroupId id);
  [[nodiscard]] nlohmann::json rows_of(Lock& lock, GroupId id);
  [[nodiscard]] nlohmann::json show(Lock& lock, const char* object);
  [[nodiscard]] std::optional<nlohmann::json> call(Lock& lock, const std::string& method,
                                                   const nlohmann::json& params);
  void keep(Lock& lock, GroupId id, nlohmann::json rows, MonoTime at);
  [[nodiscard]] Slot& slot(GroupId id) { return slots_[static_cast<std::size_t>(id)]; }

  const Ask ask_;
  const Pace pace_;

  mutable std::mutex mutex_;  // of all below
  std::condition_variable work_, done_;
  std::array<Slot, kGroups> slots_;
  AlarmBook alarms_;
  bool settling_ = false;                  // the management plane has just begun
  std::optional<std::uint64_t> revision_;  // whose configuration was looked at
  bool enabled_ = false;
  bool away_ = false;
  bool ending_ = false;
  MonoTime next_poll_;

  std::thread thread_;
};

}  // namespace yoke::snmp
