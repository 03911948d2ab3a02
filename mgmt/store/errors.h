// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

// Identifiers of what can go wrong with a store. Every text names the file and what to do.
// Threads: any.
namespace yoke::store {

inline constexpr std::string_view kNoPermission = "E-501";   // file or folder not accessible
inline constexpr std::string_view kReadOnly = "E-502";       // file system or file is read-only
inline constexpr std::string_view kDiskFull = "E-503";       // no space left
inline constexpr std::string_view kCorrupt = "E-504";        // damaged, cut short, not a database
inline constexpr std::string_view kNewerVersion = "E-505";   // written by a newer release
inline constexpr std::string_view kInUse = "E-506";          // another process has it
inline constexpr std::string_view kDiskFailed = "E-507";     // input/output error
inline constexpr std::string_view kStoreFailed = "E-508";    // anything else SQLite reports
inline constexpr std::string_view kNotADatabase = "E-509";   // a database, but not one of this kind
inline constexpr std::string_view kNoMemory = "E-510";       // out of memory
inline constexpr std::string_view kNotABackup = "E-511";     // a file of another kind
inline constexpr std::string_view kNewerBackup = "E-512";    // made by a newer release
inline constexpr std::string_view kBackupDamaged = "E-513";  // cut short or altered
inline constexpr std::string_view kUnitPartLost = "E-518";   // unit.db: missing, damaged, another's

inline constexpr std::string_view kNotTheNext = "E-519";  // what a peer sends, and is not taken

// What to do about a database that is of no use, as the end of a sentence. A backup is no database:
// it is not put in its place.
[[nodiscard]] inline std::string to_begin_anew(const std::string& path) {
  return "move " + path + "* to another folder, start yoke-mgmt, and type: request restore FILE, " +
         "with a backup, and commit (what the data plane runs goes on meanwhile)";
}

}  // namespace yoke::store
