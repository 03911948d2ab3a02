// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "hal/linux/event.h"
#include "mgmt/notify/carrier.h"

namespace yoke::notify {

// How long a notifier takes; so that a test need not wait.
struct Pace {
  std::chrono::milliseconds mail_gathers{10'000};
  std::chrono::milliseconds others_gather{200};
  std::chrono::milliseconds pause_min{5'000}, pause_max{300'000};
};

// Tells one target what happens: gathered over a moment, so that a pool that goes down is one mail;
// tried again, at growing intervals, while that fails, under the same id and as it was, for it may
// have arrived. What is refused for good is halved until the one event that is to blame is left,
// which is lost if it is refused again once another has been taken: a target that takes none is to
// blame itself. The
// newest 20,000 events (16 MiB) wait behind what is being handed over: all servers of a unit and
// what follows from that. What waits when the process ends is in the journal alone. Threads: the
// loop's.
class Notifier {
 public:
  static constexpr std::size_t kWaitingMax = 20'000;
  static constexpr std::size_t kWaitingBytesMax = std::size_t{16} << 20;
  static constexpr std::size_t kAtOnceMax = 100;  // of one document; a mail sums up the rest

  // Called once in a while with how many were lost since, and why. From the loop, never from within
  // send().
  using Lost = std::function<void(std::uint64_t count, const std::string& why)>;

  Notifier(sd_event* event, Target target, std::string unit, MakeCarrier make, Lost lost,
           Pace pace = {});
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  ~Notifier() = default;

  // Otherwise from now on; what waits goes there. What is under way goes on where only the level
  // differs. A failure stands until something has arrived.
  void follow(const Target& target, const std::string& unit);
  // `concern`: how bad what it tells of is. What is not bad enough is none of its business.
  void send(const Told& event, log::Level concern);

  // Why nobody is told; empty while all is well.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  // How many wait to be told.
  [[nodiscard]] std::size_t waiting() const noexcept { return batch_.size() + waiting_.size(); }

 private:
  struct Item {
    Told event;
    log::Level concern;
  };

  void begin_batch();
  void hand_over();
  void handed_over(const Status& how);
  void refused(const std::string& why);
  void arrived();
  void drop_oldest();
  void keep_what_concerns();
  void go_on();
  void tell_losses();
  [[nodiscard]] std::chrono::milliseconds gathers() const;

  Target target_;
  std::string unit_;
  MakeCarrier make_;
  Lost told_lost_;
  Pace pace_;
  std::chrono::milliseconds pause_;
  // Oldest first: what is being handed over, and what came after it. Where some are missing they
  // are so before either.
  std::deque<Item> batch_, waiting_;
  std::uint64_t lost_before_batch_ = 0, lost_before_waiting_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t untold_ = 0;  // losses that nobody knows of yet
  std::string why_lost_;
  // The first of the batch that were refused one by one, nothing having arrived since.
  std::size_t suspects_ = 0;
  bool is_proven_ = false;  // another was taken while there were some, who are tried again
  // Of the batch those behind them, under way or to be tried again under their id; 0: none.
  std::size_t part_ = 0;
  std::size_t part_max_ = 0;
  News news_;
  bool is_under_way_ = false;
  std::string failure_;
  std::unique_ptr<Carrier> carrier_;
  hal::Timer next_;
};

}  // namespace yoke::notify
