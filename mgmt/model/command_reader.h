// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mgmt/model/commands.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/words.h"

// The grammar of lines that edit, written once, over the schema's tables; completion and help of
// the CLI ask it what may come next. Threads: values, any.
namespace yoke::model {

// Something that may come next on a line.
struct Expected {
  std::string word;                  // a word of the grammar, or empty: a value of `field`
  std::string help;                  // one line
  const Field* field = nullptr;      // the value or key, else null
  const RecordType* type = nullptr;  // with a key: its record type, which lives in `parent`
  Path parent;
};

// Reads what follows a verb, word by word.
class CommandReader {
 public:
  explicit CommandReader(EditVerb verb) : verb_(verb) {}

  // What may come next, words before values. Empty: nothing, the line can only end.
  [[nodiscard]] std::vector<Expected> expected() const;
  // Error, with the word's column: E-101 and E-102 to E-105, E-109. Then this reader is done for.
  [[nodiscard]] Status take(const Word& word);
  // What was read; E-106, at `column`, where a word is missing. Of kEnter: one kSet without fields,
  // whose path is the record to enter.
  [[nodiscard]] Result<std::vector<Operation>> finish(int column) const;

 private:
  enum class State : std::uint8_t { kKind, kKey, kRecord, kValue, kNewKey, kEnd };

  [[nodiscard]] bool names_fields() const;  // the line may go on with fields of the record
  [[nodiscard]] bool moves() const;         // the line goes on with `to` and a key
  [[nodiscard]] bool may_end_in(const RecordType& type) const;
  [[nodiscard]] bool may_lead_to(const RecordType& type) const;
  [[nodiscard]] bool may_have_more_keys() const;
  [[nodiscard]] bool is_given(std::string_view field) const;
  [[nodiscard]] std::vector<Expected> expected_in_record() const;
  [[nodiscard]] Status take_kind(const Word& word);
  [[nodiscard]] Status take_key(const Word& word);
  [[nodiscard]] Status take_new_key(const Word& word);
  [[nodiscard]] Status take_in_record(const Word& word);
  [[nodiscard]] std::optional<Status> take_field_name(const Word& word);
  [[nodiscard]] Status take_value(const Field& field, const Word& word);
  [[nodiscard]] bool take_list_part(const Word& word);
  [[nodiscard]] Status take_positional(const Word& word);
  [[nodiscard]] tl::unexpected<Error> unknown(const Word& word) const;
  [[nodiscard]] tl::unexpected<Error> too_early(int column) const;
  void descend(const RecordType& type);
  void flush(std::vector<Operation>& into) const;

  EditVerb verb_;
  State state_ = State::kKind;
  Path parent_;                       // of the records being named
  const RecordType* type_ = nullptr;  // of the records being named
  std::vector<std::string> keys_;     // several only where they cannot be taken for words
  Fields fields_;
  std::vector<std::string> names_;
  std::string to_;                // kRename, kCopy
  const Field* field_ = nullptr;  // kValue: waits for its value; kRecord: a list that may go on
  std::vector<Operation> done_;   // of the records above
};

}  // namespace yoke::model
