// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/database_copy.h"

#include <sqlite3.h>

#include <utility>

namespace yoke::store {
namespace {

constexpr int kRefusalsMax = 5;  // in a row, by somebody who holds a lock

}  // namespace

struct DatabaseCopy::Handles {
  Database& from;
  std::unique_ptr<Database> to;
  sqlite3_backup* backup = nullptr;

  int finish() { return sqlite3_backup_finish(std::exchange(backup, nullptr)); }
};

DatabaseCopy::DatabaseCopy(std::unique_ptr<Handles> handles) : handles_(std::move(handles)) {}

DatabaseCopy::~DatabaseCopy() {
  if (handles_->backup != nullptr) (void)handles_->finish();
}

Result<std::unique_ptr<DatabaseCopy>> DatabaseCopy::begin(Database& from, const std::string& to) {
  auto target = Database::open(to, true);
  if (!target) return tl::unexpected<Error>(target.error());
  // Half a copy is worth nothing, so nothing is done to have half of it after a crash.
  if (auto set = (*target)->execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF"); !set) {
    return tl::unexpected<Error>(set.error());
  }
  auto handles = std::make_unique<Handles>(Handles{from, std::move(*target)});
  handles->backup =
      sqlite3_backup_init(handles->to->handle_.get(), "main", from.handle_.get(), "main");
  if (handles->backup == nullptr) {
    const int code = sqlite3_errcode(handles->to->handle_.get());
    return tl::unexpected<Error>(handles->to->error(code));
  }
  return std::unique_ptr<DatabaseCopy>(new DatabaseCopy(std::move(handles)));
}

Result<bool> DatabaseCopy::step(int pages) {
  const int code = sqlite3_backup_step(handles_->backup, pages);
  const bool is_taken = code == SQLITE_BUSY || code == SQLITE_LOCKED;
  refusals_ = is_taken ? refusals_ + 1 : 0;
  // Each has waited for the lock as long as any statement does.
  if (code == SQLITE_OK || (is_taken && refusals_ < kRefusalsMax)) return false;
  if (code == SQLITE_DONE) {
    const int finished = handles_->finish();
    if (finished == SQLITE_OK) {
      handles_->to.reset();
      return true;
    }
    return tl::unexpected<Error>(handles_->to->error(finished));
  }
  return tl::unexpected<Error>(handles_->to->error(code));
}

}  // namespace yoke::store
