// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hal/base/file_descriptor.h"
#include "hal/linux/event.h"

namespace yoke::pair {

// How flow sync stands, as this unit's data plane says.
struct FlowStanding {
  bool has_link = false;  // somebody carries its frames
  bool is_told = false;   // the peer has all that there is here
  bool is_whole = false;  // nothing is missing here of what the peer has told
  std::uint64_t lag_us = 0, told = 0, heard = 0;  // records
  friend bool operator==(const FlowStanding&, const FlowStanding&) = default;
};
// What `line`, the data plane's answer to `status`, says of it. Nothing where it is none.
[[nodiscard]] std::optional<FlowStanding> decode_flow_standing(const std::string& line);

// Asks this unit's data plane how flow sync stands, now and then, and often while somebody waits
// for it. On a connection of its own: an answer that is late holds up nothing.
// Threads: the loop's.
class FlowWatch {
 public:
  static constexpr std::chrono::milliseconds kAskEvery{200}, kAskOften{5};
  // So long the peer's data plane may be waited for; the election gives up before.
  static constexpr std::chrono::milliseconds kFlushMost{2000};

  // `tell` is called with each answer, and with nothing once there is no data plane to ask.
  FlowWatch(sd_event* loop, std::string socket,
            std::function<void(const std::optional<FlowStanding>&)> tell);

  // Calls `done` once the peer has everything that there was here at the time of the call, or where
  // there is no data plane, which has nothing then; never where that takes longer than kFlushMost,
  // or another call comes before.
  void flush(std::function<void()> done);

 private:
  void go_on();
  [[nodiscard]] bool connect();
  void ask();
  void on_input();
  void take(const std::string& line);
  void finish();
  void lost();

  sd_event* loop_;
  std::string path_;
  std::function<void(const std::optional<FlowStanding>&)> tell_;
  std::function<void()> flushed_;  // empty: nobody waits
  FileDescriptor fd_;
  std::unique_ptr<hal::IoSource> io_;
  hal::Timer next_, late_;
  std::string input_;
  bool asked_ = false;     // and not answered
  bool is_older_ = false;  // what is asked for was asked before flush()
};

}  // namespace yoke::pair
