// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace yoke::backup {
namespace {

TEST(Place, IsAFolderOnAnotherMachine) {
  using Protocol = Place::Protocol;
  const std::pair<const char*, Place> rows[] = {
      {"sftp://ann@192.0.2.9/srv/yoke",
       {Protocol::kSftp, "sftp://ann@192.0.2.9/srv/yoke/", "/srv/yoke/"}},
      {"sftp://ann@backup:2222/", {Protocol::kSftp, "sftp://ann@backup:2222/", "/"}},
      {"https://[2001:db8::1]:8443/dav/lb",
       {Protocol::kHttps, "https://[2001:db8::1]:8443/dav/lb/", "/dav/lb/"}},
      {"https://backup", {Protocol::kHttps, "https://backup/", "/"}}};
  for (const auto& [text, place] : rows) {
    const auto parsed = Place::parse(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().text;
    EXPECT_EQ(*parsed, place) << text;
  }
}

TEST(Place, AnythingElseIsRefusedWithWhatWasExpected) {
  for (const char* text :
       {"", "backup", "/srv/yoke", "http://backup/dav", "ftp://ann@backup/", "scp://ann@backup/",
        "file:///etc", "sftp://backup/srv", "https://", "https://backup/dav?x=1",
        "https://backup/dav#x", "sftp://ann@backup/a b", "sftp://ann@backup/a\"b"}) {
    const auto parsed = Place::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().id, "E-515") << text;
    EXPECT_THAT(parsed.error().text, testing::HasSubstr("expected sftp://")) << text;
  }
}

TEST(Place, APasswordIsRefusedAndNotRepeated) {
  const auto parsed = Place::parse("sftp://ann:s3cret@backup/srv");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().id, "E-515");
  EXPECT_THAT(parsed.error().text, testing::Not(testing::HasSubstr("s3cret")));
}

}  // namespace
}  // namespace yoke::backup
