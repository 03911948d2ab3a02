// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/sqlite_calls.h"

#include <sqlite3.h>

#include <utility>

namespace yoke::store::calls {
namespace {

struct Plan {
  long left = 0;  // calls until the fault; 0: none planned
  int code = SQLITE_OK;
  Fault fault = Fault::kOnce;
  bool happened = false;
};
Plan plan;

enum class Turn : std::uint8_t { kNormal, kFails, kFailsAfterwards };

Turn next() {
  if (plan.happened) return plan.fault == Fault::kFromThere ? Turn::kFails : Turn::kNormal;
  if (plan.left == 0 || --plan.left != 0) return Turn::kNormal;
  plan.happened = true;
  return plan.fault == Fault::kAfterwards ? Turn::kFailsAfterwards : Turn::kFails;
}

template <typename Call>
int faulty(Call call) {
  switch (next()) {
    case Turn::kNormal:
      return call();
    case Turn::kFailsAfterwards:
      (void)call();
      break;
    case Turn::kFails:
      break;
  }
  return plan.code;
}

}  // namespace

const int kDiskFull = SQLITE_FULL;
const int kIoError = SQLITE_IOERR;
const int kNoMemory = SQLITE_NOMEM;
const int kBusy = SQLITE_BUSY;

void arm(long n, int code, Fault fault) { plan = {n, code, fault, false}; }

bool disarm() { return std::exchange(plan, Plan{}).happened; }

}  // namespace yoke::store::calls

using yoke::store::calls::faulty;

// Names and types are the linker's and SQLite's.
// NOLINTBEGIN(readability-identifier-naming, bugprone-reserved-identifier)
#define YOKE_FAULTY(name, parameters, arguments)                    \
  extern "C" int __real_sqlite3_##name parameters;                  \
  extern "C" int __wrap_sqlite3_##name parameters;                  \
  extern "C" int __wrap_sqlite3_##name parameters {                 \
    return faulty([&] { return __real_sqlite3_##name arguments; }); \
  }

YOKE_FAULTY(open_v2, (const char* file, sqlite3** db, int flags, const char* vfs),
            (file, db, flags, vfs))
YOKE_FAULTY(prepare_v3,
            (sqlite3 * db, const char* sql, int size, unsigned flags, sqlite3_stmt** statement,
             const char** tail),
            (db, sql, size, flags, statement, tail))
YOKE_FAULTY(step, (sqlite3_stmt * statement), (statement))
YOKE_FAULTY(exec,
            (sqlite3 * db, const char* sql, int (*each)(void*, int, char**, char**), void* context,
             char** message),
            (db, sql, each, context, message))
YOKE_FAULTY(bind_int64, (sqlite3_stmt * statement, int at, sqlite3_int64 value),
            (statement, at, value))
YOKE_FAULTY(bind_text64,
            (sqlite3_stmt * statement, int at, const char* text, sqlite3_uint64 size,
             void (*destroy)(void*), unsigned char encoding),
            (statement, at, text, size, destroy, encoding))
YOKE_FAULTY(bind_null, (sqlite3_stmt * statement, int at), (statement, at))
YOKE_FAULTY(busy_timeout, (sqlite3 * db, int ms), (db, ms))

extern "C" int __real_sqlite3_close_v2(sqlite3* db);
extern "C" int __wrap_sqlite3_close_v2(sqlite3* db);
extern "C" int __wrap_sqlite3_close_v2(sqlite3* db) {
  // The handle goes in any case; what fails is what it reports.
  return faulty([] { return SQLITE_OK; }) | __real_sqlite3_close_v2(db);
}

extern "C" const unsigned char* __real_sqlite3_column_text(sqlite3_stmt* statement, int column);
extern "C" const unsigned char* __wrap_sqlite3_column_text(sqlite3_stmt* statement, int column);
extern "C" const unsigned char* __wrap_sqlite3_column_text(sqlite3_stmt* statement, int column) {
  // As when memory runs out: no text.
  if (faulty([] { return SQLITE_OK; }) != SQLITE_OK) return nullptr;
  return __real_sqlite3_column_text(statement, column);
}
// NOLINTEND(readability-identifier-naming, bugprone-reserved-identifier)
