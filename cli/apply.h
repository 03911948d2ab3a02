// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "cli/connection.h"
#include "cli/shell.h"
#include "mgmt/model/config.h"

// `yoke apply`: makes a file the whole configuration. Threads: any.
namespace yoke::cli {

struct FileError {
  Error error;
  std::size_t line = 0;  // 1-based; 0: of the file as a whole
  std::string text;      // of that line
};

// Set-commands, or a JSON document where the first non-blank character is "{". Commands are read
// from an empty configuration; a `delete` takes back what a line above has set. What comes to
// nothing is E-406, but for the document that is nothing else than {"schema":"yoke/1"}.
[[nodiscard]] tl::expected<model::Config, FileError> read_configuration(std::string_view text);

struct ApplyOptions {
  std::string file;  // "-": standard input
  std::string note;
  bool dry_run = false;
  // Undone unless confirmed in time.
  std::optional<std::chrono::milliseconds> confirm_within = {};
};

// Checks the file, prints what it changes, and commits. Returns the exit code; no change is 0.
[[nodiscard]] int apply_file(const ApplyOptions& options, Connection& connection, Style style,
                             std::ostream& data, std::ostream& talk);

}  // namespace yoke::cli
