// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace yoke::model {
namespace {

bool is_one_word(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == text.npos &&
         text.front() != '-' && text.back() != '-';
}

TEST(Schema, EveryNameIsOneLowerCaseWordAndEveryHelpOneLine) {
  for (const RecordType& type : schema()) {
    EXPECT_TRUE(is_one_word(type.kind)) << type.kind;
    EXPECT_TRUE(is_one_word(type.plural)) << type.plural;
    EXPECT_FALSE(type.help.empty() || type.help.ends_with('.')) << type.kind;
    for (const Field& field : type.fields) {
      EXPECT_TRUE(is_one_word(field.name)) << field.name;
      EXPECT_FALSE(field.help.empty() || field.help.ends_with('.')) << field.name;
      EXPECT_LE(field.help.size(), 72U) << field.name << ": help must fit a line of 80 columns";
    }
  }
}

TEST(Schema, ParentsComeBeforeChildrenAndNoWordOfARecordMeansTwoThings) {
  std::set<std::string_view> kinds;
  for (const RecordType& type : schema()) {
    EXPECT_TRUE(type.parent.empty() || kinds.contains(type.parent)) << type.kind;
    EXPECT_TRUE(kinds.insert(type.kind).second) << type.kind;
    EXPECT_EQ(find_type(type.kind), &type);
    std::set<std::string_view> words{"schema"};  // a document's own key
    for (const Field& field : type.fields) {
      EXPECT_TRUE(words.insert(field.name).second) << field.name;
      EXPECT_EQ(find_field(type, field.name), &field);
    }
    for (const RecordType& below : schema()) {
      if (below.parent == type.kind) {
        EXPECT_TRUE(words.insert(below.kind).second) << below.kind;
      }
    }
  }
}

TEST(Schema, ExamplesAreAcceptedAndDefaultsAreCanonical) {
  for (const RecordType& type : schema()) {
    EXPECT_TRUE(type.single || canonical(type.key, type.key.example)) << type.kind;
    for (const Field& field : type.fields) {
      EXPECT_TRUE(canonical(field, field.example)) << field.name;
      EXPECT_FALSE(describe(field).empty()) << field.name;
      if (field.default_value.empty()) continue;
      const auto value = canonical(field, field.default_value);
      ASSERT_TRUE(value) << field.name << ": " << value.error().text;
      EXPECT_EQ(*value, field.default_value) << field.name;
    }
  }
}

TEST(Schema, ReferencesAndSpecialFieldsNameWhatExists) {
  for (const RecordType& type : schema()) {
    for (const Field& field : type.fields) {
      EXPECT_EQ(field.type == FieldType::kReference, !field.refers_to.empty()) << field.name;
      if (!field.refers_to.empty()) {
        EXPECT_NE(find_type(field.refers_to), nullptr);
      }
      for (const std::string_view key : field.only_for) {
        EXPECT_TRUE(canonical(type.key, key)) << field.name;
      }
    }
  }
}

// Whether there is a record that has both.
bool meet(const Field& one, const Field& other) {
  if (one.only_for.empty() || other.only_for.empty()) return true;
  return std::ranges::find_first_of(one.only_for, other.only_for) != one.only_for.end();
}

// A positional value is found by trying: two that accept one text would be told apart by luck.
TEST(Schema, NoValueFitsTwoPositionalFieldsOfARecord) {
  for (const RecordType& type : schema()) {
    for (const Field& one : type.fields) {
      for (const Field& other : type.fields) {
        if (&one == &other || !one.positional || !other.positional || !meet(one, other)) continue;
        EXPECT_FALSE(canonical(other, one.example)) << one.name << " and " << other.name;
      }
    }
  }
}

TEST(Schema, ANameBehindTheColonChangesNothingOfWhatACheckHas) {
  const RecordType& check = *find_type("check");
  const Field& path = *find_field(check, "path");
  EXPECT_TRUE(applies(path, "http"));
  EXPECT_TRUE(applies(path, "https:admin"));
  EXPECT_FALSE(applies(path, "tcp:http"));
  EXPECT_FALSE(applies(path, "httpx"));
  EXPECT_TRUE(applies(*find_field(check, "interval"), "tcp:http"));
}

}  // namespace
}  // namespace yoke::model
