// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "hal/base/result.h"

// What is done and said where `unit.db` (unit_file.h) is not what the store needs: E-518. A person
// may give up what it held, by moving it away while nothing runs. Moved away under a process it
// takes with it what was acknowledged, so only a start that is refused says how. `path` is that of
// unit.db. Threads: any; nobody else touches the files.
namespace yoke::store {

// A file of this name in its place, beside no unit.db, says that a person gives up what the unit's
// own settings were: "unit.db.lost".
[[nodiscard]] std::string given_up_path(const std::string& path);
// Whether it is given up: unit.db is not there, and that file is.
[[nodiscard]] bool is_given_up(const std::string& path);
// That is done: it says so no more. What is left of the file is kept as "unit.db.given-up".
void put_away(const std::string& path);

// E-518: what is wrong, and no word of what to do about it. That is added below, for whom it is;
// other errors stay as they are.
[[nodiscard]] Error unit_file_lost(const std::string& path, const std::string& how);
[[nodiscard]] Error unit_file_missing(const std::string& path, std::uint64_t revision);

// To whom starts the store and is refused: how to begin without.
[[nodiscard]] Error told_at_start(Error error, const std::string& path);
// To whom reads an old revision of a store that runs.
[[nodiscard]] Error told_reading(Error error);
// To whom would write to a store that runs, or back it up.
[[nodiscard]] Error told_writing(Error error);

}  // namespace yoke::store
