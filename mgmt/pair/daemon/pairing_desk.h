// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/clock.h"
#include "mgmt/pair/daemon/key_file.h"
#include "mgmt/pair/daemon/pairing_port.h"
#include "mgmt/pair/daemon/pairing_talk.h"

namespace yoke::pair {

// Pairing, as people meet it: who asks, what code to compare, what became of it. There is one try
// at a time, begun here or, while the unit has no key and so listens, by another unit; after one
// from there has failed, nobody is listened to for a while. A try does nothing until a person has
// confirmed its code here.
//
// A unit that has a key and whose other unit has never said that it has it (the connection broke
// between the last two messages) is paired and says so: it may try again at once. What ends that is
// the other unit's own proof, here or by its sealed frames (heard_peer()). Threads: the loop's.
class PairingDesk {
 public:
  struct Settings {
    std::uint16_t port = kPairingPort;  // 0: it does not listen
    PairingTalk::Limits limits = {};
    std::chrono::milliseconds pause{5000};  // after a try from elsewhere has failed
  };
  // Writes the key durably and has the unit go by it. An error: it has none.
  using Keep = std::function<Status(const UnitKey&)>;

  PairingDesk(sd_event* event, const Settings& settings, Keep keep);

  // What this unit is called to the other; left as it was where that is no name (E-720).
  [[nodiscard]] Status introduce(const std::string& name);
  // The unit has a key, or has none any more.
  void set_key(std::optional<Unit> unit);
  // A sealed frame of the other unit has proven that it has the key.
  void heard_peer() noexcept { one_sided_ = false; }

  // `pairing` of the socket (README.md).
  [[nodiscard]] nlohmann::json status() const;
  // E-740, E-741, E-742, E-746. What becomes of it is in status().
  [[nodiscard]] Status ask(const std::string& address);
  // E-743, E-744.
  [[nodiscard]] Status confirm(std::string_view code);
  // E-743.
  [[nodiscard]] Status reject();
  // Whether the key may be forgotten: E-726, E-745.
  [[nodiscard]] Status may_forget(bool force) const;
  void tell_forgotten();
  // Of another key for the pair, among the news.
  void tell_rotation(std::string_view what, std::string text) { tell(what, std::move(text)); }

  // Somebody asks to be paired, by a connection that is there.
  void take(Caller caller);
  // As ask(), by a connection that is there. E-740, E-742.
  [[nodiscard]] Status ask_by(FileDescriptor connected, const std::string& address);

 private:
  struct Try {
    std::uint64_t number = 0;
    bool asked_here = false;
    std::string address;
    std::unique_ptr<PairingTalk> talk;
    bool shown = false;    // its code was told of
    bool is_kept = false;  // its key is this unit's
    std::optional<Error> failure;
  };

  void follow_port();
  void on_caller();
  [[nodiscard]] Status may_begin() const;
  void open(FileDescriptor connected, const std::string& address, bool asked_here);
  void on_changed();
  void keep();
  void fail_try(std::string why);
  [[nodiscard]] bool is_under_way() const noexcept;
  [[nodiscard]] bool may_pair() const noexcept { return !unit_ || one_sided_; }
  [[nodiscard]] nlohmann::json describe_try() const;
  void tell(std::string_view what, std::string text);

  sd_event* event_;
  Settings settings_;
  Keep keep_;
  std::string name_;
  std::optional<Unit> unit_;
  bool one_sided_ = false;
  FileDescriptor listening_;
  std::optional<hal::IoSource> callers_;
  std::string trouble_;  // why nobody is listened to though it should be
  std::unique_ptr<Try> try_;
  MonoTime deaf_until_{};
  std::uint64_t tries_ = 0, told_ = 0, turned_away_ = 0, failed_ = 0;
  std::deque<nlohmann::json> news_;
};

}  // namespace yoke::pair
