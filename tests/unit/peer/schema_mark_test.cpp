// SPDX-License-Identifier: Apache-2.0
#include "mgmt/peer/schema_mark.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <set>
#include <string_view>
#include <vector>

namespace yoke::peer {
namespace {

using model::Field;
using model::FieldType;

constexpr std::array<std::string_view, 2> kWords{"nat", "dsr"};
constexpr std::array<std::string_view, 3> kMoreWords{"nat", "dsr", "tunnel"};

// One kind of record with one field, and what a release after this one may have made of it.
std::uint64_t mark_of(const std::function<void(model::RecordType&, Field&)>& change) {
  model::RecordType type{.kind = "pool",
                         .plural = "pools",
                         .parent = "",
                         .help = "",
                         .key = {.name = "name",
                                 .type = FieldType::kName,
                                 .help = "",
                                 .example = "",
                                 .default_value = ""},
                         .fields = {}};
  std::array fields{Field{.name = "method",
                          .type = FieldType::kChoice,
                          .help = "How",
                          .example = "nat",
                          .default_value = "nat",
                          .choices = kWords}};
  type.fields = fields;
  change(type, fields.front());
  return schema_mark({&type, 1});
}

TEST(SchemaMark, IsAnotherWhereTheOtherUnitWouldReadSomethingElse) {
  const std::vector<std::function<void(model::RecordType&, Field&)>> changes{
      [](auto&, auto&) {},
      [](auto& type, auto&) { type.kind = "farm"; },
      [](auto& type, auto&) { type.parent = "vip"; },
      [](auto& type, auto&) { type.of_unit = true; },
      [](auto& type, auto&) { type.key.type = FieldType::kInteger; },
      [](auto& type, auto&) { type.fields = {}; },
      [](auto&, auto& field) { field.name = "way"; },
      [](auto&, auto& field) { field.type = FieldType::kFlag; },
      [](auto&, auto& field) { field.default_value = "dsr"; },
      [](auto&, auto& field) { field.of_unit = true; },
      [](auto&, auto& field) { field.list = true; },
      [](auto&, auto& field) { field.choices = kMoreWords; }};
  std::set<std::uint64_t> marks;
  for (const auto& change : changes) marks.insert(mark_of(change));
  EXPECT_EQ(marks.size(), changes.size());
}

TEST(SchemaMark, IsTheSameWhereOnlyWordsForPeopleDiffer) {
  const auto mark = mark_of([](auto&, auto&) {});
  EXPECT_EQ(mark, mark_of([](auto&, auto& field) { field.help = "In which way"; }));
  EXPECT_EQ(mark, mark_of([](auto& type, auto&) { type.help = "Servers"; }));
}

}  // namespace
}  // namespace yoke::peer
