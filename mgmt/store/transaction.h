// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "hal/base/result.h"
#include "mgmt/store/database.h"

namespace yoke::store {

// A write transaction: undone unless committed. Threads: as the database.
class Transaction {
 public:
  // One that an earlier failure could not end holds nothing that anybody was promised.
  [[nodiscard]] static Status end_any(Database& database) {
    return database.in_transaction() ? database.execute("ROLLBACK") : Status();
  }
  [[nodiscard]] static Result<Transaction> begin(Database& database) {
    if (auto ended = end_any(database); !ended) return tl::unexpected<Error>(ended.error());
    if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) {
      return tl::unexpected<Error>(begun.error());
    }
    return Transaction(database);
  }
  Transaction(const Transaction&) = delete;
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(const Transaction&) = delete;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction() { roll_back(); }

  // On an error the transaction is undone, as far as SQLite can tell.
  [[nodiscard]] Status commit() {
    auto done = database_->commit();
    if (!done) roll_back();
    database_ = nullptr;
    return done;
  }

  // On an error nothing of it lies in the log either, to be found there after a crash by whoever
  // was told that it failed, or in the way of what is written after it: as far as the disk lets us.
  [[nodiscard]] Status commit_or_leave_no_trace() {
    Database& database = *database_;
    auto done = commit();
    if (!done) (void)database.checkpoint();
    return done;
  }

 private:
  explicit Transaction(Database& database) : database_(&database) {}

  void roll_back() noexcept {
    // Some failures have ended it already; one that cannot be ended is the next begin()'s business.
    if (database_ != nullptr && database_->in_transaction()) (void)database_->execute("ROLLBACK");
  }

  Database* database_;
};

}  // namespace yoke::store
