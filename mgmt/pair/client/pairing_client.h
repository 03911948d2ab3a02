// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/api/client.h"
#include "hal/base/result.h"
#include "hal/linux/event.h"
#include "mgmt/events/event.h"

namespace yoke::pair {

// What yoke-mgmt has to do with pairing, also on a unit that stands alone: it tells yoke-pair what
// the unit is called, passes on what people ask, and makes events of what yoke-pair tells. Whatever
// is asked ends within kDeadline, and what waits for yoke-pair's disk within kChange. Threads: the
// loop's.
class PairingClient {
 public:
  static constexpr std::chrono::milliseconds kDeadline{250}, kChange{2000};

  // `name`: the unit's, as it is at the time.
  PairingClient(sd_event* loop, std::filesystem::path socket, std::function<std::string()> name,
                events::Record record);

  // "pairing", "pair_with", "pair_confirm", "pair_reject", "pair_forget", "pair_rotate"; what
  // yoke-pair answers (its README). E-471 where it does not.
  [[nodiscard]] Result<nlohmann::json> ask(std::string_view method, nlohmann::json params);

 private:
  void look();
  [[nodiscard]] bool connect();
  void tell_news(const nlohmann::json& status);

  std::filesystem::path socket_;
  std::function<std::string()> name_;
  events::Record record_;
  std::optional<api::Client> client_;
  std::string told_name_;               // on the connection that there is
  std::optional<std::uint64_t> heard_;  // the news up to this number; none: not asked yet
  hal::Timer next_;
};

}  // namespace yoke::pair
