// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/api/client.h"
#include "hal/base/result.h"
#include "hal/linux/event.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/events/event.h"
#include "mgmt/model/config.h"

namespace yoke::pair {

// yoke-mgmt's end of run/yoke/pair.sock: keeps yoke-pair, which comes and goes, told what is
// committed, looks once a second how the pair stands, and tells of what becomes of groups.
// Whatever is asked ends within kDeadline: yoke-pair answers from memory. Threads: the loop's.
class PairClient {
 public:
  static constexpr std::chrono::milliseconds kDeadline{250};

  // Of the data planes of both units (mgmt/pair/wire/hash_key.h).
  using HashKey = std::array<std::uint8_t, 16>;

  // `changed` is called when something is wrong with the pair, or no longer; `keyed` at each look
  // with the hash key that both units have in common.
  PairClient(sd_event* loop, std::filesystem::path socket, events::Record record,
             std::function<void()> changed, std::function<void(const HashKey&)> keyed);

  // Called at each look with what `status` says; null where nobody answers or the unit is alone.
  void on_look(std::function<void(const nlohmann::json& status)> callback) {
    looked_ = std::move(callback);
  }

  // What is committed from now on; the first look comes at once.
  void follow(const model::Config& config);

  // All that is tracked of this unit, as `track` takes it: told at once, and to each yoke-pair that
  // comes anew.
  void track(nlohmann::json tracked);

  // Whether the unit is one of two.
  [[nodiscard]] bool is_one_of_two() const noexcept { return !settings_.is_null(); }
  // How it stands now, as yoke-pair tells it (its README). E-471 where it does not answer, as for
  // all that follows.
  [[nodiscard]] Result<nlohmann::json> status();
  // What became of groups since yoke-pair started.
  [[nodiscard]] Result<nlohmann::json> history();
  // What letters about configurations are sealed with (mgmt/peer).
  [[nodiscard]] Result<nlohmann::json> configuration_key();
  // "failover", "maintenance" or "resume", of one group or of all. E-728 with why it is refused.
  [[nodiscard]] Result<nlohmann::json> command(std::string_view method,
                                               const std::optional<std::string>& group, bool force);

  [[nodiscard]] std::vector<alarms::Condition> conditions() const;
  // As it was seen last: "ACTIVE"; "MIXED" where groups differ; "?" where yoke-pair does not
  // answer; empty where the unit stands alone.
  [[nodiscard]] std::string role() const;

 private:
  void look();
  [[nodiscard]] Result<nlohmann::json> ask(std::string_view method, nlohmann::json params);
  [[nodiscard]] Status tell_settings();
  void tell_tracked();
  void take(const nlohmann::json& status);
  void ask_hash_key();
  void tell_roles(const nlohmann::json& status);
  [[nodiscard]] std::string reason_of(const std::string& group);

  std::filesystem::path socket_;
  events::Record record_;
  std::function<void()> changed_;
  std::function<void(const HashKey&)> keyed_;
  std::function<void(const nlohmann::json&)> looked_ = [](const nlohmann::json&) {};
  model::Config config_;
  std::string unit_ = "a";
  nlohmann::json settings_;       // null: the unit stands alone
  std::optional<Error> failure_;  // why yoke-pair does not do what is committed
  bool told_ = false;             // settings_, on the connection that there is
  nlohmann::json tracked_;        // null: nobody has said yet, and what was told before holds
  bool told_tracked_ = false;     // tracked_, likewise
  std::optional<api::Client> client_;
  std::map<std::string, std::string> roles_;            // by group, as last seen
  nlohmann::json standing_ = nlohmann::json::object();  // alarms by group
  bool is_bothered_ = false;                            // frames that are not the peer's
  hal::Timer next_;
};

}  // namespace yoke::pair
