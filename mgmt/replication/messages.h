// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "mgmt/replication/position.h"

// What two units tell each other about their configurations, as plain values; codec.h has them as
// bytes. Numbers of enumerators are on the wire: one that is given is never given to anything else.
// Threads: values, any.
namespace yoke::replication {

// A revision as it travels: what leads to it from the one before, in the store's own words.
struct Revision {
  Position parent;
  Position position;
  std::string info;     // who, when, why
  std::string changes;  // of the shared records; what belongs to a unit alone never travels

  friend bool operator==(const Revision&, const Revision&) = default;
};

struct Mark {
  std::uint64_t revision = 0;
  Hash hash{};

  friend bool operator==(const Mark&, const Mark&) = default;
};

// All of a configuration, for who cannot get there by revisions.
struct Snapshot {
  Position position;
  std::vector<Mark> marks;  // the revisions that its unit keeps: what both have is found by them
  std::string info;
  std::string document;

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// What is being committed: the body of kPrepare.
struct Proposal {
  Epoch epoch = 0;  // of the writer
  Revision revision;

  friend bool operator==(const Proposal&, const Proposal&) = default;
};

// The body of kSupply.
using Supply = std::variant<Revision, Snapshot>;

// ---- messages
// ------------------------------------------------------------------------------------

// Sent every now and then and when something of it changes.
struct Hello {
  std::uint64_t seq = 0;  // from 1 at every boot
  Position tip;           // what is committed
  bool writer = false;
  Epoch epoch = 0;           // highest seen
  std::uint64_t schema = 0;  // changes are understood by who has the same
  std::uint64_t floor = 0;   // attempts below it are over: committed, or given up
  std::uint64_t echo = 0;    // the newest `seq` heard of whom it is for: its sender lives

  friend bool operator==(const Hello&, const Hello&) = default;
};

// "What comes after `from`?" By who is behind, or lost.
struct Want {
  std::uint64_t number = 0;
  Position from;
  bool whole = false;  // everything, though `from` is no part of that history

  friend bool operator==(const Want&, const Want&) = default;
};

// Bodies may be larger than what a link carries at once: they go in parts, and who receives asks
// for the next.
enum class Stream : std::uint8_t {
  kSupply = 0,   // Supply, answers Want of that number
  kPrepare = 1,  // Proposal; the number is the attempt
  kCarried = 2,  // a commit typed on the standby, in the committer's words
  kOutcome = 3,  // what became of it; empty: it was not taken
};
inline constexpr std::size_t kStreams = 4;
inline constexpr std::size_t kPartMost = 8192;  // a letter with one fits in a sealed frame
inline constexpr std::size_t kBodyMost = std::size_t{64} << 20;

struct Part {
  Stream stream = Stream::kSupply;
  std::uint64_t number = 0;  // grows, by stream, for a boot
  std::uint64_t total = 0;   // of the body, bytes
  std::uint64_t offset = 0;
  std::string bytes;

  friend bool operator==(const Part&, const Part&) = default;
};
struct More {
  Stream stream = Stream::kSupply;
  std::uint64_t number = 0;
  std::uint64_t offset = 0;

  friend bool operator==(const More&, const More&) = default;
};

// "I have it on the disk, and will keep it if you are gone."
struct Accepted {
  std::uint64_t attempt = 0;
  Hash hash{};

  friend bool operator==(const Accepted&, const Accepted&) = default;
};

enum class Objection : std::uint8_t {
  kBehind = 1,      // it is no successor of what I have: I catch up first
  kStaleEpoch = 2,  // I know of a later claim
  kSchema = 3,      // I do not understand the changes
  kStore = 4,       // my store does not take it
};
struct Declined {
  std::uint64_t attempt = 0;
  Objection why = Objection::kBehind;

  friend bool operator==(const Declined&, const Declined&) = default;
};

// "It is committed here."
struct Committed {
  Hash hash{};

  friend bool operator==(const Committed&, const Committed&) = default;
};

// The answer to Want: "that is no part of my history, as far as I keep it; I am here."
struct Diverged {
  std::uint64_t number = 0;
  Position tip;

  friend bool operator==(const Diverged&, const Diverged&) = default;
};

// The order is on the wire: the index of an alternative, from 1, is its type.
using Message = std::variant<Hello, Want, Part, More, Accepted, Declined, Committed, Diverged>;

// Each process draws a number at its start. What was meant for one before is not taken.
struct Letter {
  std::uint64_t from = 0;
  std::uint64_t to = 0;  // 0: not known yet; Hello alone
  Message message;

  friend bool operator==(const Letter&, const Letter&) = default;
};

}  // namespace yoke::replication
