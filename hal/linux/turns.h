// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "hal/base/file_descriptor.h"
#include "hal/linux/event.h"

namespace yoke::hal {

// An event loop and jobs beside it, which take turns over the same memory: whoever has the turn may
// touch everything, sd-event's objects too, and nobody else runs. A job gives its turn away while
// it waits or computes, so that the loop goes on meanwhile; that is all that runs at once. Turns
// are given in the order they are asked for.
//
// Threads: run() is the loop's thread's, which made this and has the turn until then. post() and
// aside() are for whoever has the turn; the loop's thread may call aside() after stop() as well.
class Turns {
 public:
  explicit Turns(sd_event* event);
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  ~Turns();

  // Until sd_event_exit(): its code, or what the loop failed with, as sd_event_loop().
  [[nodiscard]] int run();

  // Runs `job` in a turn of its own, after those posted before.
  void post(std::function<void()> job);
  // Within a job: runs `work` while others have turns. Elsewhere runs it, and that is all.
  void aside(const std::function<void()>& work);

  // The job under way is the last; those that wait are dropped. Not from within run().
  void stop();

 private:
  void enter();
  void leave();
  void wake();
  void work_on();
  [[nodiscard]] bool is_stopping();

  sd_event* event_;
  FileDescriptor wake_;  // what a job has done may be the loop's to follow at once
  IoSource woken_;

  std::mutex turn_;  // over the two numbers
  std::condition_variable passed_;
  std::uint64_t asked_ = 1, served_ = 0;  // the first one is the loop's, until run()
  bool has_run_ = false;

  std::mutex posting_;  // over what follows
  std::condition_variable posted_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace yoke::hal
