// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mgmt/replication/position.h"
#include "mgmt/store/revision.h"

// A revision's place in the history: a SHA-256 over that of the one before it, its epoch, number,
// records' digest and what is said of it. Two units whose newest revisions have the same have the
// same history. Threads: any.
namespace yoke::store {

// What is said of a revision, as it travels. The deadline of its confirmation does not.
[[nodiscard]] std::string info_text(const CommitInfo& info);
// Nothing where it is none; the epoch is not in it.
[[nodiscard]] std::optional<CommitInfo> info_in(const std::string& text);

// Of the revision after `parent`, with records of this digest (digest.h).
[[nodiscard]] replication::Position position_after(const replication::Position& parent,
                                                   replication::Epoch epoch,
                                                   const std::string& digest,
                                                   const std::string& info);
// Of one that a release before wrote, which knew no places.
[[nodiscard]] replication::Position position_before(std::uint64_t revision,
                                                    const std::string& digest);

[[nodiscard]] std::string to_text(const replication::Hash& hash);  // 64 hexadecimal digits
[[nodiscard]] std::optional<replication::Hash> hash_in(std::string_view text);
[[nodiscard]] std::uint64_t digest_number(const std::string& digest);

}  // namespace yoke::store
