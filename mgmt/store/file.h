// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "hal/base/result.h"
#include "hal/linux/lock_file.h"
#include "mgmt/store/database.h"

namespace yoke::store {

// A store's file, ours alone and of the shape this release works with. Threads: owned by one.
struct StoreFile {
  hal::LockFile lock;  // let go of after the database is closed
  std::unique_ptr<Database> database;
};

// Only one process at a time has it. E-506 with the other's id.
[[nodiscard]] Result<hal::LockFile> lock_store(const std::string& path);

// A file that is there must be a whole store: it is verified before anything is written. Where none
// is, one is made beside it and renamed into place when it is complete, so a file cut short, even
// to nothing, is never taken for a new one.
enum class Missing : bool { kIsMade, kIsRefused };
[[nodiscard]] Result<StoreFile> open_store_file(const std::string& path,
                                                Missing missing = Missing::kIsMade);

// The same, as it was when it was last written, where its file system takes no writes: a copy of it
// in the folder `scratch`, of which nobody but this process may make use, with the lock of the
// store itself.
struct StoreCopy {
  hal::LockFile lock;
  StoreFile file;
};
[[nodiscard]] Result<StoreCopy> open_store_copy(const std::string& path,
                                                const std::string& scratch);

// A database that does not end where its header says is cut short: E-504.
[[nodiscard]] Status verify_length(const std::string& path);
// A new database with what `fill` writes to it, for its owner alone, made beside its place and
// renamed into it.
[[nodiscard]] Status put_new_file(const std::string& path,
                                  const std::function<Status(Database&)>& fill);

// The names in the folder of `path` are on the disk.
[[nodiscard]] Status sync_folder_of(const std::string& path);

// A database that is verified is written to from now on; first what a process that was killed left
// in its log is brought into it, unless somebody else reads it just now.
[[nodiscard]] Status begin_writing(Database& database);

// The error with another name for the file than its text has.
[[nodiscard]] Error renamed(Error error, const std::string& file, const std::string& name);

// What an error means while a store is being opened: SQL that has always worked fails on nothing
// but damage.
[[nodiscard]] Error while_opening(const std::string& path, Error error);

}  // namespace yoke::store
