// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mgmt/model/config.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/words.h"

// Configuration as command lines:
//   set pool web server 192.0.2.11:80 192.0.2.12:80 weight 2
//   set pool web check http GET /health expect 200 interval 1s
//   delete vip web snat
// The grammar is written once, here, over the schema's tables; completion and help of the CLI ask
// it what may come next. Threads: values, any.
namespace yoke::model {

// One edit of one record.
struct Operation {
  enum class Kind : std::uint8_t { kSet, kDelete };
  Kind kind = Kind::kSet;
  Path path;
  Fields fields;                   // kSet: values; none creates the record alone
  std::vector<std::string> names;  // kDelete: fields; none deletes the record
  friend bool operator==(const Operation&, const Operation&) = default;
};

// Something that may come next on a line.
struct Expected {
  std::string word;                  // a word of the grammar, or empty: a value of `field`
  std::string help;                  // one line
  const Field* field = nullptr;      // the value or key, else null
  const RecordType* type = nullptr;  // with a key: its record type, which lives in `parent`
  Path parent;
};

// Reads what follows `set` or `delete`, word by word.
class CommandReader {
 public:
  explicit CommandReader(Operation::Kind kind) : kind_(kind) {}

  // What may come next, words before values. Empty: nothing, the line can only end.
  [[nodiscard]] std::vector<Expected> expected() const;
  // Error, with the word's column: E-101 and E-102 to E-105, E-109. Then this reader is done for.
  [[nodiscard]] Status take(const Word& word);
  // What was read; E-106, at `column`, where a word is missing.
  [[nodiscard]] Result<std::vector<Operation>> finish(int column) const;

 private:
  enum class State : std::uint8_t { kKind, kKey, kRecord, kValue };

  [[nodiscard]] bool may_have_more_keys() const;
  [[nodiscard]] bool is_given(std::string_view field) const;
  [[nodiscard]] std::vector<Expected> expected_in_record() const;
  [[nodiscard]] Status take_kind(const Word& word);
  [[nodiscard]] Status take_key(const Word& word);
  [[nodiscard]] Status take_in_record(const Word& word);
  [[nodiscard]] std::optional<Status> take_field_name(const Word& word);
  [[nodiscard]] Status take_value(const Field& field, const Word& word);
  [[nodiscard]] bool take_list_part(const Word& word);
  [[nodiscard]] Status take_positional(const Word& word);
  [[nodiscard]] tl::unexpected<Error> unknown(const Word& word) const;
  void descend(const RecordType& type);
  void flush(std::vector<Operation>& into) const;

  Operation::Kind kind_;
  State state_ = State::kKind;
  Path parent_;                       // of the records being named
  const RecordType* type_ = nullptr;  // of the records being named
  std::vector<std::string> keys_;     // several only where they cannot be taken for words
  Fields fields_;
  std::vector<std::string> names_;
  const Field* field_ = nullptr;  // kValue: waits for its value; kRecord: a list that may go on
  std::vector<Operation> done_;   // of the records above
};

// One line, "set ..." or "delete ...". Errors carry the column.
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
