// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/unit_lost.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string_view>
#include <utility>

#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Error with(Error error, std::string_view advice) {
  if (error.id == kUnitPartLost) error.text += advice;
  return error;
}

}  // namespace

std::string given_up_path(const std::string& path) { return path + ".lost"; }

bool is_given_up(const std::string& path) {
  return !is_there(path) && is_there(given_up_path(path));
}

void put_away(const std::string& path) {
  if (!is_there(given_up_path(path))) return;
  const std::string kept = path + ".given-up";
  // A log belongs to its database, and would be taken for that of the next.
  if (!is_there(path) && is_there(path + "-wal")) {
    (void)std::rename((path + "-wal").c_str(), (kept + "-wal").c_str());
    ::unlink((path + "-shm").c_str());
  }
  (void)std::rename(given_up_path(path).c_str(), kept.c_str());
}

Error unit_file_lost(const std::string& path, const std::string& how) {
  return {Errc::kFailed, std::string(kUnitPartLost), path + ": " + how, -1};
}

Error unit_file_missing(const std::string& path, std::uint64_t revision) {
  return unit_file_lost(path, "is missing, and revision " + std::to_string(revision) +
                                  " needs what it holds of this unit's own settings");
}

Error told_at_start(Error error, const std::string& path) {
  const std::string how = is_there(path) ? "mv " + path + ' ' : "touch ";
  return with(std::move(error),
              "; put back what was there, or begin without this unit's own settings: " + how +
                  given_up_path(path));
}

Error told_reading(Error error) {
  return with(std::move(error), "; this revision cannot be gone back to, others may be whole");
}

Error told_writing(Error error) {
  return with(std::move(error),
              "; what runs is whole: export it, and stop yoke-mgmt before you touch a file");
}

}  // namespace yoke::store
