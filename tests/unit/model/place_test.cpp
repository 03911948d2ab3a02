// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace yoke::model {
namespace {

using testing::HasSubstr;

TEST(Place, IsAFolderOnAnotherMachine) {
  constexpr auto kSftp = Place::Protocol::kSftp;
  constexpr auto kHttps = Place::Protocol::kHttps;
  struct Row {
    const char* text;
    Place place;
    const char* url;
  };
  const Row rows[] = {
      {"sftp://ann@192.0.2.9/srv/yoke",
       {kSftp, "ann", "192.0.2.9", 0, "/srv/yoke/"},
       "sftp://ann@192.0.2.9/srv/yoke/"},
      {"sftp://ann@Backup:2222/", {kSftp, "ann", "backup", 2222, "/"}, "sftp://ann@backup:2222/"},
      {"sftp://ann@backup:22", {kSftp, "ann", "backup", 0, "/"}, "sftp://ann@backup/"},
      {"https://[2001:DB8::1]:8443/dav/lb",
       {kHttps, "", "[2001:db8::1]", 8443, "/dav/lb/"},
       "https://[2001:db8::1]:8443/dav/lb/"},
      {"https://backup:443", {kHttps, "", "backup", 0, "/"}, "https://backup/"},
      {"https://ann@backup/dav/~ann/",
       {kHttps, "ann", "backup", 0, "/dav/~ann/"},
       "https://ann@backup/dav/~ann/"},
      {"https://backup/~/dav", {kHttps, "", "backup", 0, "/~/dav/"}, "https://backup/~/dav/"}};
  for (const Row& row : rows) {
    const auto parsed = Place::parse(row.text);
    ASSERT_TRUE(parsed) << row.text << ": " << parsed.error().text;
    EXPECT_EQ(*parsed, row.place) << row.text << ": " << parsed->path;
    EXPECT_EQ(parsed->url(), row.url);
    EXPECT_EQ(Place::parse(parsed->url()), parsed) << "what it is written as is itself";
  }
}

// The URL is for libcurl, the path for the commands that name files on that machine.
TEST(Place, WhatIsEncodedInTheUrlIsNotInThePath) {
  const auto parsed = Place::parse("sftp://ann@backup/a%20b/c%25d%c3%a9%41");
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_EQ(parsed->path,
            "/a b/c%d\xc3\xa9"
            "A/");
  EXPECT_EQ(parsed->url(), "sftp://ann@backup/a%20b/c%25d%C3%A9A/");
}

TEST(Place, AnythingElseIsRefusedWithItsColumnAndWhatWasExpected) {
  const std::pair<const char*, int> rows[] = {{"", 0},
                                              {"backup", 0},
                                              {"/srv/yoke", 0},
                                              {"http://backup/dav", 0},
                                              {"ftp://ann@backup/", 0},
                                              {"scp://ann@backup/", 0},
                                              {"file:///etc", 0},
                                              {"sftp://backup/srv", 7},
                                              {"sftp://backup/srv@x", 7},
                                              {"sftp://@backup/srv", 7},
                                              {"sftp://a%6e@backup/srv", 7},
                                              {"sftp://ann@", 11},
                                              {"sftp://ann@/srv", 11},
                                              {"sftp://ann@[::1/srv", 11},
                                              {"sftp://ann@[]/srv", 11},
                                              {"sftp://ann@-oProxy/srv", 11},
                                              {"https://", 8},
                                              {"https://b%41/", 8},
                                              {"https://backup:/", 15},
                                              {"https://backup:0/", 15},
                                              {"https://backup:65536/", 15},
                                              {"https://[::1]x/", 13},
                                              {"https://backup?", 14},
                                              {"https://backup#", 14},
                                              {"https://backup/dav?x=1", 18},
                                              {"https://backup/dav?", 18},
                                              {"https://backup/dav#x", 18},
                                              {"https://backup/dav#", 18},
                                              {"sftp://ann@backup/a b", 19},
                                              {"sftp://ann@backup/a\"b", 19},
                                              {"sftp://ann@backup/a\\b", 19},
                                              {"sftp://ann@backup/a%22", 19},
                                              {"sftp://ann@backup/a%5c", 19},
                                              {"sftp://ann@backup/a%2fb", 19},
                                              {"sftp://ann@backup/a%0a", 19},
                                              {"sftp://ann@backup/a%7f", 19},
                                              {"sftp://ann@backup/a%2", 19},
                                              {"sftp://ann@backup/a%zz", 19},
                                              {"sftp://ann@backup//srv", 18},
                                              {"sftp://ann@backup/srv//", 22},
                                              {"sftp://ann@backup/../srv", 24},
                                              {"sftp://ann@backup/srv/.", 23},
                                              {"sftp://ann@backup/%2e%2E/srv", 28},
                                              {"sftp://ann@backup/~/srv", 23},
                                              {"sftp://ann@backup/~", 19}};
  for (const auto& [text, column] : rows) {
    const auto parsed = Place::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().id, "E-515") << text;
    EXPECT_EQ(parsed.error().column, column) << text;
    EXPECT_THAT(parsed.error().text, HasSubstr("expected sftp://")) << text;
  }
}

TEST(Place, APasswordIsRefusedAndNotRepeated) {
  for (const char* text :
       {"sftp://ann:s3cret@backup/srv", "https://ann:s3c@ret@backup/", "https://:s3cret@backup/"}) {
    const auto parsed = Place::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().id, "E-515");
    EXPECT_THAT(parsed.error().text, HasSubstr("/etc/yoke/netrc"));
    EXPECT_THAT(parsed.error().text, testing::Not(HasSubstr("s3c")));
  }
}

}  // namespace
}  // namespace yoke::model
