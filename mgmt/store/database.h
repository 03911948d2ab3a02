// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hal/base/aside.h"
#include "hal/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite, owned. Nothing of it shows outside this folder. Threads: owned by one.
namespace yoke::store {

class Database;

// One prepared statement, bound and stepped. The database outlives it. Bound text is copied.
class Statement {
 public:
  // Parameters count from 1, as in SQL.
  [[nodiscard]] Status bind(int parameter, std::int64_t value);
  [[nodiscard]] Status bind(int parameter, std::string_view text);
  [[nodiscard]] Status bind_null(int parameter);

  // True: a row is there to be read. False: done.
  [[nodiscard]] Result<bool> step();
  // Runs it to its end; the rows it changed.
  [[nodiscard]] Result<std::int64_t> run();
  // Back to before the first step, without bindings.
  void reset() noexcept;

  // Columns of the row, counted from 0; valid until the next step.
  [[nodiscard]] bool is_null(int column) const noexcept;
  [[nodiscard]] std::int64_t integer(int column) const noexcept;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::string blob(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  Statement(Database& database, sqlite3_stmt* statement)
      : database_(&database), handle_(statement) {}
  [[nodiscard]] Status check(int code) const;

  Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// One connection. Not movable: statements point at it.
class Database {
  friend class DatabaseCopy;

 public:
  // Opens a file that exists, or with `create` makes one. Nothing is written to it, not even on
  // close, until write_ahead() is called: a damaged file stays as it was found. Waits a moment for
  // a lock that somebody else holds.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::string& path, bool create);
  // From now on changes go through the write-ahead log, each transaction synced to the disk.
  [[nodiscard]] Status write_ahead();
  // Brings everything in the log into the file itself and empties the log.
  [[nodiscard]] Status checkpoint();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() = default;

  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  // Statements without parameters whose rows nobody wants.
  [[nodiscard]] Status execute(const std::string& sql);
  // The single integer that `sql` gives; nothing if it gives no row.
  [[nodiscard]] Result<std::optional<std::int64_t>> integer(std::string_view sql);

  // Ends a transaction, and waits for the disk: aside, where that has been set. Nobody touches the
  // database meanwhile.
  [[nodiscard]] Status commit();
  void wait_aside(Aside aside) { aside_ = std::move(aside); }
  [[nodiscard]] bool is_committing() const noexcept { return is_committing_; }

  [[nodiscard]] bool in_transaction() const noexcept;
  [[nodiscard]] std::int64_t changed_rows() const noexcept;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // What `code` of SQLite means for a person, and the way out.
  [[nodiscard]] Error error(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };
  [[nodiscard]] int told_by_system(int code) const;
  explicit Database(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
  Aside aside_ = in_place;
  bool is_committing_ = false;
};

}  // namespace yoke::store
