// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "mgmt/backup/backups.h"
#include "tests/unit/backup/far_away.h"
#include "tests/unit/store/store_fixture.h"

// Schedules of hours and days, and places that are away for as long, in a time that a test lets
// pass.
namespace yoke::backup {
namespace {

using namespace std::chrono_literals;
using events::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kPlace = "sftp://ann@192.0.2.9/srv/";
const std::string kOther = "https://192.0.2.8/dav/";

// A file that the disk does not let go of, root or not.
std::string unremovable;
int tried_to_remove = 0;

class Unremovable {
 public:
  explicit Unremovable(const std::string& file) {
    unremovable = file;
    tried_to_remove = 0;
  }
  Unremovable(const Unremovable&) = delete;
  Unremovable& operator=(const Unremovable&) = delete;
  ~Unremovable() { unremovable.clear(); }
  [[nodiscard]] static int tried() { return tried_to_remove; }
};

}  // namespace

extern "C" {
int __real_unlink(const char* path);   // NOLINT(bugprone-reserved-identifier)
int __wrap_unlink(const char* path) {  // NOLINT(bugprone-reserved-identifier)
  if (path != unremovable) return __real_unlink(path);
  ++tried_to_remove;
  errno = EROFS;
  return -1;
}
}

namespace {

class ScheduleTest : public testing::Test {
 protected:
  ScheduleTest() : store_(store::must_open(where_.file())) {
    EXPECT_TRUE(store::commit(*store_, store::first_config()));
    start();
  }
  // As a process that starts anew, at `date_` of the time before.
  void start() {
    backups_.reset();
    auto clock = std::make_unique<FakeClock>();
    if (clock_ != nullptr) clock->pass_until(passed_);
    clock_ = clock.get();
    auto carrier = std::make_unique<FakeCarrier>();
    if (carrier_ != nullptr) carrier->files = files_;
    carrier_ = carrier.get();
    backups_.emplace(
        *store_,
        Backups::Settings{.folder = folder(),
                          .unit = "lb-a",
                          .release = "1",
                          .credentials = {},
                          .database = where_.file(),
                          .free_bytes = [this](const std::string&) { return free_bytes_; }},
        std::move(clock), std::move(carrier), [this](const events::Event& event) {
          told_.push_back(event.kind);
          text_ = event.text;
        });
  }
  void restart() {
    passed_ = clock_->now();
    files_ = carrier_->files;
    start();
  }
  // Until `time` has passed and all that is due then is done.
  void pass(MonoClock::duration time) {
    const MonoTime end = clock_->now() + time;
    for (int turns = 0;; ++turns) {
      ASSERT_LT(turns, 100'000) << "it turns without end";
      if (carrier_->busy() && !carrier_->stuck) {
        carrier_->end_one();
      } else if (clock_->waits() && clock_->due() <= end) {
        clock_->pass_until(clock_->due());
        clock_->call();
      } else {
        break;
      }
    }
    clock_->pass_until(end);
  }
  void make(const std::string& to = "") {
    const auto id = backups_->start(to);
    ASSERT_TRUE(id) << id.error().text;
    pass(0s);
  }
  [[nodiscard]] std::string folder() const { return where_.file("backup"); }
  // Numbers in the names, the newest first.
  [[nodiscard]] std::vector<std::uint64_t> kept() const {
    std::vector<std::uint64_t> numbers;
    for (const Kept& kept : backups_->kept()) numbers.push_back(kept.number);
    return numbers;
  }
  [[nodiscard]] std::vector<std::uint64_t> there(const std::string& url) const {
    std::vector<std::uint64_t> numbers;
    for (const std::string& name : carrier_->files[url]) numbers.push_back(number(name));
    return numbers;
  }
  [[nodiscard]] static std::uint64_t number(const std::string& name) {
    return std::stoull(name.substr(std::string("lb-a-").size(), 6));
  }
  [[nodiscard]] static Schedule every(MonoClock::duration interval, std::size_t keep,
                                      const std::string& to = "") {
    return {
        .interval = std::chrono::ceil<std::chrono::milliseconds>(interval), .keep = keep, .to = to};
  }

  store::TempFolder where_;
  std::unique_ptr<store::ConfigStore> store_;
  std::optional<std::uint64_t> free_bytes_ = std::uint64_t{1} << 40;
  FakeClock* clock_ = nullptr;
  FakeCarrier* carrier_ = nullptr;
  MonoTime passed_;
  std::map<std::string, std::set<std::string>> files_;
  std::vector<Kind> told_;
  std::string text_;
  std::optional<Backups> backups_;
};

TEST_F(ScheduleTest, OneIsMadeAtOnceAndThenOneAnInterval) {
  backups_->follow(every(24h, 100));
  pass(0s);
  EXPECT_THAT(kept(), ElementsAre(1));
  pass(24h - 1ms);
  EXPECT_THAT(kept(), ElementsAre(1));
  pass(1ms);
  EXPECT_THAT(kept(), ElementsAre(2, 1));
  pass(24h * 30);
  EXPECT_THAT(kept(), SizeIs(32));
  EXPECT_THAT(told_, SizeIs(32));
  EXPECT_THAT(told_, testing::Each(Kind::kBackupMade));
}

TEST_F(ScheduleTest, APlaceThatIsAwayDoesNotStopThem) {
  backups_->follow(every(1h, 100, kPlace));
  carrier_->away = {kPlace};
  pass(10h);
  EXPECT_THAT(kept(), SizeIs(11)) << "made at their interval, whatever becomes of them";
  ASSERT_TRUE(backups_->failure());
  EXPECT_EQ(backups_->failure()->id, "E-516");
  EXPECT_THAT(told_, ElementsAre(Kind::kBackupFailed)) << "told once";
  carrier_->away.clear();
  pass(10min);
  EXPECT_THAT(there(kPlace), SizeIs(11)) << "all of them, as soon as it is there";
  EXPECT_FALSE(backups_->failure());
  EXPECT_THAT(told_, ElementsAre(Kind::kBackupFailed, Kind::kBackupMade));
}

TEST_F(ScheduleTest, ATransferThatDoesNotEndDoesNotStopThem) {
  backups_->follow(every(1h, 100, kPlace));
  carrier_->stuck = true;
  pass(10h);
  EXPECT_THAT(kept(), SizeIs(11));
  EXPECT_THAT(carrier_->asked, SizeIs(1));
  EXPECT_TRUE(backups_->start("")) << "nor those that are asked for";
  carrier_->stuck = false;
  pass(0s);
  EXPECT_THAT(there(kPlace), SizeIs(11));
  EXPECT_FALSE(backups_->failure());
}

TEST_F(ScheduleTest, OneThatCannotBeSentDoesNotKeepTheOthersBack) {
  backups_->follow(every(1h, 100, kPlace));
  carrier_->away = {kPlace};
  pass(2h);
  ASSERT_THAT(kept(), ElementsAre(3, 2, 1));
  carrier_->away.clear();
  carrier_->never = backups_->kept()[1].name;
  pass(10min);
  EXPECT_THAT(there(kPlace), ElementsAre(1, 3));
  EXPECT_TRUE(backups_->failure()) << "one is missing";
}

TEST_F(ScheduleTest, AnAnswerThatWasLostIsNoHarm) {
  backups_->follow(every(24h, 2, kPlace));
  carrier_->lose_answer = true;
  pass(1h);
  EXPECT_TRUE(backups_->failure());
  carrier_->lose_answer = false;
  pass(1h);
  EXPECT_FALSE(backups_->failure());
  EXPECT_THAT(there(kPlace), ElementsAre(1));
}

TEST_F(ScheduleTest, OneThatCannotBeginIsNotToldAsTheOneBefore) {
  backups_->follow(every(24h, 5));
  pass(1h);
  free_bytes_ = 1000;
  pass(24h);
  EXPECT_THAT(told_, ElementsAre(Kind::kBackupMade, Kind::kBackupFailed));
  ASSERT_TRUE(backups_->failure());
  EXPECT_EQ(backups_->failure()->id, "E-517");
  pass(72h);
  EXPECT_THAT(told_, SizeIs(2)) << "the alarm does not flutter";
  EXPECT_TRUE(backups_->failure());
  free_bytes_ = std::uint64_t{1} << 40;
  pass(10min);
  EXPECT_FALSE(backups_->failure());
  EXPECT_THAT(told_, ElementsAre(Kind::kBackupMade, Kind::kBackupFailed, Kind::kBackupMade));
}

TEST_F(ScheduleTest, OneThatCannotBeMadeLeavesNoNote) {
  const std::string in_the_way = folder() + "/lb-a-000001-20270115T080000Z.backup.copy";
  std::filesystem::create_directories(in_the_way);
  backups_->follow(every(24h, 5));
  pass(1min);
  EXPECT_TRUE(backups_->failure());
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    left.push_back(entry.path().string());
  }
  EXPECT_THAT(left, ElementsAre(in_the_way));
  pass(10min);
  EXPECT_FALSE(backups_->failure());
  EXPECT_THAT(kept(), ElementsAre(1));
}

TEST_F(ScheduleTest, WhereTheDiskHasNotRoomForCommitsBesideItItIsRefusedWithWhatToDo) {
  const auto database = std::filesystem::file_size(where_.file());
  free_bytes_ = 2 * database + (32 << 20) - 1;
  const auto refused = backups_->start("");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "E-517");
  EXPECT_THAT(refused.error().text, HasSubstr("backup keep"));
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_THAT(std::filesystem::directory_iterator(folder()), std::filesystem::directory_iterator())
      << "not even a note";
  free_bytes_.reset();
  EXPECT_TRUE(backups_->start("")) << "what is not known refuses nothing";
}

TEST_F(ScheduleTest, OnesAskedForNeitherMoveTheScheduleNorCountAsItsOwn) {
  backups_->follow(every(24h, 100, kPlace));
  pass(23h);
  make();
  EXPECT_THAT(there(kPlace), ElementsAre(1)) << "it was to stay here";
  pass(1h);
  EXPECT_THAT(there(kPlace), ElementsAre(1, 3)) << "one day after the first";
  restart();
  make();
  backups_->follow(every(24h, 100, kPlace));
  pass(23h);
  EXPECT_THAT(there(kPlace), ElementsAre(1, 3));
  pass(1h);
  EXPECT_THAT(there(kPlace), ElementsAre(1, 3, 5)) << "after a restart as well";
}

TEST_F(ScheduleTest, OnesAskedForEndNoAlarmAndRaiseNone) {
  backups_->follow(every(24h, 100, kPlace));
  carrier_->away = {kPlace};
  pass(1h);
  make();
  make(kOther);
  EXPECT_EQ(backups_->asked().stage, Stage::kDone);
  EXPECT_TRUE(backups_->failure()) << "nothing has gone where the schedule wants it";
  carrier_->away = {kOther};
  pass(1h);
  EXPECT_FALSE(backups_->failure());
  make(kOther);
  EXPECT_EQ(backups_->asked().stage, Stage::kFailed);
  EXPECT_EQ(backups_->asked().error->id, "E-516");
  EXPECT_EQ(told_.back(), Kind::kBackupFailed);
  EXPECT_FALSE(backups_->failure()) << "whoever asked was told";
}

TEST_F(ScheduleTest, OnesAskedForPushOutEachOtherAlone) {
  backups_->follow(every(24h, 3, kPlace));
  pass(24h * 2);
  ASSERT_THAT(there(kPlace), ElementsAre(1, 2, 3));
  for (int round = 0; round < 20; ++round) make();
  EXPECT_THAT(kept(), ElementsAre(23, 22, 21, 3, 2, 1));
  EXPECT_THAT(there(kPlace), ElementsAre(1, 2, 3));
  restart();
  backups_->follow(every(24h, 3, kPlace));
  pass(24h * 2);
  EXPECT_THAT(there(kPlace), SizeIs(3));
  EXPECT_THAT(there(kPlace), testing::Not(testing::Contains(1U)));
}

TEST_F(ScheduleTest, WhatIsElsewhereGoesOnlyWhenEnoughNewerAreThere) {
  backups_->follow(every(24h, 3, kPlace));
  pass(24h * 2);
  ASSERT_THAT(there(kPlace), ElementsAre(1, 2, 3));
  carrier_->away = {kPlace};
  pass(24h * 5);
  EXPECT_THAT(kept(), ElementsAre(8, 7, 6));
  EXPECT_THAT(there(kPlace), ElementsAre(1, 2, 3)) << "all that there is";
  carrier_->away.clear();
  pass(1h);
  EXPECT_THAT(there(kPlace), ElementsAre(6, 7, 8));
  std::size_t notes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() == ".note") ++notes;
  }
  EXPECT_EQ(notes, 3U);
}

TEST_F(ScheduleTest, OneAskedForThatGoesWhereTheScheduleSendsCountsThere) {
  backups_->follow(every(24h, 2, kPlace));
  pass(24h);
  make(kPlace);
  EXPECT_THAT(there(kPlace), ElementsAre(2, 3));
}

TEST_F(ScheduleTest, WithoutAScheduleADefaultBoundsThoseThatAreAskedFor) {
  for (int round = 0; round < 20; ++round) make();
  EXPECT_THAT(kept(), SizeIs(14));
}

TEST_F(ScheduleTest, AnotherPlaceIsSentAllThatIsKept) {
  backups_->follow(every(24h, 5, kPlace));
  pass(24h * 2);
  backups_->follow(every(24h, 5, kOther));
  pass(0s);
  EXPECT_THAT(there(kOther), ElementsAre(1, 2, 3)) << "what went elsewhere is not there";
  EXPECT_THAT(there(kPlace), ElementsAre(1, 2, 3));
}

TEST_F(ScheduleTest, AnotherPlaceMeanwhileEndsTheRoundToTheOneBefore) {
  backups_->follow(every(24h, 5, kPlace));
  carrier_->stuck = true;
  pass(48h);
  ASSERT_THAT(carrier_->asked, SizeIs(1));
  carrier_->away = {kPlace};
  backups_->follow(every(24h, 5, kOther));
  carrier_->stuck = false;
  pass(0s);
  EXPECT_THAT(there(kOther), ElementsAre(1, 2, 3));
  EXPECT_FALSE(backups_->failure()) << "of a place that is not wanted any more";
  EXPECT_THAT(carrier_->asked, SizeIs(4));
}

TEST_F(ScheduleTest, WhatCouldNotBeSentIsSentAfterARestart) {
  backups_->follow(every(24h, 5, kPlace));
  carrier_->away = {kPlace};
  pass(1h);
  restart();
  backups_->follow(every(24h, 5, kPlace));
  pass(0s);
  EXPECT_THAT(there(kPlace), ElementsAre(1));
}

// Root's writes succeed whatever a file's mode is; a folder in the way stops anybody.
TEST_F(ScheduleTest, ANoteThatCannotBeWrittenIsTold) {
  backups_->follow(every(24h, 5, kPlace));
  carrier_->stuck = true;
  pass(0s);
  const std::string note = folder() + "/" + backups_->kept().front().name + ".note";
  std::filesystem::remove(note);
  std::filesystem::create_directories(note + "/in the way");
  carrier_->stuck = false;
  pass(0s);
  ASSERT_TRUE(backups_->failure());
  EXPECT_THAT(backups_->failure()->text, HasSubstr(".note"));
}

TEST_F(ScheduleTest, OneThatCannotBeRemovedIsToldAndNotTriedWithoutEnd) {
  backups_->follow(every(24h, 1, kPlace));
  pass(0s);
  const Unremovable first(folder() + "/" + backups_->kept().front().name);
  pass(24h);
  EXPECT_THAT(kept(), ElementsAre(2, 1));
  EXPECT_THAT(told_, testing::Contains(Kind::kBackupNotRemoved).Times(1));
  EXPECT_EQ(first.tried(), 1);
  EXPECT_FALSE(backups_->failure()) << "the backup itself is made";
}

TEST_F(ScheduleTest, WhatACrashLeftIsRemovedAtTheStart) {
  pass(0s);
  make();
  const std::string stem = folder() + "/" + backups_->kept().front().name;
  const std::string next = folder() + "/lb-a-000002-20270115T080000Z.backup";
  for (const std::string& left : {next + ".copy", next + ".copy-wal", next + ".copy-shm",
                                  next + ".copy-journal", next + ".new", stem + ".note.new"}) {
    store::write_file(left, "x");
  }
  const std::string others = folder() + "/lb-b-000002-20270115T080000Z.backup.new";
  store::write_file(others, "x");
  restart();
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    left.push_back(entry.path().string());
  }
  EXPECT_THAT(left, testing::UnorderedElementsAre(stem, others));
}

}  // namespace
}  // namespace yoke::backup
