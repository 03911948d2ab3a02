// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/linux/event.h"
#include "mgmt/events/choice.h"
#include "mgmt/events/event.h"

namespace yoke::store {

class Database;

// The newest events, in an SQLite file of their own, so that no commit waits for one.
//
// What is appended is written when the loop turns, with all else of that turn, and survives this
// process however it ends; a power cut may take the last seconds, as it may from the journal. While
// the file cannot be written events wait in memory, and what is more than that holds is counted and
// told. A file that is damaged or not ours is put aside ("events.db.old"), never a reason not to
// start. Threads: the loop's.
class EventLog {
 public:
  static constexpr std::size_t kRowsKept = 20'000;
  static constexpr std::size_t kWaitingMax = 10'000;
  static constexpr std::size_t kBatchMax = 256;  // rows of a transaction

  EventLog(sd_event* event, std::string path);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog();  // writes what waits, as far as it can

  void append(events::Entry entry);
  // Some of what waits, without waiting for the loop; nothing while the file cannot be written.
  void write_soon();

  // Newest first, of those chosen, those that wait to be written among them.
  [[nodiscard]] Result<std::vector<events::Entry>> newest(std::size_t count,
                                                          const events::Choice& choice = {});

  // Why the file cannot be written; empty while it can.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  void write_some();
  [[nodiscard]] Status write_batch(std::size_t count);
  [[nodiscard]] Status open();
  [[nodiscard]] Error while_opening(Error error) const;
  [[nodiscard]] Status open_or_replace();
  void tell_lost();

  std::string path_;
  std::unique_ptr<Database> database_;  // none: not open yet
  std::deque<events::Entry> waiting_;   // oldest first
  std::uint64_t lost_ = 0;              // since it was told last
  std::string failure_;
  hal::Timer next_;
};

}  // namespace yoke::store
