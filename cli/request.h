// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/connection.h"

// What `request` has yoke-mgmt do, as far as it takes more than one question. Threads: owned by
// one.
namespace yoke::cli {

// Has a backup made, and sent to `to` if that is not empty, and waits for its end; what became of
// it, as `backup_state` tells it.
[[nodiscard]] Result<nlohmann::json> make_backup(Connection& connection, const std::string& to);

// Has a backup restored, whose configuration becomes the candidate: the unit does where `show
// backup` lists the name, for an admin; anything else, and what has a slash, is a file here. What
// it is, as `restore` tells it.
[[nodiscard]] Result<nlohmann::json> restore_backup(Connection& connection,
                                                    const std::string& name);
// The names in an answer of `show backup`.
[[nodiscard]] std::vector<std::string> backups_in(const nlohmann::json& shown);

// Hands a backup over, whose configuration becomes the candidate; what it is, as `restore` tells
// it. E-405 where the file cannot be read.
[[nodiscard]] Result<nlohmann::json> hand_over_backup(Connection& connection,
                                                      const std::string& file);

// Has everybody of a notification told that it is tried, and waits for the end of that, which a
// mail server may delay for minutes; what became of it, as `notify_tested` tells it.
[[nodiscard]] Result<nlohmann::json> test_notification(Connection& connection,
                                                       const std::string& name);

// "notify mail:ops to ops@example.net: was told." Of a row of that.
[[nodiscard]] std::string told_sentence(const nlohmann::json& row);

// "Backup lb-a-000001-20261121T160400Z.backup: revision 7, 48 KiB."
[[nodiscard]] std::string backup_sentence(const nlohmann::json& state);
// Where it is on the unit, and what has it back; "" where a unit does not tell.
[[nodiscard]] std::string way_back(const nlohmann::json& state);
// "The candidate is revision 7 of lb-a, backed up 2026-11-21 16:04:00: commit or discard it."
[[nodiscard]] std::string restore_sentence(const nlohmann::json& restored);

}  // namespace yoke::cli
