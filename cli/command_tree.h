// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "mgmt/model/commands.h"

// The words of every command but what follows the verbs that edit, which mgmt/model derives from
// the schema. Threads: constant data, any.
namespace yoke::cli {

// What a value on the line must be.
enum class Value : std::uint8_t {
  kNone,      // not a value: the word itself
  kCommand,   // first word of a command
  kKey,       // name of a record of the node's kind
  kText,      // a quoted word, or all words to the end of the line
  kNumber,    // a count
  kPattern,   // extended regular expression
  kDuration,  // time to confirm a commit in
  kAge,       // any length of time
  kFile,      // path of a file
  kMoment,    // a time to come (moment.h); in the command, ms since 1970
  kWord,      // anything: a file, a URL
};

// As Node::kind: what `show backup` lists. No record of the configuration.
inline constexpr std::string_view kBackupFile = "backup on this unit";

struct Node {
  std::string_view word;  // or, of a value, how help shows it: "NAME"
  std::string_view help;
  Value value = Value::kNone;
  std::string_view kind = {};  // kKey: of the record; of others: what is likely
  bool may_end = true;         // the line may end behind it
  std::span<const Node> next = {};
};

// Where a command has a meaning.
enum class Use : std::uint8_t {
  kAlways,
  kConfig,  // in configuration mode
};

struct Verb {
  Node node;
  Use use = Use::kAlways;
  std::optional<model::EditVerb> edit = {};  // model::CommandReader reads what follows
  bool prints = false;                       // has output that can be piped
  std::string_view example;
};

[[nodiscard]] std::span<const Verb> verbs() noexcept;
[[nodiscard]] const Verb* find_verb(std::string_view word) noexcept;

// What may follow a "|".
[[nodiscard]] std::span<const Node> pipes() noexcept;

}  // namespace yoke::cli
