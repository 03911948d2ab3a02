// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/ssh_key.h"

#include <gtest/gtest.h>

#include <string>

#include "hal/base/base64.h"

namespace yoke::model {
namespace {

// As ssh-keygen of OpenSSH 9.2 made them; keys of authenticators by PROTOCOL.u2f.
const std::string kOfEachType[] = {
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFoKqQ6qxELT46jGkp3zIFukjNVcC8IFJMyjqIXo2aL9",
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBF0709VT"
    "6A6KTWNAiMr6JkYRBObZxE5ZBnO8fCOCtkASBmMFu+Njit8BqjaiWBMSkwxBmoaK49N47rIYPORSz7c=",
    "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBCLNmQAU"
    "+Ck/hO+2zTuN5L/uMRsQNnlU1jXX4951d2FGvPC0G9EZWdOooh6myaU8UOiiQj/5i4n+3U7Uk4sMrVjE"
    "ZKq6UkqlwN/U7Ku1aBr6dyVOMoPHYPNqfk4C5UtGvg==",
    "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAB7vEKh"
    "D2PXz7YxbdHn4K1NRx5bWyXCZzpXeyUci62lFhVQuHthljioG6o0RpDYsMZhp8MoPhmCi138fdBtFA4x"
    "eAGVeFf7tJURmdVD+j+nN3hH35lW1copLUGi5qRO2ubw2WFR/5xPLKUeeC5MifG6H5mGnCT8bELxCq7e"
    "FzZMixd0Zg==",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCsizXaeq2mMpkTLHtsqwmuTDGSmcNVcKCRHB2Dr1oa"
    "r7fbh6YfJ7tXt4ytdM0Vh4kUGO3lq8A+fvPfeaC3+DqYEjVI/9DD/Q842gr/VLkhxneTM3Qg6TVqPW38"
    "QPaBGpzIYluV+kLNzneG8jxyudpDMVuqdBwNpQd4TXWd49pYnQ==",
    "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAABAgMEB"
    "QYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fAAAABHNzaDo=",
    "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNza"
    "C5jb20AAAAIbmlzdHAyNTYAAABBBAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJ"
    "icoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8AAAAEc3NoOg==",
};
const std::string& kKey = kOfEachType[0];

std::string error_of(const std::string& text) {
  const auto key = canonical_ssh_key(text);
  return key ? "taken as " + *key : key.error().text;
}

TEST(SshKey, OfEachTypeIsTakenAsItIs) {
  for (const std::string& key : kOfEachType) {
    const auto taken = canonical_ssh_key(key + " ann's laptop, \"the blue one\" #1");
    ASSERT_TRUE(taken) << key << ": " << taken.error().text;
    EXPECT_EQ(*taken, key + " ann's laptop, \"the blue one\" #1");
  }
}

TEST(SshKey, HasOneSpelling) {
  EXPECT_EQ(canonical_ssh_key("  " + kKey + "  "), kKey);
  const auto blank = kKey.find(' ');
  const auto parted = kKey.substr(0, blank) + "   " + kKey.substr(blank + 1) + "   ann  b ";
  EXPECT_EQ(canonical_ssh_key(parted), kKey + " ann  b");
}

TEST(SshKey, NeverIsASecondLineNorHasOptions) {
  for (const char control : {'\n', '\r', '\t', '\0', '\x1b', '\x7f', '\xa0'}) {
    EXPECT_EQ(error_of(kKey + " ann" + control + kKey),
              "an SSH key is one line of printable ASCII, and this has another character");
  }
  for (const std::string options : {"command=\"/bin/sh\" ", "cert-authority ", "no-pty,", "# "}) {
    EXPECT_NE(error_of(options + kKey).find("begins no SSH key"), std::string::npos) << options;
  }
}

TEST(SshKey, IsOfATypeThatIsTaken) {
  for (const std::string word :
       {"ssh-dss", "ssh-ed25519-cert-v01@openssh.com", "ssh-ED25519", ""}) {
    const auto error = error_of(word + kKey.substr(kKey.find(' ')));
    EXPECT_NE(error.find("expected ssh-ed25519, ssh-rsa, "), std::string::npos) << error;
  }
}

TEST(SshKey, IsWholeAndOfTheTypeThatItSays) {
  const std::string bytes = *from_base64(kKey.substr(kKey.find(' ') + 1));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(canonical_ssh_key("ssh-ed25519 " + to_base64(bytes.substr(0, size)))) << size;
  }
  EXPECT_FALSE(canonical_ssh_key("ssh-ed25519 " + to_base64(bytes + "x")));
  EXPECT_FALSE(canonical_ssh_key("ssh-rsa" + kKey.substr(kKey.find(' '))));
  EXPECT_FALSE(canonical_ssh_key("ssh-ed25519 " + std::string("\xff\xff\xff\xff")));
  EXPECT_EQ(error_of("ssh-ed25519 AAAA*"),
            "what follows ssh-ed25519 is not base64: take the line of the .pub file");
}

}  // namespace
}  // namespace yoke::model
