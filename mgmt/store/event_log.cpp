// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/event_log.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "mgmt/store/database.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/identity.h"
#include "mgmt/store/transaction.h"

namespace yoke::store {
namespace {

using events::Entry;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr milliseconds kAtOnce{0};
constexpr milliseconds kAfterFailure = std::chrono::seconds(2);
constexpr std::int64_t kApplicationId = 0x594f4b4c;  // "YOKL"
constexpr std::int64_t kVersion = 1;

// What SQLite syncs it syncs at a checkpoint, of at most a megabyte; a lock that somebody holds is
// not waited for.
constexpr const char* kSettings =
    "PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=0; PRAGMA wal_autocheckpoint=256;"
    "PRAGMA journal_size_limit=1048576";

constexpr const char* kTable =
    "CREATE TABLE event ("
    " id INTEGER PRIMARY KEY,"
    " at INTEGER NOT NULL,"  // ms of the wall clock
    " event TEXT NOT NULL,"
    " code TEXT NOT NULL,"
    " level INTEGER NOT NULL,"
    " text TEXT NOT NULL,"
    " fields TEXT NOT NULL,"
    " command TEXT NOT NULL"
    ") STRICT;";

std::string fields_text(const Entry& entry) {
  return json(entry.fields).dump(-1, ' ', false, json::error_handler_t::replace);
}

// Of a damaged text what can be read.
auto fields_in(const std::string& text) {
  decltype(Entry::fields) fields;
  for (const json& field : json::parse(text, nullptr, false)) {
    const bool is_field =
        field.is_array() && field.size() == 2 && field[0].is_string() && field[1].is_string();
    if (is_field) fields.emplace_back(field[0].get<std::string>(), field[1].get<std::string>());
  }
  return fields;
}

Entry entry_in(const Statement& row) {
  const auto level = std::clamp<std::int64_t>(row.integer(3), 3, 7);
  return {.at = system_clock::time_point(milliseconds(row.integer(0))),
          .event = row.text(1),
          .code = row.text(2),
          .level = static_cast<log::Level>(level),
          .text = row.text(4),
          .fields = fields_in(row.text(5)),
          .command = row.text(6)};
}

Status bind(Statement& statement, std::size_t count, const events::Choice& choice) {
  const auto since = std::chrono::ceil<milliseconds>(choice.since).time_since_epoch().count();
  Status bound = statement.bind(1, static_cast<std::int64_t>(count));
  if (bound) bound = statement.bind(2, std::string_view(choice.event));
  if (bound) bound = statement.bind(3, static_cast<std::int64_t>(choice.level));
  if (bound) bound = statement.bind(4, std::int64_t{since});
  return bound;
}

Status insert(Statement& statement, const Entry& entry) {
  statement.reset();
  const auto at = std::chrono::floor<milliseconds>(entry.at).time_since_epoch().count();
  const std::string fields = fields_text(entry);
  Status bound = statement.bind(1, std::int64_t{at});
  if (bound) bound = statement.bind(2, std::string_view(entry.event));
  if (bound) bound = statement.bind(3, std::string_view(entry.code));
  if (bound) bound = statement.bind(4, static_cast<std::int64_t>(entry.level));
  if (bound) bound = statement.bind(5, std::string_view(entry.text));
  if (bound) bound = statement.bind(6, std::string_view(fields));
  if (bound) bound = statement.bind(7, std::string_view(entry.command));
  if (!bound) return bound;
  const auto inserted = statement.run();
  if (!inserted) return tl::unexpected<Error>(inserted.error());
  return {};
}

// What the log tells of itself, in the journal too: it may be all that is left.
Entry about_the_log(events::Kind kind, std::string text) {
  const events::Event event{.kind = kind, .text = std::move(text)};
  events::write_to_journal(event);
  return events::entry_of(event);
}

// What no patience helps against: the file itself is not what it should be.
bool is_useless(const Error& error) {
  return error.id == kCorrupt || error.id == kNotADatabase || error.id == kNewerVersion;
}

Status verify(Database& database) {
  const auto identity = identity_of(database);
  if (!identity) return tl::unexpected<Error>(identity.error());
  const auto tables = database.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tl::unexpected<Error>(tables.error());
  if (tables->value_or(0) == 0) return make_tables(database, kTable, {kApplicationId, kVersion});
  if (identity->application != kApplicationId || identity->version != kVersion) {
    return fail(Errc::kRefused, kNotADatabase,
                database.path() +
                    ": is not an event log of this "
                    "release");
  }
  const auto damage = damage_in(database, "quick_check(1)");
  if (!damage) return tl::unexpected<Error>(damage.error());
  if (damage->empty()) return {};
  return fail(Errc::kFailed, kCorrupt, database.path() + ": is damaged (" + *damage + ")");
}

}  // namespace

EventLog::EventLog(sd_event* event, std::string path)
    : path_(std::move(path)), next_(event, [this] { write_some(); }) {
  if (auto opened = open_or_replace(); !opened) failure_ = opened.error().text;
  if (!waiting_.empty()) next_.start(kAtOnce);
}

EventLog::~EventLog() {
  while (!waiting_.empty()) {
    const std::size_t count = std::min(waiting_.size(), kBatchMax);
    if (!write_batch(count)) return;
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

void EventLog::append(Entry entry) {
  waiting_.push_back(std::move(entry));
  if (waiting_.size() > kWaitingMax) {
    waiting_.pop_front();
    ++lost_;
  }
  if (!next_.running()) next_.start(failure_.empty() ? kAtOnce : kAfterFailure);
}

void EventLog::write_soon() {
  if (waiting_.empty() || !failure_.empty()) return;
  next_.stop();
  write_some();
}

void EventLog::write_some() {
  const std::size_t count = std::min(waiting_.size(), kBatchMax);
  if (auto written = write_batch(count); !written) {
    failure_ = written.error().text;
    if (is_useless(written.error())) database_.reset();  // the next attempt looks at the file anew
    next_.start(kAfterFailure);
    return;
  }
  failure_.clear();
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  tell_lost();
  if (!waiting_.empty()) next_.start(kAtOnce);  // after what else the loop has to do
}

Status EventLog::write_batch(std::size_t count) {
  if (!database_) {
    if (auto opened = open_or_replace(); !opened) return opened;
  }
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  auto statement = database_->prepare(
      "INSERT INTO event (at, event, code, level, text, fields, command)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!statement) return tl::unexpected<Error>(statement.error());
  for (std::size_t i = 0; i < count; ++i) {
    if (auto inserted = insert(*statement, waiting_[i]); !inserted) return inserted;
  }
  auto bounded = database_->execute("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - " +
                                    std::to_string(kRowsKept));
  if (!bounded) return bounded;
  statement->reset();  // an open statement would keep the transaction from its end
  return transaction->commit();
}

void EventLog::tell_lost() {
  if (lost_ == 0) return;
  append(about_the_log(
      events::Kind::kEventsLost,
      std::to_string(lost_) + " events are not in the event log, which could not be written"));
  lost_ = 0;
}

Result<std::vector<Entry>> EventLog::newest(std::size_t count, const events::Choice& choice) {
  std::vector<Entry> entries;
  for (auto entry = waiting_.rbegin(); entry != waiting_.rend() && entries.size() < count;
       ++entry) {
    if (choice.takes(*entry)) entries.push_back(*entry);
  }
  if (!database_) return entries;
  auto statement = database_->prepare(
      "SELECT at, event, code, level, text, fields, command FROM event"
      " WHERE (?2 = '' OR event = ?2) AND level <= ?3 AND at >= ?4 ORDER BY id DESC LIMIT ?1");
  if (!statement) return tl::unexpected<Error>(statement.error());
  if (auto bound = bind(*statement, count - entries.size(), choice); !bound) {
    return tl::unexpected<Error>(bound.error());
  }
  for (;;) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return entries;
    entries.push_back(entry_in(*statement));
  }
}

// SQLite says of a log that it cannot make only that it cannot open it.
Error EventLog::while_opening(Error error) const {
  struct statvfs disk {};
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  if (::statvfs(folder.c_str(), &disk) != 0 || (disk.f_flag & ST_RDONLY) == 0) return error;
  return {Errc::kFailed, std::string(kReadOnly),
          path_ + ": its file system is read-only; remount it for writing", -1};
}

Status EventLog::open() {
  auto database = Database::open(path_, true);
  if (!database) return tl::unexpected<Error>(database.error());
  (void)::chmod(path_.c_str(), S_IRUSR | S_IWUSR);
  if (auto set = (*database)->execute(kSettings); !set) return set;
  if (auto sound = verify(**database); !sound) return sound;
  if (auto ready = (*database)->write_ahead(); !ready) return ready;
  database_ = std::move(*database);
  return {};
}

Status EventLog::open_or_replace() {
  auto opened = open();
  if (opened) return opened;
  if (!is_useless(opened.error())) return tl::unexpected<Error>(while_opening(opened.error()));
  const std::string why = opened.error().text;
  for (const char* part : {"-wal", "-shm"}) {
    (void)std::rename((path_ + part).c_str(), (path_ + ".old" + part).c_str());
  }
  if (std::rename(path_.c_str(), (path_ + ".old").c_str()) != 0) return opened;
  opened = open();
  if (opened) {
    append(about_the_log(events::Kind::kEventLogReplaced,
                         why + "; it is kept as " + path_ + ".old, and a new one begun"));
  }
  return opened;
}

}  // namespace yoke::store
