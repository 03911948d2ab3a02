// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "hal/base/file_descriptor.h"
#include "hal/linux/event.h"

namespace yoke::pair {

// Whether this unit's data plane is alive: it has a connection to its socket, which the kernel ends
// with the process however that dies, and answers a ping on it now and then. A data plane whose
// control loop hangs while its workers forward is not given up before kPatience.
// Threads: the loop's.
class DataPlaneWatch {
 public:
  static constexpr std::chrono::milliseconds kTryEvery{100};
  static constexpr std::chrono::milliseconds kPingEvery{1000};
  static constexpr std::chrono::milliseconds kPatience{5000};

  // `tell` is called when it comes and when it goes.
  DataPlaneWatch(sd_event* loop, std::string socket, std::function<void(bool)> tell);

 private:
  void try_to_connect();
  void ping();
  void on_input();
  void lost();

  sd_event* loop_;
  std::string path_;
  std::function<void(bool)> tell_;
  FileDescriptor fd_;
  std::unique_ptr<hal::IoSource> io_;
  hal::Timer next_, late_;
  bool alive_ = false;
};

}  // namespace yoke::pair
