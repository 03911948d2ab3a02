// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/faulty_disk.h"

#include <sqlite3.h>

namespace yoke::store {
namespace {

// Empty: not counted. A folder's sync is part of the removal or sync that brings it about.
std::string_view word(DiskChange::Kind kind) {
  switch (kind) {
    case DiskChange::Kind::kWrite:
      return "write";
    case DiskChange::Kind::kTruncate:
      return "truncate";
    case DiskChange::Kind::kSync:
      return "sync";
    case DiskChange::Kind::kRemove:
      return "remove";
    case DiskChange::Kind::kCreate:
    case DiskChange::Kind::kSyncFolder:
      break;
  }
  return "";
}

}  // namespace

void FaultyDisk::arm(long n, int code, bool from_there_on) {
  left_ = n;
  code_ = code;
  from_there_on_ = from_there_on;
  failed_.clear();
}

void FaultyDisk::disarm() { arm(0, SQLITE_OK, false); }

int FaultyDisk::before(const DiskChange& change) {
  if (word(change.kind).empty()) return SQLITE_OK;
  if (!failed_.empty()) return from_there_on_ ? code_ : SQLITE_OK;
  if (left_ == 0 || --left_ != 0) return SQLITE_OK;
  failed_ = std::string(word(change.kind)) + " " + change.file;
  return code_;
}

}  // namespace yoke::store
