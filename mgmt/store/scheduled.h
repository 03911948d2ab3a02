// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "hal/base/result.h"
#include "mgmt/model/config.h"

// A commit that is to be made at a time. It is stored, so that it is made by whichever process runs
// then. Threads: values, any.
namespace yoke::store {

struct Scheduled {
  std::chrono::system_clock::time_point at;  // in whole milliseconds
  model::Config base;  // what it was edited on, which may be kept no longer by then
  model::Config config;
  bool is_whole = false;  // a document, meant as it is: not to be merged with what others commit
  std::string user, origin, note;
  std::uint32_t uid = 0;  // of the user
  std::optional<std::chrono::milliseconds> confirm_within = {};
  friend bool operator==(const Scheduled&, const Scheduled&) = default;
};

class Database;

// The one there is, if any. E-504 where it is damaged.
[[nodiscard]] Result<std::optional<Scheduled>> load_scheduled(Database& database);
// Replaces it, within the transaction that is open.
[[nodiscard]] Status save_scheduled(Database& database, const std::optional<Scheduled>& scheduled);

}  // namespace yoke::store
