// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "hal/base/result.h"
#include "mgmt/notify/carrier.h"

namespace yoke::notify {

// Notifications that somebody tries before there is trouble: whoever is told gets one event that
// says so, by itself and once. Threads: the loop's.
class Trials {
 public:
  static constexpr std::size_t kTrialsMax = 4;  // the oldest makes room for another

  struct Tried {
    Whom whom;
    std::optional<Status> how;  // nothing while it is under way
  };
  struct Trial {
    std::vector<Tried> tried;
    [[nodiscard]] bool is_done() const;
  };

  explicit Trials(MakeCarrier make) : make_(std::move(make)) {}

  // The number of the trial.
  [[nodiscard]] std::uint64_t start(const std::map<Whom, Target>& targets, const News& news);
  // Null once it has made room or is forgotten.
  [[nodiscard]] const Trial* find(std::uint64_t number) const;
  void forget(std::uint64_t number) { running_.erase(number); }

 private:
  struct Running {
    Trial trial;
    std::vector<std::unique_ptr<Carrier>> carriers;
  };

  MakeCarrier make_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Running>> running_;
};

}  // namespace yoke::notify
