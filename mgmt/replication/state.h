// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hal/base/clock.h"
#include "mgmt/replication/messages.h"
#include "mgmt/replication/parcels.h"

// All that one unit remembers of the replication of its configuration. Plain values: a copy is a
// snapshot.
namespace yoke::replication {

// On the disk of the standby and not committed yet: kept if the writer is gone.
struct Tentative {
  Revision revision;
  std::uint64_t boot = 0;  // of the writer that proposed it...
  std::uint64_t attempt = 0;

  friend bool operator==(const Tentative&, const Tentative&) = default;
};

// ---- what the store is asked to do, one at a time, each in one transaction ----------------------

struct KeepTentative {
  Tentative tentative;
};
struct DropTentative {};
struct FinishTentative {};  // it becomes the newest revision
struct Append {             // becomes the newest revision; a tentative one is gone
  Revision revision;
};
// What is here beyond the revision `common` goes, and is kept as a branch where `as_branch`; then
// the snapshot is the newest revision; a tentative one is gone.
struct Adopt {
  Snapshot snapshot;
  std::uint64_t common = 0;
  bool as_branch = false;
};
struct CommitOwn {  // what the committer wants
  std::uint64_t number = 0;
  bool replicated = false;
};
using Task = std::variant<KeepTentative, DropTentative, FinishTentative, Append, Adopt, CommitOwn>;

// ---- what is under way
// ---------------------------------------------------------------------------

inline constexpr MonoTime kNever{-std::chrono::hours(24 * 365)};  // before any moment

struct OwnCommit {
  std::uint64_t number = 0;  // the committer's
  std::uint64_t attempt = 0;
  Revision revision;
  MonoTime deadline = kNever;
  bool sent = false;
  bool accepted = false;
  bool alone = false;  // it is made without the peer
};

struct Fetch {
  std::uint64_t number = 0;
  Position from;
  bool whole = false;
};

struct Carrying {            // a commit of this unit's users, by the writer
  std::uint64_t number = 0;  // the committer's
  std::uint64_t sent_as = 0;
  std::uint64_t boot = 0;  // of the writer
  MonoTime deadline = kNever;
};

struct PeerView {
  std::uint64_t boot = 0;  // 0: never heard
  MonoTime heard_at = kNever;
  std::optional<Hello> hello;  // its newest
  std::uint64_t carried = 0;   // the newest commit it had us carry
};

// A process that says hello and may be of long ago: it is the peer once it has answered.
struct Stranger {
  std::uint64_t boot = 0;
  std::uint64_t asked = 0;  // our `seq` that it is to echo, or a later one
  std::uint64_t heard = 0;  // its newest
};

enum class Alarm : std::uint8_t {
  kUnreplicated = 0,  // a commit is on this unit alone
  kDiverged = 1,      // a branch has been put aside
  kCannotFollow = 2,  // what the peer has cannot be taken over
};

struct State {
  std::uint64_t boot = 0;
  std::vector<Position> chain;  // the revisions kept, oldest first
  std::optional<Tentative> tentative;
  bool writer = false;
  Epoch epoch = 0;  // highest seen

  PeerView peer;
  Stranger stranger;
  std::array<Outgoing, kStreams> outgoing;
  std::array<Intake, kStreams> intake;

  std::optional<Task> busy;  // the store has this to do
  std::optional<Want> look;  // it looks this up for the peer
  std::uint64_t looks = 0;
  std::optional<OwnCommit> own;
  std::optional<Fetch> fetch;
  std::optional<Carrying> carrying;
  Hash confirmed{};                    // the writer has committed this one
  bool fetch_whole = false;            // a single revision did not do
  std::optional<Position> outweighed;  // the peer's, that is to give way to ours

  std::uint64_t hello_seq = 0;
  std::uint64_t attempts = 0;
  std::uint64_t floor = 1;
  std::uint64_t wants = 0;
  std::uint64_t carries = 0;
  MonoTime next_hello = kNever;
  MonoTime next_retry = kNever;
  MonoTime store_rests = kNever;  // it has failed: nothing is asked of it before
  std::uint8_t alarms = 0;        // a bit an Alarm

  // The own commit is being written: it can be called off no more.
  [[nodiscard]] bool is_committing() const {
    return busy && std::holds_alternative<CommitOwn>(*busy);
  }
  [[nodiscard]] Position tip() const { return chain.empty() ? Position() : chain.back(); }
};

}  // namespace yoke::replication
