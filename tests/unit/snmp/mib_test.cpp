// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "mgmt/snmp/objects.h"

namespace yoke::snmp {
namespace {

std::string mib() {
  std::ifstream file(YOKE_SOURCE_DIR "/mgmt/snmp/YOKE-MIB.txt");
  return {std::istreambuf_iterator<char>(file), {}};
}

// The SYNTAX that fits how a column is read.
std::string syntax_of(const Column& column) {
  switch (column.reading) {
    case Reading::kCounter64:
      return "Counter64";
    case Reading::kText:
      return "SnmpAdminString";
    case Reading::kWord:
    case Reading::kProtocol:
      return "INTEGER";
    case Reading::kAddressType:
      return "InetAddressType";
    case Reading::kAddress:
      return "InetAddress";
    case Reading::kPort:
      return "InetPortNumber";
    case Reading::kDate:
      return "DateAndTime";
    case Reading::kUnsigned:
      break;
  }
  return "Gauge32 or Unsigned32";
}

std::string words_of(const Column& column) {
  std::string words;
  int number = 0;
  for (const auto word : column.words) {
    words +=
        (words.empty() ? " { " : ", ") + std::string(word) + "(" + std::to_string(++number) + ")";
  }
  return words.empty() ? "" : words + " }";
}

// Every object that can be read is in the table, with its number and syntax, and no other.
TEST(Mib, IsWhatTheTableSays) {
  const std::map<GroupId, std::string> parents{
      {GroupId::kUnit, "yokeUnit"},          {GroupId::kVip, "yokeVipEntry"},
      {GroupId::kServer, "yokeServerEntry"}, {GroupId::kPort, "yokePortEntry"},
      {GroupId::kDrop, "yokeDropEntry"},     {GroupId::kAlarm, "yokeAlarmEntry"}};
  const std::string text = mib();
  const std::regex object(
      R"((yoke\w+) OBJECT-TYPE\s+SYNTAX ([^\n]+)\s+(?:UNITS "\w+"\s+)?MAX-ACCESS read-only)"
      R"([^:]*?(?:"[^"]*")\s+::= \{ (\w+) (\d+) \})");
  std::map<std::pair<std::string, std::string>, std::string> syntaxes;
  for (std::sregex_iterator it(text.begin(), text.end(), object), end; it != end; ++it) {
    syntaxes[{(*it)[3], (*it)[4]}] = (*it)[2];
  }
  std::size_t columns = 0;
  for (const Group& group : groups()) {
    for (const Column& column : group.columns) {
      ++columns;
      const std::string found = syntaxes[{parents.at(group.id), std::to_string(column.number)}];
      const std::string wanted = syntax_of(column) + words_of(column);
      EXPECT_FALSE(found.empty()) << parents.at(group.id) << ' ' << column.number;
      if (column.reading == Reading::kUnsigned) {
        EXPECT_NE(wanted.find(found), std::string::npos) << column.key;
      } else {
        EXPECT_EQ(found.substr(0, wanted.size()), wanted) << column.key;
      }
    }
  }
  EXPECT_EQ(syntaxes.size(), columns);
}

TEST(Mib, GroupsAndColumnsAreInTheOrderOfTheirNumbers) {
  std::uint32_t before = 0;
  for (const Group& group : groups()) {
    EXPECT_EQ(&group_of(group.id), &group);
    EXPECT_LT(before, group.number);
    before = group.number;
    std::uint32_t column_before = 0;
    for (const Column& column : group.columns) {
      EXPECT_LT(column_before, column.number);
      column_before = column.number;
    }
  }
}

TEST(Mib, ItsEnterpriseIsTheOneThatIsAnsweredFor) {
  EXPECT_NE(mib().find("::= { enterprises " + std::to_string(kMib[6]) + " }"), std::string::npos);
}

}  // namespace
}  // namespace yoke::snmp
