// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "hal/base/result.h"

namespace yoke::backup {

// A backup that is kept: "lb-a-000017-20261121T160400Z.backup".
struct Kept {
  std::string name;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::chrono::system_clock::time_point made_at;
};

// The files in a folder of this unit. Backups are told apart by their numbers, which rise whatever
// the clock says. Threads: owned by one.
class Folder {
 public:
  Folder(std::string path, std::string unit);

  [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }
  // By number, the newest first. Files of other names are nobody's business.
  [[nodiscard]] std::vector<Kept> kept() const;
  // What the next one is called; the folder is made where it is not there.
  [[nodiscard]] Result<std::string> next_name(std::chrono::system_clock::time_point now) const;
  void remove(const std::string& name) const;

  // Whether it has gone where it was to go, as a note that outlives the process.
  [[nodiscard]] bool is_sent(const std::string& name) const;
  void note_sent(const std::string& name) const;

 private:
  std::string path_;
  std::string unit_;
};

}  // namespace yoke::backup
