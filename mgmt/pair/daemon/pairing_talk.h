// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "hal/base/file_descriptor.h"
#include "hal/linux/event.h"
#include "mgmt/pair/wire/pairing.h"

namespace yoke::pair {

// One try to be paired: the messages of wire/pairing.h over one TCP connection, each way in order.
// It takes no more than a message at a time and each step has its time; what makes no sense ends
// it. Whatever has happened is told by `changed`, from within which it must not be destroyed.
// Threads: the loop's.
class PairingTalk {
 public:
  struct Limits {
    std::chrono::milliseconds exchange{10'000};  // to connect and to come to a code
    std::chrono::milliseconds compare{300'000};  // for people, from the code on
    std::chrono::milliseconds keeping{10'000};   // for the other unit's disk, once paired
  };
  enum class Broken : std::uint8_t { kNo, kConnection, kTimedOut };

  // `connected`: or connecting; not blocking.
  PairingTalk(sd_event* event, FileDescriptor connected, const Limits& limits,
              const Pairing::Random& random, std::string name, std::function<void()> changed);
  PairingTalk(const PairingTalk&) = delete;
  PairingTalk& operator=(const PairingTalk&) = delete;
  ~PairingTalk() = default;

  // This unit has asked: said as soon as there is a connection.
  void begin();
  void confirm();
  void reject();
  // The secrets are on this unit's disk.
  void tell_kept();
  // The person here may not go on, or has given up.
  void close();

  [[nodiscard]] const Pairing& pairing() const noexcept { return pairing_; }
  // Before it came to an end by itself; `why` in words.
  [[nodiscard]] Broken broken() const noexcept { return broken_; }
  [[nodiscard]] const std::string& why() const noexcept { return why_; }
  [[nodiscard]] bool is_connecting() const noexcept { return connecting_ && fd_; }
  [[nodiscard]] bool has_connected() const noexcept { return !connecting_; }
  // Nothing comes any more.
  [[nodiscard]] bool has_ended() const noexcept { return !fd_; }
  // What is left of the time for this step.
  [[nodiscard]] std::chrono::milliseconds left() const noexcept;

 private:
  void on_ready(std::uint32_t events);
  [[nodiscard]] bool finish_connecting();
  void read_some();
  void take_messages();
  void send(const Pairing::Message& message);
  void break_off(Broken how, std::string why);
  void look_at_state(PairingState before);
  void allow(std::chrono::milliseconds time);

  Limits limits_;
  Pairing pairing_;
  std::function<void()> changed_;
  FileDescriptor fd_;
  bool connecting_ = false;
  Broken broken_ = Broken::kNo;
  std::string why_;
  Pairing::Message held_;  // of the message that is coming
  MonoTime until_{};
  std::optional<hal::IoSource> io_;
  hal::Timer late_;
};

}  // namespace yoke::pair
