// SPDX-License-Identifier: Apache-2.0
#pragma once

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

// A file that is there must be a whole store: it is verified before anything is written. Where none
// is, one is made beside it and renamed into place when it is complete, so a file cut short, even
// to nothing, is never taken for a new one.
[[nodiscard]] Result<StoreFile> open_store_file(const std::string& path);

// What an error means while a store is being opened: SQL that has always worked fails on nothing
// but damage.
[[nodiscard]] Error while_opening(const std::string& path, Error error);

}  // namespace yoke::store
