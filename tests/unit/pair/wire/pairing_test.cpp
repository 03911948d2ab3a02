// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/pairing.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <functional>
#include <initializer_list>
#include <map>
#include <random>
#include <set>

#include "tests/unit/pair/wire/rig.h"

namespace yoke::pair {
namespace {

using Message = Pairing::Message;

Pairing::Random random_of(std::uint32_t seed) {
  std::mt19937 source(seed);
  Pairing::Random random;
  for (auto& octet : random.private_key) octet = static_cast<std::uint8_t>(source());
  for (auto& octet : random.number) octet = static_cast<std::uint8_t>(source());
  return random;
}

class PairingTest : public testing::Test {
 protected:
  // Up to the comparison.
  void exchange() {
    commit_ = a_.begin();
    offer_ = b_.receive(commit_);
    reveal_ = a_.receive(offer_);
    EXPECT_TRUE(b_.receive(reveal_).empty());
  }
  // `message` ends it at `at` for that reason, and the abort ends it at the other end.
  static void expect_failure(Pairing& at, const Message& message, PairingFailure reason) {
    const Message answer = at.receive(message);
    EXPECT_EQ(at.state(), PairingState::kFailed);
    EXPECT_EQ(to_string(at.failure()), to_string(reason));
    ASSERT_FALSE(answer.empty());
    Pairing other(random_of(99), "other");
    EXPECT_TRUE(other.receive(answer).empty());
    EXPECT_EQ(other.failure(), PairingFailure::kRejectedThere);
    EXPECT_EQ(at.secrets(), nullptr);
  }

  Pairing a_{random_of(1), "lb-a"}, b_{random_of(2), "lb-b"};
  Message commit_, offer_, reveal_;
};

TEST_F(PairingTest, BothShowOneCodeAndHaveOneSecretOnceBothConfirm) {
  EXPECT_EQ(a_.state(), PairingState::kIdle);
  exchange();
  EXPECT_EQ(a_.state(), PairingState::kComparing);
  EXPECT_EQ(b_.state(), PairingState::kComparing);
  EXPECT_EQ(a_.code(), b_.code());
  EXPECT_EQ(a_.code().size(), 6U);
  EXPECT_EQ(a_.code().find_first_not_of("0123456789"), std::string::npos);
  EXPECT_EQ(a_.other(), "lb-b");
  EXPECT_EQ(b_.other(), "lb-a");
  EXPECT_EQ(a_.secrets(), nullptr);
  const Message from_a = a_.confirm();
  EXPECT_EQ(a_.state(), PairingState::kAwaitsOther);
  EXPECT_TRUE(a_.confirm().empty());
  EXPECT_TRUE(b_.receive(from_a).empty());
  EXPECT_EQ(b_.state(), PairingState::kComparing);  // its own person has not confirmed
  EXPECT_EQ(b_.secrets(), nullptr);
  const Message from_b = b_.confirm();
  EXPECT_EQ(b_.state(), PairingState::kPaired);
  EXPECT_TRUE(a_.receive(from_b).empty());
  ASSERT_NE(a_.secrets(), nullptr);
  ASSERT_NE(b_.secrets(), nullptr);
  EXPECT_EQ(a_.secrets()->pair_key, b_.secrets()->pair_key);
  EXPECT_NE(a_.secrets()->pair_key, KeyBytes{});
  EXPECT_EQ(a_.secrets()->unit, Unit::kA);
  EXPECT_EQ(b_.secrets()->unit, Unit::kB);
}

TEST_F(PairingTest, EachLearnsThatTheOtherHasKeptItByItsProofAlone) {
  exchange();
  EXPECT_TRUE(a_.kept().empty());
  const Message from_a = a_.confirm();
  (void)b_.receive(from_a);
  (void)a_.receive(b_.confirm());
  const Message kept = a_.kept();
  ASSERT_FALSE(kept.empty());
  EXPECT_TRUE(a_.receive(kept).empty());  // its own, which came back
  EXPECT_TRUE(b_.receive(from_a).empty());
  EXPECT_FALSE(a_.other_has_kept());
  EXPECT_FALSE(b_.other_has_kept());
  EXPECT_TRUE(b_.receive(kept).empty());
  EXPECT_TRUE(b_.other_has_kept());
  EXPECT_TRUE(a_.receive(b_.kept()).empty());
  EXPECT_TRUE(a_.other_has_kept());
  EXPECT_EQ(a_.state(), PairingState::kPaired);
}

TEST_F(PairingTest, WhoIsBusySaysSo) {
  (void)a_.begin();
  EXPECT_TRUE(a_.receive(Pairing::busy()).empty());
  EXPECT_EQ(a_.failure(), PairingFailure::kBusyThere);
  // And a unit that has kept nothing takes no word of it.
  (void)b_.receive(Pairing(random_of(3), "lb-c").begin());
  Message early = Pairing::busy();
  early[5] = 6;
  expect_failure(b_, early, PairingFailure::kWrongOrder);
}

TEST_F(PairingTest, EachTryHasOtherSecretsAndAnotherCode) {
  std::set<std::string> codes;
  std::set<KeyBytes> keys;
  for (std::uint32_t i = 0; i < 50; ++i) {
    Pairing a(random_of(100 + i), "lb-a"), b(random_of(2), "lb-b");
    (void)b.receive(a.receive(b.receive(a.begin())));
    codes.insert(a.code());
    EXPECT_EQ(a.code(), b.code());
    (void)a.receive(b.confirm());
    (void)b.receive(a.confirm());
    keys.insert(a.secrets()->pair_key);
  }
  EXPECT_EQ(codes.size(), 50U);
  EXPECT_EQ(keys.size(), 50U);
}

Frame hex(std::string_view text) {
  Frame bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::string octet(text.substr(i, 2));
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(octet, nullptr, 16)));
  }
  return bytes;
}
Bits256 bits(std::string_view text) {
  Bits256 all{};
  const Frame bytes = hex(text);
  std::copy(bytes.begin(), bytes.end(), all.begin());
  return all;
}

// The numbers of RFC 7748 section 6.1.
TEST(Agreement, KeepsToRfc7748) {
  const auto bob = bits("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  const auto alices = bits("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(public_key(bob),
            bits("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
  EXPECT_EQ(shared_secret(bob, alices),
            bits("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"));
}

// RFC 5869 section 2, done by hand.
TEST(Agreement, KeepsToRfc5869) {
  const Bits256 secret = bits("01"), salt = bits("02");
  Bits256 middle{}, expected{}, made{};
  HMAC(EVP_sha256(), salt.data(), 32, secret.data(), 32, middle.data(), nullptr);
  const std::string info = "label\x01";
  HMAC(EVP_sha256(), middle.data(), 32, reinterpret_cast<const std::uint8_t*>(info.data()),
       info.size(), expected.data(), nullptr);
  hkdf(secret, salt, "label", made);
  EXPECT_EQ(made, expected);
}

// ---- somebody between ------------------------------------------------------------------------

// Plays the responder to the initiator and the initiator to the responder, as well as it can: it
// chooses the order, and forwards whatever it likes.
TEST_F(PairingTest, WhoSitsBetweenIsSeenByTheCodes) {
  std::size_t alike = 0;
  for (std::uint32_t i = 0; i < 300; ++i) {
    Pairing a(random_of(4 * i + 1000), "lb-a"), b(random_of(4 * i + 1001), "lb-b");
    Pairing to_a(random_of(4 * i + 1002), "lb-b"), to_b(random_of(4 * i + 1003), "lb-a");
    // Either end first: what one has revealed must not help with the other.
    const auto with_a = [&] { (void)to_a.receive(a.receive(to_a.receive(a.begin()))); };
    const auto with_b = [&] { (void)b.receive(to_b.receive(b.receive(to_b.begin()))); };
    if (i % 2 == 0) {
      with_a();
      with_b();
    } else {
      with_b();
      with_a();
    }
    ASSERT_EQ(a.state(), PairingState::kComparing);
    ASSERT_EQ(b.state(), PairingState::kComparing);
    if (a.code() == b.code()) ++alike;
    // A person who does not look: the keys differ all the same, and are not those of the other end.
    EXPECT_FALSE(a.confirm().empty());
    const Message forwarded = b.confirm();
    (void)a.receive(forwarded);
    EXPECT_EQ(a.failure(), PairingFailure::kBadConfirmation);
  }
  EXPECT_EQ(alike, 0U);  // once in a million
}

// The strongest thing to do in between: to try numbers until the codes agree. The commitment leaves
// no room for it: what is revealed must be what was committed to before the other number was open.
TEST_F(PairingTest, WhoSitsBetweenCannotChangeItsMindAfterItHasSeenTheOffer) {
  Pairing between(random_of(50), "lb-a"), changed(random_of(51), "lb-a");
  const Message commit = between.begin();
  const Message offer = b_.receive(commit);
  (void)changed.begin();
  const Message reveal = changed.receive(offer);
  expect_failure(b_, reveal, PairingFailure::kBadCommitment);
}

TEST_F(PairingTest, AKeyReplacedOnTheWayChangesTheCode) {
  commit_ = a_.begin();
  offer_ = b_.receive(commit_);
  // The public key is the second field of the offer.
  Message replaced = offer_;
  const Bits256 key = public_key(random_of(60).private_key);
  const Message name{'l', 'b', '-', 'b'};
  const auto place = std::search(replaced.begin(), replaced.end(), name.begin(), name.end());
  std::copy(key.begin(), key.end(), place + 4 + 4);
  (void)b_.receive(a_.receive(replaced));
  EXPECT_EQ(a_.state(), PairingState::kComparing);
  EXPECT_NE(a_.code(), b_.code());
}

TEST_F(PairingTest, AnyChangedOctetIsRefusedOrChangesTheCode) {
  exchange();
  const auto try_with = [&](const Message& commit, const Message* offer, const Message* reveal) {
    Pairing a(random_of(1), "lb-a"), b(random_of(2), "lb-b");
    (void)a.begin();
    const Message honest_offer = b.receive(commit);
    const Message honest_reveal = a.receive(offer != nullptr ? *offer : honest_offer);
    (void)b.receive(reveal != nullptr ? *reveal : honest_reveal);
    const bool both =
        a.state() == PairingState::kComparing && b.state() == PairingState::kComparing;
    return !both || a.code() != b.code();
  };
  EXPECT_FALSE(try_with(commit_, nullptr, nullptr));
  for (std::size_t at = 0; at < std::max(commit_.size(), offer_.size()); ++at) {
    const auto changed = [&](Message message) {
      if (at < message.size()) message[at] ^= 0x21;
      return message;
    };
    const Message commit = changed(commit_), offer = changed(offer_), reveal = changed(reveal_);
    if (at < commit_.size()) {
      EXPECT_TRUE(try_with(commit, nullptr, nullptr)) << at;
    }
    if (at < offer_.size()) {
      EXPECT_TRUE(try_with(commit_, &offer, nullptr)) << at;
    }
    if (at < reveal_.size()) {
      EXPECT_TRUE(try_with(commit_, nullptr, &reveal)) << at;
    }
  }
}

// ---- what makes no sense ---------------------------------------------------------------------

TEST_F(PairingTest, WhatComesBackToItsSenderIsRefused) {
  Pairing mirror(random_of(1), "mirror");  // has a's own key
  (void)a_.begin();
  expect_failure(a_, mirror.receive(Pairing(random_of(3), "x").begin()),
                 PairingFailure::kReflected);
}

TEST_F(PairingTest, BothAskingAtOnceIsTold) {
  Pairing other(random_of(3), "other");
  (void)a_.begin();
  expect_failure(a_, other.begin(), PairingFailure::kBothAsked);
}

TEST_F(PairingTest, KeysOfSmallOrderAreRefused) {
  (void)a_.begin();
  for (const std::uint8_t first : std::initializer_list<std::uint8_t>{0, 1}) {
    Pairing a(random_of(1), "lb-a");
    Message offer = b_.state() == PairingState::kIdle ? b_.receive(a.begin()) : offer_;
    (void)a.begin();
    offer_ = offer;
    const Message name{'l', 'b', '-', 'b'};
    const auto place = std::search(offer.begin(), offer.end(), name.begin(), name.end()) + 8;
    std::fill(place, place + 32, std::uint8_t{0});
    *place = first;
    expect_failure(a, offer, PairingFailure::kWeakKey);
  }
}

TEST_F(PairingTest, MessagesInAnyOtherOrderEndIt) {
  exchange();
  const Message confirm_a = a_.confirm(), confirm_b = b_.confirm();
  const std::map<std::string, Message> messages{
      {"commit", commit_}, {"offer", offer_}, {"reveal", reveal_}, {"confirm", confirm_a}};
  // What each stage takes; anything else is out of order.
  struct Stage {
    std::string takes;
    std::function<void(Pairing&)> reach;
  };
  const std::vector<Stage> responder{{"commit", [](Pairing&) {}},
                                     {"reveal", [&](Pairing& b) { (void)b.receive(commit_); }},
                                     {"confirm", [&](Pairing& b) {
                                        (void)b.receive(commit_);
                                        (void)b.receive(reveal_);
                                      }}};
  for (const Stage& stage : responder) {
    for (const auto& [name, message] : messages) {
      Pairing b(random_of(2), "lb-b");
      stage.reach(b);
      if (name == stage.takes) {
        (void)b.receive(message);
        EXPECT_NE(b.state(), PairingState::kFailed) << name;
      } else {
        expect_failure(b, message, PairingFailure::kWrongOrder);
      }
    }
  }
  for (const auto& [name, message] : messages) {
    if (name == "offer" || name == "commit") continue;
    Pairing a(random_of(1), "lb-a");
    (void)a.begin();
    expect_failure(a, message, PairingFailure::kWrongOrder);
  }
}

TEST_F(PairingTest, ARejectionEndsBoth) {
  exchange();
  (void)b_.confirm();
  const Message rejection = a_.reject();
  EXPECT_EQ(a_.failure(), PairingFailure::kRejectedHere);
  EXPECT_TRUE(b_.receive(rejection).empty());
  EXPECT_EQ(b_.failure(), PairingFailure::kRejectedThere);
  EXPECT_TRUE(a_.reject().empty());
  EXPECT_TRUE(a_.confirm().empty());
  EXPECT_TRUE(a_.receive(offer_).empty());
}

TEST_F(PairingTest, WhoIsPairedStaysSo) {
  exchange();
  const Message confirm_a = a_.confirm();
  (void)b_.receive(confirm_a);
  (void)a_.receive(b_.confirm());
  Pairing other(random_of(3), "other");
  EXPECT_TRUE(a_.receive(other.begin()).empty());
  EXPECT_TRUE(a_.receive(other.reject()).empty());
  EXPECT_TRUE(a_.receive(bytes_of("garbage")).empty());
  EXPECT_TRUE(a_.reject().empty());
  EXPECT_NE(a_.secrets(), nullptr);
  EXPECT_EQ(a_.secrets()->pair_key, b_.secrets()->pair_key);
}

TEST_F(PairingTest, AnotherVersionIsTold) {
  Message newer = a_.begin();
  newer[4] = 2;
  expect_failure(b_, newer, PairingFailure::kNewerVersion);
}

TEST_F(PairingTest, FieldsOfTheNextReleaseAreSteppedOver) {
  Message commit = a_.begin();
  const Message more{0x40, 0, 0, 3, 'n', 'e', 'w'};
  commit.insert(commit.end(), more.begin(), more.end());
  commit[7] = static_cast<std::uint8_t>(commit[7] + more.size());
  const Message offer = b_.receive(commit);
  EXPECT_FALSE(offer.empty());
  EXPECT_EQ(b_.state(), PairingState::kExchanging);
}

TEST_F(PairingTest, EveryTruncationAndGarbageIsRefused) {
  const Message commit = a_.begin();
  for (std::size_t length = 0; length < commit.size(); ++length) {
    Pairing b(random_of(2), "lb-b");
    expect_failure(b, Message(commit.begin(), commit.begin() + static_cast<long>(length)),
                   PairingFailure::kMalformed);
    // A length that says so as well leaves half a field, or lacks one.
    if (length < 8) continue;
    Message shorter(commit.begin(), commit.begin() + static_cast<long>(length));
    shorter[7] = static_cast<std::uint8_t>(length - 8);
    Pairing c(random_of(2), "lb-b");
    expect_failure(c, shorter, PairingFailure::kMalformed);
  }
  const std::vector<std::string> names{"", "two words", "\x1b[2J", "\xff", std::string(64, 'x')};
  for (const std::string& name : names) {
    Pairing b(random_of(2), "lb-b"), bad(random_of(3), name);
    expect_failure(b, bad.begin(), PairingFailure::kMalformed);
  }
}

TEST(Pairing, TellsHowLongAMessageIs) {
  Pairing a(random_of(1), "lb-a");
  const Message commit = a.begin();
  EXPECT_EQ(Pairing::message_size(commit), commit.size());
  EXPECT_FALSE(Pairing::message_size({commit.data(), 7}));
  EXPECT_LE(commit.size(), Pairing::kMessageMost);
  const Message foreign{'G', 'E', 'T', ' ', '/', ' ', 0, 0};
  EXPECT_GT(Pairing::message_size(foreign), Pairing::kMessageMost);
}

}  // namespace
}  // namespace yoke::pair
