// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "hal/base/file_descriptor.h"
#include "tests/unit/health/loop.h"
#include "tests/unit/store/store_fixture.h"

// What libcurl does with real servers is in tests/lab/test_backup.py.
namespace yoke::backup {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(IsDone, NothingButWhatAServerSaysThatHasDoneIt) {
  for (long status = 0; status < 600; ++status) {
    EXPECT_EQ(is_done(Errand::kSend, status), status == 200 || status == 201 || status == 204)
        << status;
    EXPECT_EQ(is_done(Errand::kRemove, status),
              status == 200 || status == 202 || status == 204 || status == 404)
        << status;
  }
}

TEST(Patience, EndsByTheSizeOfWhatIsSent) {
  const Patience patience;
  EXPECT_EQ(patience.limit(0), 2min);
  EXPECT_EQ(patience.limit(16 << 10), 2min + 1s);
  EXPECT_EQ(patience.limit(std::uint64_t{128} << 20), 2min + 8192s);
}

class SenderTest : public testing::Test {
 protected:
  SenderTest() {
    store::write_file(file_, "bytes");
    listener_ = FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = std::to_string(ntohs(address.sin_port));
  }
  // Takes connections, and never says a word.
  [[nodiscard]] model::Place silent(const std::string& scheme) const {
    return model::Place::parse(scheme + "://ann@127.0.0.1:" + port_ + "/srv").value();
  }
  Status send(Sender& sender, const std::string& file, const model::Place& place) {
    std::optional<Status> ended;
    sender.send(file, place, "a.backup", [&ended](Status status) { ended = std::move(status); });
    EXPECT_FALSE(ended) << "never from within";
    EXPECT_TRUE(loop_.until([&] { return ended.has_value(); }));
    return ended.value_or(Status());
  }

  store::TempFolder where_;
  const std::string file_ = where_.file("a.backup");
  Credentials credentials_{.key = where_.file("backup.key"),
                           .known_hosts = where_.file("known_hosts"),
                           .authorities = where_.file("backup-ca.pem"),
                           .netrc = where_.file("netrc")};
  health::Loop loop_;
  FileDescriptor listener_;
  std::string port_;
};

TEST_F(SenderTest, AFileThatIsNotThereIsAnError) {
  Sender sender(loop_.get(), credentials_);
  const auto sent = send(sender, where_.file("none"), silent("https"));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().id, "E-405");
  EXPECT_THAT(sent.error().text, HasSubstr("none cannot be read"));
}

TEST_F(SenderTest, APeerThatTakesForeverIsAFailure) {
  for (const char* scheme : {"https", "sftp"}) {
    Sender sender(loop_.get(), credentials_, {.least = 300ms});
    const auto sent = send(sender, file_, silent(scheme));
    ASSERT_FALSE(sent) << scheme;
    EXPECT_EQ(sent.error().id, "E-516") << scheme;
    EXPECT_THAT(sent.error().text, HasSubstr("a.backup cannot be sent to")) << scheme;
  }
}

TEST_F(SenderTest, CredentialsThatAreThereAndCannotBeReadAreAnError) {
  struct Row {
    const char* scheme;
    const std::string& file;
  };
  for (const Row& row : {Row{"https", credentials_.authorities}, Row{"https", credentials_.netrc},
                         Row{"sftp", credentials_.key}, Row{"sftp", credentials_.known_hosts}}) {
    std::filesystem::create_symlink(row.file, row.file);  // which not even root reads
    Sender sender(loop_.get(), credentials_);
    const auto sent = send(sender, file_, silent(row.scheme));
    ASSERT_FALSE(sent) << row.file;
    EXPECT_EQ(sent.error().id, "E-405") << row.file;
    EXPECT_THAT(sent.error().text, HasSubstr(row.file));
    EXPECT_THAT(sent.error().text, HasSubstr("mode 0600"));
    std::filesystem::remove(row.file);
  }
}

TEST_F(SenderTest, SeveralAreUnderWayAtOnceAndEndForThemselves) {
  Sender sender(loop_.get(), credentials_, {.least = 500ms});
  std::vector<std::string> ended;
  sender.send(file_, silent("https"), "slow", [&](const Status&) { ended.emplace_back("slow"); });
  sender.send(where_.file("none"), silent("https"), "none", [&](const Status&) {
    ended.emplace_back("none");
    sender.remove(silent("sftp"), "next", [&](const Status&) { ended.emplace_back("next"); });
  });
  ASSERT_TRUE(loop_.until([&] { return ended.size() == 3; }));
  EXPECT_THAT(ended, testing::ElementsAre("none", "slow", "next"));
}

TEST_F(SenderTest, OneThatIsGivenUpEndsWithoutAWord) {
  bool ended = false;
  {
    Sender sender(loop_.get(), credentials_);
    sender.send(file_, silent("https"), "a", [&](const Status&) { ended = true; });
    (void)loop_.until([] { return false; }, 1s);
  }
  EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace yoke::backup
