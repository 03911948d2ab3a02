// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/clock.h"
#include "hal/base/result.h"
#include "mgmt/pair/daemon/key_file.h"
#include "mgmt/pair/wire/rotation.h"

namespace yoke::pair {

// Gives the rotation of the pair's key (wire/rotation.h) a file, random numbers and people. It
// stores within the call and so waits for the disk. Threads: the loop's.
class RotationDesk final : private Rotation::Outlet {
 public:
  struct Ways {
    std::function<void(const PairKeys&)> use;
    std::function<void(Bytes)> say;
    // "rotating", "rotated", "rotation-failed", and in words.
    std::function<void(std::string_view what, std::string text)> tell;
  };

  RotationDesk(std::filesystem::path path, Ways ways);

  // What is in the file, and in force; nothing: the unit is not one of two, or stops being one.
  void set_key(const std::optional<UnitKey>& key);
  // E-748 to E-750. `hears_peer`: within the last moments.
  [[nodiscard]] Status begin(bool hears_peer);
  // What the peer has said.
  void hear(Bytes body);
  // A few times a second (Rotation::tick()).
  void look(bool settled);
  // `key` and `rotation` of `pairing` (README.md).
  [[nodiscard]] nlohmann::json status() const;

 private:
  bool store(const PairKeys& keys) override;
  void use(const PairKeys& keys) override { ways_.use(keys); }
  void send(const RotationMessage& message) override;
  void tell(Rotation::News news) override;
  [[nodiscard]] static std::optional<Rotation::Fresh> draw();

  std::filesystem::path path_;
  Ways ways_;
  UnitKey key_;  // but for its keys, which are the rotation's
  std::optional<Rotation> rotation_;
};

}  // namespace yoke::pair
