// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mgmt/model/config.h"

// Configuration as command lines:
//   set pool web server 192.0.2.11:80 192.0.2.12:80 weight 2
//   set pool web check http GET /health expect 200 interval 1s
//   delete vip web snat
//   rename pool web to shop
//   disable pool web server 192.0.2.11:80
// command_reader.h has the grammar. Threads: values, any.
namespace yoke::model {

// The words that begin a line which names a record.
enum class EditVerb : std::uint8_t {
  kSet,
  kDelete,
  kRename,   // PATH to KEY
  kCopy,     // PATH to KEY
  kEnable,   // as set PATH enabled yes
  kDisable,  // as set PATH enabled no
  kEnter,    // `edit`: where the next lines begin; edits nothing by itself
};

// One edit of one record.
struct Operation {
  enum class Kind : std::uint8_t { kSet, kDelete, kRename, kCopy };
  Kind kind = Kind::kSet;
  Path path;
  Fields fields;                   // kSet: values; none creates the record alone
  std::vector<std::string> names;  // kDelete: fields; none deletes the record
  std::string to = {};             // kRename, kCopy: the new key
  bool existing = false;           // kSet: E-404 where the record is not there
  friend bool operator==(const Operation&, const Operation&) = default;
};

// One line that edits: any verb but kEnter. Errors carry the column.
[[nodiscard]] Result<std::vector<Operation>> parse_command(std::string_view line);

// Carries an edit out; on error nothing has changed.
[[nodiscard]] Status edit(Config& config, const Operation& operation);
// All of them or none, in order.
[[nodiscard]] Status edit(Config& config, const std::vector<Operation>& operations);

// Set-commands that build `config` from nothing, one record a line.
[[nodiscard]] std::string to_commands(const Config& config);
// The part of such a line that follows the path: " weight 2", or "" for no fields.
[[nodiscard]] std::string fields_text(const Path& path, const Fields& fields);

}  // namespace yoke::model
