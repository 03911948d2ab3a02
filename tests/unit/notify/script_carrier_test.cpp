// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/script_carrier.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/support/temp_folder.h"
#include "tests/unit/health/loop.h"
#include "tests/unit/notify/news.h"

namespace yoke::notify {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class Script : public testing::Test {
 protected:
  void write(const std::string& text) {
    std::ofstream(path()) << "#!/bin/sh\n" << text << '\n';
    ASSERT_EQ(::chmod(path().c_str(), 0700), 0);
  }
  Status run() {
    std::optional<Status> how;
    ScriptCarrier carrier(loop_.get(), path());
    carrier.carry(news(), [&](Status ended) { how = std::move(ended); });
    EXPECT_TRUE(loop_.until([&] { return how.has_value(); }));
    return how.value_or(Status());
  }
  [[nodiscard]] std::string path() const { return folder_.file("page"); }
  [[nodiscard]] std::string output() const {
    std::ifstream file(folder_.file("output"));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // Looks now and then at what no event tells of.
  template <typename Holds>
  bool until_seen(Holds&& holds) {
    hal::Timer look(loop_.get(), [&look] { look.start(std::chrono::milliseconds(5)); });
    look.start(std::chrono::milliseconds(0));
    return loop_.until(holds);
  }

  TempFolder folder_;
  health::Loop loop_;
};

TEST_F(Script, ReadsTheDocumentAndTheLatestEventFromItsEnvironment) {
  write("cat > \"${0%/*}/output\"; env | sort >> \"${0%/*}/output\"");
  const Status how = run();
  ASSERT_TRUE(how) << how.error().text;
  EXPECT_THAT(output(), HasSubstr(document(news()) + "\n"));
  EXPECT_THAT(output(), HasSubstr("YOKE_EVENT=vip-down\nYOKE_LEVEL=error\n"
                                  "YOKE_TEXT=vip web is down\nYOKE_UNIT=lb-a\n"));
  EXPECT_THAT(output(), testing::Not(HasSubstr("HOME="))) << "nothing of ours";
}

TEST_F(Script, ThatFailsSaysHow) {
  write("exit 3");
  EXPECT_THAT(run().error().text, EndsWith("page ended with status 3"));
  write("echo sent; printf 'no modem\\033[2J\\n' >&2; exit 3");
  EXPECT_THAT(run().error().text, EndsWith("page ended with status 3: no modem?[2J"));
  write("kill -TERM $$");
  EXPECT_THAT(run().error().text, HasSubstr("page was ended by signal 15"));
}

TEST_F(Script, ThatIsNotThereOrNoProgramIsNamed) {
  EXPECT_THAT(run().error().text, HasSubstr("cannot be run: No such file"));
  write("exit 0");
  ASSERT_EQ(::chmod(path().c_str(), 0600), 0);
  EXPECT_THAT(run().error().text, HasSubstr("cannot be run: Permission denied"));
}

TEST_F(Script, ThatReadsNothingIsWellToo) {
  write("exit 0");
  EXPECT_TRUE(run());
}

TEST_F(Script, EndsWithAllThatItStartedWhenNobodyWantsItAnyMore) {
  write(
      "cd \"${0%/*}\"; mkfifo held\n"
      "(exec 3<>held; : >output; exec sleep 600) &\n"
      "wait");
  {
    ScriptCarrier carrier(loop_.get(), path());
    carrier.carry(news(), [](const Status&) { ADD_FAILURE() << "nobody asked"; });
    ASSERT_TRUE(until_seen([&] { return std::filesystem::exists(folder_.file("output")); }));
  }
  // Nobody has the pipe open for reading any more once what was started is gone.
  EXPECT_TRUE(until_seen([&] {
    const std::string held = folder_.file("held");
    return !FileDescriptor(::open(held.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  }));
}

}  // namespace
}  // namespace yoke::notify
