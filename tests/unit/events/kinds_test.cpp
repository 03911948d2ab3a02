// SPDX-License-Identifier: Apache-2.0
#include "mgmt/events/kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "mgmt/events/event.h"

namespace yoke::events {
namespace {

using testing::MatchesRegex;

TEST(Kinds, EachHasNamesOfItsOwn) {
  std::set<std::string_view> ids, codes, message_ids;
  for (const KindRow& row : kinds()) {
    EXPECT_THAT(std::string(row.id), MatchesRegex("[a-z]+(-[a-z]+)*"));
    EXPECT_THAT(std::string(row.code), MatchesRegex("V-[1-9][0-9][0-9]"));
    EXPECT_THAT(std::string(row.message_id), MatchesRegex("[0-9a-f]{32}")) << row.id;
    EXPECT_TRUE(ids.insert(row.id).second) << row.id;
    EXPECT_TRUE(codes.insert(row.code).second) << row.code;
    EXPECT_TRUE(message_ids.insert(row.message_id).second) << row.id;
    EXPECT_FALSE(row.meaning.empty() || row.meaning.ends_with('.')) << row.id;
  }
}

TEST(Kinds, AnAlarmNamesWhatToTypeAndEndsWithAnotherKind) {
  std::set<Kind> raised, cleared;
  for (const AlarmRow& row : alarm_kinds()) {
    EXPECT_FALSE(row_of(row.raised).command.empty()) << row_of(row.raised).id;
    EXPECT_TRUE(raised.insert(row.raised).second);
    EXPECT_TRUE(cleared.insert(row.cleared).second);
    EXPECT_EQ(&alarm_row_of(row.raised), &row);
    EXPECT_LT(static_cast<int>(row_of(row.raised).level), 7);
    EXPECT_GE(static_cast<int>(row_of(row.cleared).level),
              static_cast<int>(row_of(row.raised).level));
  }
  for (const Kind kind : raised) EXPECT_FALSE(cleared.contains(kind));
}

TEST(Kinds, ThePageIsAsTheTable) {
  std::ifstream in(YOKE_SOURCE_DIR "/mgmt/events/EVENTS.md");
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(page, reference()) << "write it anew: YOKE_WRITE=1 of this test";
  if (std::getenv("YOKE_WRITE") != nullptr) {
    std::ofstream(YOKE_SOURCE_DIR "/mgmt/events/EVENTS.md") << reference();
  }
}

TEST(Event, ItsEntryHasWhatTheTableSaysAndACommandOfItsOwn) {
  const Event event{Kind::kServerDown,
                    "server 192.0.2.11:80 of pool web is down",
                    {{"POOL", "web"}, {"SERVER", "192.0.2.11:80"}}};
  const Entry entry = entry_of(event);
  EXPECT_EQ(entry.event, "server-down");
  EXPECT_EQ(entry.code, row_of(Kind::kServerDown).code);
  EXPECT_EQ(entry.level, log::Level::kWarning);
  EXPECT_EQ(entry.text, event.text);
  EXPECT_EQ(entry.at, event.at);
  EXPECT_EQ(entry.command, "show check web 192.0.2.11:80");
  EXPECT_EQ(entry.fields, (decltype(Entry::fields){{"POOL", "web"}, {"SERVER", "192.0.2.11:80"}}));
  EXPECT_EQ(entry_of({Kind::kNotifyFailed, "", {{"NOTIFY", "mail:ops"}, {"TO", "ops"}}}).command,
            "request notify mail:ops test");
}

}  // namespace
}  // namespace yoke::events
