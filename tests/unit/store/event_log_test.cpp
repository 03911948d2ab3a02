// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "mgmt/store/database.h"
#include "tests/unit/health/loop.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::store {
namespace {

using events::Entry;
using events::Kind;
using testing::EndsWith;
using testing::HasSubstr;

Entry entry(int number) {
  return events::entry_of({.kind = Kind::kServerDown,
                           .text = "server " + std::to_string(number),
                           .fields = {{"POOL", "web"}, {"NUMBER", std::to_string(number)}},
                           .at = std::chrono::system_clock::time_point(
                               std::chrono::milliseconds(1'700'000'000'000 + number))});
}

class EventLogTest : public testing::Test {
 protected:
  std::unique_ptr<EventLog> open() {
    return std::make_unique<EventLog>(loop_.get(), folder_.file("events.db"));
  }
  // What a database browser would find.
  std::int64_t rows() {
    const auto database = Database::open(folder_.file("events.db"), false);
    EXPECT_TRUE(database) << database.error().text;
    return (*database)->integer("SELECT count(*) FROM event").value().value_or(-1);
  }
  std::vector<std::string> texts(EventLog& log, std::size_t count = 10) {
    std::vector<std::string> found;
    const auto entries = log.newest(count);
    EXPECT_TRUE(entries) << entries.error().text;
    for (const Entry& one : *entries) found.push_back(one.text);
    return found;
  }
  using Texts = std::vector<std::string>;

  TempFolder folder_;
  health::Loop loop_;
};

TEST_F(EventLogTest, OfThoseChosenTheNewestWrittenOrNot) {
  const auto log = open();
  for (int i = 1; i <= 6; ++i) {
    Entry one = entry(i);
    if (i % 2 == 0) one.event = "even";
    one.level = i < 4 ? log::Level::kError : log::Level::kInfo;
    one.at = std::chrono::system_clock::time_point(std::chrono::seconds(1000 + i));
    log->append(std::move(one));
    if (i == 3) {
      EXPECT_TRUE(loop_.until([&] { return rows() == 3; }));
    }
  }
  const auto chosen = [&](const events::Choice& choice, std::size_t count = 10) {
    std::vector<std::string> found;
    const auto entries = log->newest(count, choice);
    EXPECT_TRUE(entries);
    for (const Entry& one : *entries) found.push_back(one.text);
    return found;
  };
  for (const char* moment : {"while some wait", "once all are written"}) {
    EXPECT_EQ(chosen({.event = "even"}), (Texts{"server 6", "server 4", "server 2"})) << moment;
    EXPECT_EQ(chosen({.event = "even"}, 1), (Texts{"server 6"})) << moment;
    EXPECT_EQ(chosen({.level = log::Level::kWarning}, 2), (Texts{"server 3", "server 2"}))
        << moment;
    EXPECT_EQ(chosen({.since = std::chrono::system_clock::time_point(std::chrono::seconds(1005))}),
              (Texts{"server 6", "server 5"}))
        << moment;
    EXPECT_EQ(chosen({.event = "none"}), Texts{}) << moment;
    EXPECT_TRUE(loop_.until([&] { return rows() == 6; }));
  }
}

TEST_F(EventLogTest, WhatIsAppendedIsThereAtOnceAndAfterAStart) {
  {
    const auto log = open();
    for (int i = 1; i <= 3; ++i) log->append(entry(i));
    EXPECT_EQ(texts(*log), (Texts{"server 3", "server 2", "server 1"}));
    EXPECT_TRUE(loop_.until([&] { return rows() == 3; }));
    log->append(entry(4));
    EXPECT_EQ(texts(*log, 2), (Texts{"server 4", "server 3"})) << "written or not";
  }
  const auto log = open();
  const auto entries = log->newest(10);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 4U);
  EXPECT_EQ(entries->front(), entry(4));
  EXPECT_EQ(entries->back(), entry(1));
}

TEST_F(EventLogTest, AKillLosesNothingThatALoopHasTurnedOver) {
  const pid_t child = ::fork();
  if (child == 0) {
    const health::Loop loop;  // sd-event serves nobody but the process that made it
    EventLog log(loop.get(), folder_.file("events.db"));
    log.append(entry(1));
    log.append(entry(2));
    (void)sd_event_run(loop.get(), 1'000'000);
    ::_exit(0);  // nothing is closed, no destructor runs
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  const auto log = open();
  EXPECT_EQ(texts(*log), (Texts{"server 2", "server 1"}));
}

TEST_F(EventLogTest, ItHoldsSoManyRowsAndNoMore) {
  const auto log = open();
  const int total = static_cast<int>(EventLog::kRowsKept) + 700;
  for (int i = 1; i <= total; ++i) {
    log->append(entry(i));
    if (i % 5000 == 0 || i == total) {
      ASSERT_TRUE(loop_.until([&] {
        return texts(*log, 1).front() == "server " + std::to_string(i) &&
               rows() >= std::min(i, 20'000);
      }));
    }
  }
  EXPECT_EQ(rows(), static_cast<std::int64_t>(EventLog::kRowsKept));
  EXPECT_EQ(texts(*log, 1), Texts{"server " + std::to_string(total)});
}

TEST_F(EventLogTest, WhatIsDamagedOrForeignIsPutAsideAndTold) {
  const std::string path = folder_.file("events.db");
  {
    const auto store = must_open(folder_.file());  // a database of another kind
  }
  for (const std::string& bytes :
       {std::string("no database at all, but long enough to be read as one, twice over"),
        read_file(folder_.file())}) {
    write_file(path, bytes);
    const auto log = open();
    EXPECT_THAT(texts(*log).front(), HasSubstr("is kept as " + path + ".old"));
    EXPECT_EQ(read_file(path + ".old"), bytes);
    log->append(entry(1));
    EXPECT_TRUE(loop_.until([&] { return rows() == 2; }));
  }
}

TEST_F(EventLogTest, AFolderThatIsNotThereHoldsNothingUp) {
  EventLog log(loop_.get(), folder_.file("gone/events.db"));
  EXPECT_THAT(log.failure(), HasSubstr("events.db"));
  log.append(entry(1));
  EXPECT_EQ(texts(log), Texts{"server 1"});
  std::filesystem::create_directory(folder_.path() / "gone");
  EXPECT_TRUE(loop_.until([&] { return log.failure().empty(); })) << log.failure();
  EXPECT_EQ(texts(log), Texts{"server 1"});
}

// A disk without room: files of this process can grow no more.
TEST_F(EventLogTest, OfAFullDiskWhatMemoryHoldsIsWrittenLaterAndTheRestCounted) {
  const auto log = open();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  const int total = static_cast<int>(EventLog::kWaitingMax) + 5;
  for (int i = 1; i <= total; ++i) log->append(entry(i));
  const bool failed = loop_.until([&] { return !log->failure().empty(); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  (void)::signal(SIGXFSZ, handler);
  ASSERT_TRUE(failed);
  EXPECT_TRUE(
      loop_.until([&] { return rows() == static_cast<std::int64_t>(EventLog::kWaitingMax) + 1; }));
  EXPECT_TRUE(log->failure().empty()) << log->failure();
  bool told = false;
  for (const std::string& text : texts(*log, EventLog::kWaitingMax + 1)) {
    told = told || text.starts_with("5 events are not in the event log");
  }
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace yoke::store
