// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/database.h"

#include <sqlite3.h>

#include <cerrno>

#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

constexpr int kBusyWaitMs = 500;  // a reader with a shell may hold a lock for a moment

std::string_view view(const void* bytes, int size) {
  return bytes == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

// The version that whoever writes must know, of the header (SQLite's fileformat2, 1.3.3). Read by
// SQLite's own descriptor: whatever else opened the file here would, on being closed, end the locks
// of every connection that this process has to it.
bool asks_for_other_format(sqlite3* handle) {
  constexpr sqlite3_int64 kAt = 18;
  constexpr unsigned char kNewest = 2;
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      file == nullptr || file->pMethods == nullptr) {
    return false;
  }
  unsigned char version = 0;
  return file->pMethods->xRead(file, &version, sizeof version, kAt) == SQLITE_OK &&
         version > kNewest;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  (void)sqlite3_finalize(statement);
}

void Database::Close::operator()(sqlite3* handle) const noexcept { (void)sqlite3_close_v2(handle); }

Status Statement::check(int code) const {
  if (code == SQLITE_OK) return {};
  return tl::unexpected<Error>(database_->error(code));
}

Status Statement::bind(int parameter, std::int64_t value) {
  return check(sqlite3_bind_int64(handle_.get(), parameter, value));
}

Status Statement::bind(int parameter, std::string_view text) {
  return check(sqlite3_bind_text64(handle_.get(), parameter, text.data() ? text.data() : "",
                                   text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Status Statement::bind_null(int parameter) {
  return check(sqlite3_bind_null(handle_.get(), parameter));
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return tl::unexpected<Error>(database_->error(code));
}

Result<std::int64_t> Statement::run() {
  for (;;) {
    const auto row = step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return database_->changed_rows();
  }
}

void Statement::reset() noexcept {
  // What it returns is the error of the last step, which that step has reported already.
  (void)sqlite3_reset(handle_.get());
  (void)sqlite3_clear_bindings(handle_.get());
}

bool Statement::is_null(int column) const noexcept {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const noexcept {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_text(handle_.get(), column);
  return std::string(view(bytes, sqlite3_column_bytes(handle_.get(), column)));
}

std::string Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(handle_.get(), column);
  return std::string(view(bytes, sqlite3_column_bytes(handle_.get(), column)));
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, bool create) {
  std::unique_ptr<Database> database(new Database(path));
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (create ? SQLITE_OPEN_CREATE : 0);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  database->handle_.reset(handle);  // also after a failure: it holds what went wrong
  if (code != SQLITE_OK) return tl::unexpected<Error>(database->error(code));
  (void)sqlite3_busy_timeout(handle, kBusyWaitMs);
  (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  const auto status = database->execute(
      "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
      "PRAGMA cell_size_check=ON");
  if (!status) return tl::unexpected<Error>(status.error());
  // A file that cannot be written is opened for reading alone, without a word; so is one whose
  // header asks for a format that this SQLite cannot write, which none of ours does.
  if (sqlite3_db_readonly(handle, "main") == 1) {
    const int why = asks_for_other_format(handle) ? SQLITE_CORRUPT : SQLITE_READONLY;
    return tl::unexpected<Error>(database->error(why));
  }
  return database;
}

Status Database::write_ahead() {
  auto mode = prepare("PRAGMA journal_mode=WAL");
  if (!mode) return tl::unexpected<Error>(mode.error());
  const auto row = mode->step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (!*row || mode->text(0) != "wal") {
    return fail(Errc::kFailed, kStoreFailed, path_ + ": its file system allows no write-ahead log");
  }
  (void)sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  return {};
}

Status Database::checkpoint() {
  const auto busy = integer("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy) return tl::unexpected<Error>(busy.error());
  if (*busy != 0) return tl::unexpected<Error>(error(SQLITE_BUSY));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), 0,
                                      &statement, nullptr);
  Statement prepared(*this, statement);
  if (code != SQLITE_OK) return tl::unexpected<Error>(error(code));
  return prepared;
}

Status Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected<Error>(error(code));
  return {};
}

Status Database::commit() {
  Status done;
  is_committing_ = true;
  aside_([&] { done = execute("COMMIT"); });
  is_committing_ = false;
  return done;
}

Result<std::optional<std::int64_t>> Database::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (!*row) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(statement->integer(0));
}

bool Database::in_transaction() const noexcept {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

std::int64_t Database::changed_rows() const noexcept { return sqlite3_changes64(handle_.get()); }

// What the system said beneath a failure of SQLite that has many causes.
int Database::told_by_system(int code) const {
  const int system = handle_ ? sqlite3_system_errno(handle_.get()) : 0;
  const int kind = code & 0xff;
  if (kind != SQLITE_IOERR && kind != SQLITE_CANTOPEN) return code;
  if (system == EROFS) return SQLITE_READONLY;
  return system == ENOSPC || system == EDQUOT ? SQLITE_FULL : code;
}

Error Database::error(int code) const {
  const std::string detail = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  const auto make = [&](Errc kind, std::string_view id, const std::string& text) {
    return Error{kind, std::string(id), path_ + ": " + text, -1};
  };
  switch (told_by_system(code) & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return make(Errc::kDenied, kNoPermission,
                  "cannot be opened; check that its folder exists and belongs to this user");
    case SQLITE_READONLY:
      return make(Errc::kFailed, kReadOnly,
                  "is read-only; remount its file system or correct its permissions");
    case SQLITE_FULL:
      return make(Errc::kFailed, kDiskFull,
                  "no space left on its file system; free some and try again");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return make(Errc::kFailed, kCorrupt, "is damaged (" + detail + "); " + to_begin_anew(path_));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return make(Errc::kConflict, kInUse, "is locked by another process; end that one first");
    case SQLITE_IOERR:
      return make(Errc::kFailed, kDiskFailed,
                  "the disk failed (" + detail + "); check the kernel log");
    case SQLITE_NOMEM:
      return make(Errc::kFailed, kNoMemory, "memory ran out; see what uses it and try again");
    default:
      return make(Errc::kFailed, kStoreFailed, detail);
  }
}

}  // namespace yoke::store
