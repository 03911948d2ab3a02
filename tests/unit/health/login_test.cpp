// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "mgmt/health/digest.h"
#include "mgmt/health/mysql_packet.h"
#include "mgmt/health/scram.h"

namespace yoke::health {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(c) >> 4U];
    text += kDigits[static_cast<unsigned char>(c) & 0xfU];
  }
  return text;
}

// The example of RFC 7677.
constexpr std::string_view kNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

TEST(Scram, IsWhatTheStandardsExampleSays) {
  ScramKeys keys;
  Scram scram("user", "pencil", std::string(kNonce), keys);
  EXPECT_EQ(scram.first_message(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  const auto final = scram.final_message(kServerFirst);
  ASSERT_TRUE(final);
  EXPECT_EQ(*final,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_TRUE(scram.verify(kServerFinal));
}

TEST(Scram, BelievesNoServerThatDoesNotKnowThePassword) {
  ScramKeys keys;
  Scram scram("user", "pencil", std::string(kNonce), keys);
  ASSERT_TRUE(scram.final_message(kServerFirst));
  EXPECT_FALSE(scram.verify("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
  EXPECT_FALSE(scram.verify("e=other-error"));
  EXPECT_FALSE(scram.verify(""));
}

TEST(Scram, NoServerHasProvedAnythingBeforeItWasAsked) {
  ScramKeys keys;
  const Scram scram("user", "pencil", std::string(kNonce), keys);
  EXPECT_FALSE(scram.verify("v="));
}

TEST(ScramKeys, AreMadeOnceForEachPasswordSaltAndNumberOfIterations) {
  ScramKeys keys;
  const ScramKeys::Pair first = keys.of("pencil", "salt", 4096);
  EXPECT_EQ(keys.of("pencil", "salt", 4096).client, first.client);
  EXPECT_EQ(keys.of("pencil", "salt", 4096).server, first.server);
  EXPECT_EQ(keys.made(), 1U);
  EXPECT_NE(keys.of("pencils", "alt", 4096).client, first.client) << "not the bytes in a row";
  EXPECT_NE(keys.of("pencil", "tlas", 4096).client, first.client);
  EXPECT_NE(keys.of("pencil", "salt", 4097).client, first.client);
  EXPECT_EQ(keys.made(), 4U);
}

// As a server might ask for them that makes a new salt each time.
TEST(ScramKeys, AreForgottenInTheEndAndNotWhileTheyAreInUse) {
  ScramKeys keys(100);
  for (int i = 0; i < 1000; ++i) {
    (void)keys.of("pencil", std::to_string(i), 1);
    (void)keys.of("pencil", "in use", 1);
  }
  EXPECT_EQ(keys.made(), 1001U);
  (void)keys.of("pencil", "0", 1);
  EXPECT_EQ(keys.made(), 1002U) << "forgotten";
}

TEST(Scram, RefusesMessagesThatMakeNoSenseOrTooMuchWork) {
  for (const std::string_view first :
       {"", "r=rOprNGfwEbeRWgbNEkqO1,s=W22Z", "s=W22Z,i=4096", "r=another,s=W22Z,i=4096",
        "r=rOprNGfwEbeRWgbNEkqO1,s=W22,i=4096", "r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=0",
        "r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=x", "r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=1000000000"}) {
    ScramKeys keys;
    Scram scram("user", "pencil", std::string(kNonce), keys);
    EXPECT_FALSE(scram.final_message(first)) << first;
  }
}

// The bytes are those of an independent computation, by Python's hashlib.
TEST(MysqlProof, IsThePasswordOfNobodyElse) {
  constexpr std::string_view kScramble = "abcdefghij0123456789";
  EXPECT_EQ(hex(*mysql::proof_of("mysql_native_password", "secret", kScramble)),
            "99db25ccb2a625f0e7cf4ce2e895ef9609dfe5e4");
  EXPECT_EQ(hex(*mysql::proof_of("caching_sha2_password", "secret", kScramble)),
            "bd7d89fc1c297010da753d08822e9e48d3eafbb6e68e1f9b403be12dc5687a40");
  EXPECT_EQ(*mysql::proof_of("mysql_native_password", "", kScramble), "");
  EXPECT_FALSE(mysql::proof_of("client_ed25519", "secret", kScramble));
}

TEST(Digests, AreWhatTheyAreElsewhere) {
  EXPECT_EQ(md5_hex(md5_hex("secretwatch") + "\x01\x02\x03\x04"),
            "c6de02aa949fc129a75cd547ea0da111");
  EXPECT_EQ(hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

}  // namespace
}  // namespace yoke::health
