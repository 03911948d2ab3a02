// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace yoke::health {

// What a check's record says beyond its pace: values by the schema's names, defaults included. Each
// kind reads its own when it begins a probe. Shared by the checks of all servers of a pool.
// Threads: a value, any.
class Settings {
 public:
  using Values = std::map<std::string, std::string, std::less<>>;

  Settings() : Settings(Values{}) {}
  explicit Settings(Values values) : values_(std::make_shared<const Values>(std::move(values))) {}

  // Empty, 0 or false where it is not set.
  [[nodiscard]] std::string_view text(std::string_view name) const;
  [[nodiscard]] unsigned number(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const { return text(name) == "yes"; }
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view name) const;
  [[nodiscard]] std::string bytes(std::string_view name) const;  // escapes resolved

  friend bool operator==(const Settings& a, const Settings& b) {
    return a.values_ == b.values_ || *a.values_ == *b.values_;
  }

 private:
  std::shared_ptr<const Values> values_;
};

}  // namespace yoke::health
