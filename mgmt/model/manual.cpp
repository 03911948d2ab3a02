// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/manual.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "mgmt/model/errors.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

std::string_view article(std::string_view word) {
  return std::string_view("aeiou").find(word.front()) == std::string_view::npos ? "a" : "an";
}

// In a cell of a table a bar would begin the next one.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// "pool NAME server ENDPOINT": how a line of `set` names a record.
std::string place(const RecordType& type) {
  std::string text = type.parent.empty() ? "" : place(*find_type(type.parent)) + " ";
  text += type.kind;
  if (type.single) return text;
  text += ' ';
  for (const char c : type.key.name) text += static_cast<char>(c == '-' ? c : c - 'a' + 'A');
  return text;
}

std::string example(const RecordType& type) {
  std::string text = type.parent.empty() ? "set" : example(*find_type(type.parent));
  text += fmt::format(" {}", type.kind);
  return type.single ? text : fmt::format("{} {}", text, type.key.example);
}

std::string takes(const Field& field) {
  std::string text = describe(field);
  if (!field.refers_to.empty())
    text = fmt::format("the name of {} {}", article(field.refers_to), field.refers_to);
  if (field.list) text += "; several, comma separated";
  return text;
}

std::string meaning(const Field& field) {
  std::string text(field.help);
  if (!field.only_for.empty()) {
    text += fmt::format(" (of `{}`)", fmt::join(field.only_for, "`, `"));
  }
  if (field.of_unit) text += "; belongs to this unit alone";
  if (field.secret) text += "; shown as `********`";
  if (field.required) text += "; required";
  if (field.positional) text += "; its name may be left out";
  return text;
}

void add_record(std::string& text, const RecordType& type) {
  auto out = std::back_inserter(text);
  fmt::format_to(out, "\n## {}\n{}.", place(type), type.help);
  if (!type.single) fmt::format_to(out, " {}: {}.", type.key.help, describe(type.key));
  if (type.of_unit) text += " Belongs to this unit alone.";
  text += '\n';
  if (type.fields.empty()) return;
  const Field& first = type.fields.front();
  fmt::format_to(out, "\n    {} {} {}\n", example(type), first.name, quote(first.example));
  text += "\n| setting | what it is | takes | unless set |\n|---|---|---|---|\n";
  for (const Field& field : type.fields) {
    const std::string unless =
        field.default_value.empty() ? "" : fmt::format("`{}`", field.default_value);
    fmt::format_to(out, "| `{}` | {} | {} | {} |\n", field.name, cell(meaning(field)),
                   cell(takes(field)), unless);
  }
}

}  // namespace

std::string manual() {
  std::string text =
      "# Settings\n"
      "Every record and setting of a configuration. This page is made from the schema.\n";
  for (const RecordType& type : schema()) add_record(text, type);
  text += "\n## Errors\n\n| id | what it is |\n|---|---|\n";
  for (const ErrorMeaning& error : kErrors) {
    fmt::format_to(std::back_inserter(text), "| {} | {} |\n", error.id, cell(error.meaning));
  }
  return text;
}

}  // namespace yoke::model
