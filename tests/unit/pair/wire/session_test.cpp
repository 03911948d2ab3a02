// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/session.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <random>

#include "tests/unit/pair/wire/rig.h"

namespace yoke::pair {
namespace {

using namespace std::chrono_literals;

class SessionTest : public testing::Test {
 protected:
  void SetUp() override { meet(a_, b_); }
  Session a_{start_of(0, 1)}, b_{start_of(1, 1)};
};

TEST(Session, TwoThatStartTogetherKnowEachOtherAfterThreeHellos) {
  Session a(start_of(0, 1)), b(start_of(1, 1));
  EXPECT_TRUE(a.wants_hello() && b.wants_hello());
  EXPECT_EQ(heard(b, sealed(a, "too soon")), "[unproven-boot]");
  EXPECT_LE(meet(a, b), 4U);
  EXPECT_FALSE(a.wants_hello() || b.wants_hello());
  EXPECT_EQ(heard(b, sealed(a, "to b")), "to b");
  EXPECT_EQ(heard(a, sealed(b, "to a", kDataWay), kDataWay), "to a");
  EXPECT_EQ(b.refusals().of(Refusal::kUnprovenBoot), b.refusals().all());
}

TEST_F(SessionTest, TakesBodiesOfAnyLengthUpToTheLongest) {
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{1400}, kBodyMost}) {
    const std::string body(length, 'x');
    EXPECT_EQ(heard(b_, sealed(a_, body)), body);
  }
  Frame frame(20'000);
  EXPECT_EQ(a_.seal(0, bytes_of(std::string(kBodyMost + 1, 'x')), frame), 0U);
  EXPECT_EQ(a_.seal(kFrameChannels, bytes_of("x"), frame), 0U);
  EXPECT_EQ(a_.seal(0, bytes_of("x"), {frame.data(), kFrameOverhead}), 0U);
}

TEST_F(SessionTest, TakesAFrameWithEthernetsPadding) {
  Frame frame = sealed(a_, "x");
  frame.resize(60);
  EXPECT_EQ(heard(b_, frame), "x");
}

TEST_F(SessionTest, TakesEachFrameOnceOnTheChannelItWasSentOn) {
  const Frame first = sealed(a_, "first"), second = sealed(a_, "second");
  EXPECT_EQ(heard(b_, first, kDataWay), "[other-channel]");
  EXPECT_EQ(heard(b_, second), "second");
  EXPECT_EQ(heard(b_, first), "first");
  EXPECT_EQ(heard(b_, first), "[replayed]");
  EXPECT_EQ(heard(b_, second), "[replayed]");
  EXPECT_EQ(b_.refusals().of(Refusal::kReplayed), 2U);
}

TEST_F(SessionTest, RefusesWhatIsOlderThanTheWindow) {
  const Frame old = sealed(a_, "old");
  Frame last;
  for (std::uint64_t i = 0; i < ReplayWindow::kSize; ++i) last = sealed(a_, "x");
  EXPECT_EQ(heard(b_, last), "x");
  EXPECT_EQ(heard(b_, old), "[replayed]");
}

TEST_F(SessionTest, RefusesEveryTruncationAndEveryChangedBit) {
  const Frame frame = sealed(a_, "body");
  for (std::size_t length = 0; length < frame.size(); ++length) {
    EXPECT_EQ(heard(b_, Frame(frame.begin(), frame.begin() + static_cast<long>(length))),
              "[truncated]");
  }
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    Frame changed = frame;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_EQ(heard(b_, changed).front(), '[') << "bit " << bit;
  }
  EXPECT_EQ(heard(b_, frame), "body");
}

TEST_F(SessionTest, NamesWhatIsWrongWithAFrame) {
  const auto changed = [&](std::size_t at, std::uint8_t to) {
    Frame frame = sealed(a_, "body");
    frame[at] = to;
    return frame;
  };
  EXPECT_EQ(heard(b_, changed(0, 0)), "[bad-magic]");
  EXPECT_EQ(heard(b_, changed(4, 0)), "[bad-magic]");
  EXPECT_EQ(heard(b_, changed(4, 2)), "[newer-version]");
  EXPECT_EQ(heard(b_, changed(6, 1)), "[other-stream]");
  EXPECT_EQ(heard(b_, changed(7, 1)), "[other-channel]");
  EXPECT_EQ(heard(b_, changed(8, 9)), "[bad-tag]");
  EXPECT_EQ(heard(b_, changed(9, 9)), "[unknown-key]");
  EXPECT_EQ(heard(b_, changed(10, 255)), "[too-long]");
  EXPECT_EQ(heard(b_, changed(11, 5)), "[truncated]");
  EXPECT_EQ(heard(b_, changed(31, 255)), "[bad-tag]");
  EXPECT_EQ(heard(b_, changed(33, 255)), "[bad-tag]");
  EXPECT_EQ(heard(b_, changed(5, 3)), "[bad-tag]");
  EXPECT_EQ(heard(a_, sealed(a_, "mirrored")), "[own]");
  EXPECT_EQ(b_.refusals().of(Refusal::kBadTag), 4U);
  // None of it did any harm.
  EXPECT_EQ(heard(b_, sealed(a_, "still here")), "still here");
}

// The layout and the cryptography, done again with nothing of ours.
TEST_F(SessionTest, SealsAsIsWrittenDown) {
  const Frame frame = sealed(a_, "body", kDataWay);
  const Frame clear(frame.begin(), frame.begin() + 32);
  Frame expected{'Y', 'K', 'P', 'F', 1, 1, 0, 1, 0, 1, 0, 4};
  expected.push_back(0xf0);
  expected.insert(expected.end(), 11, 1);  // of the boot
  expected.insert(expected.end(), {0, 0, 0, 0, 0, 0, 0, 1});
  ASSERT_EQ(clear, expected);

  const auto block = [](const EVP_CIPHER* cipher, const std::uint8_t* key, const std::uint8_t* iv) {
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    EVP_DecryptInit_ex(context, cipher, nullptr, key, iv);
    return context;
  };
  Frame boot_key;
  for (std::uint8_t i = 0; i < 4; ++i) {
    std::uint8_t in[16] = {0, 0, 0, i}, out[32];
    std::fill(in + 5, in + 16, std::uint8_t{1});
    in[4] = 0xf0;
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    int written = 0;
    EVP_EncryptInit_ex(context, EVP_aes_256_ecb(), nullptr, key_of(1).bytes.data(), nullptr);
    EVP_EncryptUpdate(context, out, &written, in, 16);
    EVP_CIPHER_CTX_free(context);
    boot_key.insert(boot_key.end(), out, out + 8);
  }
  const std::uint8_t nonce[12] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  EVP_CIPHER_CTX* context = block(EVP_aes_256_gcm(), boot_key.data(), nonce);
  std::uint8_t body[4];
  int written = 0;
  EVP_DecryptUpdate(context, nullptr, &written, clear.data(), 32);
  EVP_DecryptUpdate(context, body, &written, frame.data() + 32, 4);
  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, 16, const_cast<std::uint8_t*>(&frame[36]));
  EXPECT_EQ(EVP_DecryptFinal_ex(context, body + 4, &written), 1);
  EXPECT_EQ(text_of(body), "body");
  EVP_CIPHER_CTX_free(context);
}

TEST_F(SessionTest, NoTwoFramesAreAlike) {
  EXPECT_NE(sealed(a_, "same"), sealed(a_, "same"));
  Session c(start_of(0, 2));
  Frame one = sealed(c, "same"), other = sealed(a_, "same");
  EXPECT_NE(Frame(one.begin() + 32, one.end()), Frame(other.begin() + 32, other.end()));
}

TEST_F(SessionTest, AKeyOfAnotherPairOpensNothing) {
  Key foreign = key_of(1);
  foreign.bytes[0] ^= 1;
  Session stranger(start_of(0, 2, foreign));
  EXPECT_EQ(heard(b_, sealed(stranger, "forged")), "[bad-tag]");
  EXPECT_EQ(heard(b_, hello_of(stranger)), "[bad-tag]");
  EXPECT_FALSE(b_.wants_hello());
}

TEST_F(SessionTest, AnotherReleasesKindOfFrameIsCountedAndHarmless) {
  // Sealed by hand: this release has no such kind.
  FrameHeader header{};
  header.magic = net::Be32::from_host(kFrameMagic);
  header.version = kFrameVersion;
  header.kind = 200;
  header.key = 1;
  header.boot = start_of(0, 1).boot;
  header.counter = net::Be64::from_host(77);
  KeyRing ring(header.boot, key_of(1));
  Frame frame(kFrameOverhead);
  net::store(frame.data(), header);
  ASSERT_TRUE(ring.seal(header, {}, frame.data() + 32));
  EXPECT_EQ(heard(b_, frame), "[unknown-kind]");
  header.kind = static_cast<std::uint8_t>(FrameKind::kHello);
  header.counter = net::Be64::from_host(78);
  header.length = net::Be16::from_host(3);
  frame.resize(kFrameOverhead + 3);
  net::store(frame.data(), header);
  ASSERT_TRUE(ring.seal(header, bytes_of("abc"), frame.data() + 32));
  EXPECT_EQ(heard(b_, frame), "[malformed]");
  EXPECT_EQ(heard(b_, sealed(a_, "fine")), "fine");
}

// ---- new boots -------------------------------------------------------------------------------

TEST_F(SessionTest, ARestartedPeerIsTakenOnceItAnswersAndTheOldOneNeverAgain) {
  const Frame unheard = sealed(a_, "of the first life");
  Session again(start_of(0, 2));
  EXPECT_EQ(heard(b_, sealed(again, "x")), "[unproven-boot]");
  EXPECT_EQ(heard(b_, sealed(a_, "still the peer")), "still the peer");
  EXPECT_TRUE(b_.wants_hello());
  EXPECT_EQ(heard(again, hello_of(b_)), "[unproven-boot]");
  EXPECT_EQ(heard(b_, hello_of(again)), "new");
  EXPECT_EQ(heard(b_, unheard), "[stale-boot]");
  EXPECT_EQ(heard(b_, hello_of(a_)), "[stale-boot]");
  EXPECT_EQ(heard(b_, sealed(again, "second life")), "second life");
}

TEST(Session, RecordingsOfEarlierBootsAreNeverTakenForANewBoot) {
  std::vector<Frame> recorded;
  for (std::uint8_t boot = 1; boot <= 20; ++boot) {
    Session a(start_of(0, boot)), b(start_of(1, boot));
    meet(a, b, &recorded);
    for (int i = 0; i < 5; ++i) {
      recorded.push_back(sealed(a, "claim"));
      recorded.push_back(sealed(b, "claim"));
      EXPECT_EQ(heard(b, recorded[recorded.size() - 2]), "claim");
    }
  }
  // Fresh processes, all recordings over and over, with our own hellos between.
  Session a(start_of(0, 100)), b(start_of(1, 100));
  for (int round = 0; round < 3; ++round) {
    for (const Frame& frame : recorded) {
      for (Session* session : {&a, &b}) EXPECT_EQ(heard(*session, frame), "[unproven-boot]");
    }
    (void)hello_of(a);
    (void)hello_of(b);
  }
  EXPECT_FALSE(a.peer() || b.peer());
  meet(a, b);
  EXPECT_EQ(heard(b, sealed(a, "alive")), "alive");
  for (const Frame& frame : recorded) EXPECT_EQ(heard(b, frame).front(), '[');
  EXPECT_EQ(heard(b, sealed(a, "alive")), "alive");
}

TEST(Session, AnAnswerThatIsHeldBackDoesNotCount) {
  Session a(start_of(0, 1)), b(start_of(1, 1));
  (void)heard(a, hello_of(b));
  const Frame answer = hello_of(a);
  EXPECT_EQ(heard(b, answer, kDedicatedWay, kStartTime + Freshness::kLife + 1ms),
            "[unproven-boot]");
  EXPECT_EQ(heard(b, answer, kDedicatedWay, kStartTime + Freshness::kLife), "new");
}

TEST(Session, AnAnswerCountsOnceOnly) {
  Session a(start_of(0, 1)), b(start_of(1, 1)), later(start_of(0, 2));
  const Frame question = hello_of(b);
  (void)heard(a, question);
  (void)heard(later, question);
  const Frame answer = hello_of(a), other = hello_of(later);
  EXPECT_EQ(heard(b, other), "new");
  EXPECT_EQ(heard(b, answer), "[unproven-boot]");
  EXPECT_EQ(heard(b, other), "[replayed]");
}

// A unit that restarts must not take what its process before this one may have taken.
TEST_F(SessionTest, ARestartedUnitTakesNothingThatWasSentBeforeItProvedThePeer) {
  const Frame before = sealed(a_, "before"), elsewhere = sealed(a_, "elsewhere", kDataWay);
  EXPECT_EQ(heard(b_, before), "before");
  Session again(start_of(1, 2));
  meet(a_, again);
  EXPECT_EQ(heard(again, before), "[replayed]");
  EXPECT_EQ(heard(again, elsewhere, kDataWay), "[replayed]");
  EXPECT_EQ(heard(again, sealed(a_, "after", kDataWay), kDataWay), "after");
}

TEST_F(SessionTest, AnotherUnitOfTheSameNumberIsNamedAndNotTaken) {
  Session twin(start_of(0, 7));
  EXPECT_EQ(heard(a_, sealed(twin, "me too")), "[unproven-boot]");
  (void)heard(twin, hello_of(a_));
  EXPECT_EQ(heard(a_, hello_of(twin)), "[duplicate-unit]");
  EXPECT_EQ(heard(a_, sealed(b_, "peer")), "peer");
  // A recording of this unit's own earlier life is not a twin.
  Session earlier(start_of(0, 8));
  EXPECT_EQ(heard(a_, hello_of(earlier)), "[unproven-boot]");
}

TEST_F(SessionTest, StreamsOfOnePairDoNotMix) {
  Session::Start start = start_of(0, 9);
  start.stream = Stream::kFlows;
  Session flows(start);
  EXPECT_EQ(heard(b_, hello_of(flows)), "[other-stream]");
  EXPECT_FALSE(b_.wants_hello());
  // One process may give its boot to both: no two frames are sealed with one nonce.
  start.boot = start_of(0, 1).boot;
  Session shared(start), control(start_of(0, 1));
  const Frame one = sealed(shared, "same"), other = sealed(control, "same");
  EXPECT_NE(Frame(one.begin() + 32, one.begin() + 36),
            Frame(other.begin() + 32, other.begin() + 36));
}

// ---- keys ------------------------------------------------------------------------------------

TEST_F(SessionTest, KeysRotateWithoutAGap) {
  const auto both_ways = [&] {
    EXPECT_EQ(heard(b_, sealed(a_, "to b")), "to b");
    EXPECT_EQ(heard(a_, sealed(b_, "to a")), "to a");
  };
  EXPECT_TRUE(a_.keys().add(key_of(2)));
  EXPECT_FALSE(a_.keys().add(key_of(3)));
  both_ways();
  EXPECT_EQ(a_.keys().sealing(), 1);  // the peer has not shown it
  EXPECT_FALSE(a_.keys().drop_older());
  EXPECT_TRUE(a_.wants_hello());
  EXPECT_EQ(heard(b_, hello_of(a_)), "hello");
  both_ways();
  EXPECT_TRUE(b_.keys().add(key_of(2)));
  EXPECT_EQ(heard(a_, hello_of(b_)), "hello");
  EXPECT_EQ(a_.keys().sealing(), 2);
  EXPECT_EQ(b_.keys().sealing(), 1);
  EXPECT_FALSE(a_.keys().settled());
  both_ways();
  EXPECT_EQ(b_.keys().sealing(), 2);
  EXPECT_TRUE(a_.keys().settled() && b_.keys().settled());
  EXPECT_TRUE(a_.keys().drop_older());
  both_ways();
  EXPECT_TRUE(b_.keys().drop_older());
  both_ways();
  EXPECT_EQ(a_.refusals().of(Refusal::kUnknownKey) + b_.refusals().of(Refusal::kUnknownKey), 0U);
  EXPECT_FALSE(a_.keys().has(1));
}

TEST_F(SessionTest, AKeyOfTheSameNumberWithOtherBytesIsNotShown) {
  Key other = key_of(2);
  other.bytes[5] ^= 1;
  EXPECT_TRUE(a_.keys().add(key_of(2)));
  EXPECT_TRUE(b_.keys().add(other));
  (void)heard(a_, hello_of(b_));
  (void)heard(b_, hello_of(a_));
  EXPECT_EQ(a_.keys().sealing(), 1);
  EXPECT_EQ(b_.keys().sealing(), 1);
  EXPECT_EQ(heard(b_, sealed(a_, "works")), "works");
}

TEST(Session, AUnitThatStartsAmidARotationGetsThrough) {
  // The peer has let go of the older key already.
  Session a(start_of(0, 1, key_of(1))), b(start_of(1, 1, key_of(2)));
  EXPECT_TRUE(a.keys().add(key_of(2)));
  EXPECT_EQ(heard(b, hello_of(a)), "[unknown-key]");
  meet(a, b);
  EXPECT_EQ(heard(b, sealed(a, "to b")), "to b");
  EXPECT_EQ(heard(a, sealed(b, "to a")), "to a");
}

TEST(Session, ARestartBetweenTwoRotationsMixesNothing) {
  Session a(start_of(0, 1)), b(start_of(1, 1));
  meet(a, b);
  ASSERT_TRUE(a.keys().add(key_of(2)) && b.keys().add(key_of(2)));
  Session again(start_of(1, 2));
  ASSERT_TRUE(again.keys().add(key_of(2)));
  meet(a, again);
  EXPECT_EQ(a.keys().sealing(), 2);
  EXPECT_EQ(again.keys().sealing(), 2);
  EXPECT_EQ(heard(again, sealed(a, "x")), "x");
}

// ---- hellos ----------------------------------------------------------------------------------

TEST(Hello, AnotherReleasesFieldsAreSteppedOverAndMissingOnesDefaulted) {
  std::uint8_t room[64];
  TlvWriter writer(room);
  writer.add(900, bytes_of("from the future"));
  writer.add(2, bytes_of("0123456789abcdef and what it has grown by"));
  ASSERT_TRUE(writer.complete() || writer.size() > 0);
  const auto hello = decode_hello({room, 19});
  ASSERT_TRUE(hello);
  EXPECT_EQ(*hello, Hello{});
  EXPECT_TRUE(decode_hello({}));
  EXPECT_FALSE(decode_hello({room, 18}));
}

TEST(Hello, ComesBackAsItWas) {
  Hello hello;
  hello.challenge.emplace().fill(1);
  hello.echo_count = 4;
  for (std::uint8_t i = 0; i < 4; ++i) hello.echoes[i].fill(i);
  for (std::size_t i = 0; i < kFrameChannels; ++i) hello.sent[i] = ~std::uint64_t{0} - i;
  hello.newest_key = KeyProof{7, net::Be64::from_host(8)};
  std::array<std::uint8_t, 512> room{};
  const std::size_t size = encode(hello, room);
  ASSERT_GT(size, 0U);
  EXPECT_EQ(decode_hello({room.data(), size}), hello);
  for (std::size_t less = 0; less < size; ++less) {
    EXPECT_EQ(encode(hello, {room.data(), less}), 0U);
  }
}

// A flood of recorded questions does not keep an answer from being proven.
TEST_F(SessionTest, AFloodOfOldHellosHarmsNothing) {
  std::vector<Frame> old;
  for (std::uint8_t boot = 20; boot < 200; ++boot) {
    Session earlier(start_of(0, boot));
    old.push_back(hello_of(earlier));
  }
  for (const Frame& frame : old) EXPECT_EQ(heard(b_, frame), "[unproven-boot]");
  EXPECT_EQ(heard(b_, sealed(a_, "x")), "x");
  EXPECT_LE(hello_of(b_).size(), 512U);
}

TEST_F(SessionTest, RandomBytesAreRefused) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    Frame frame(random() % 200);
    for (auto& octet : frame) octet = static_cast<std::uint8_t>(random());
    if (i % 2 == 0 && frame.size() > 12) {
      const Frame real = sealed(a_, "x");
      std::copy(real.begin(), real.begin() + 12, frame.begin());
    }
    EXPECT_EQ(heard(b_, frame).front(), '[');
  }
  EXPECT_EQ(b_.refusals().all() - b_.refusals().of(Refusal::kUnprovenBoot), 20'000U);
}

}  // namespace
}  // namespace yoke::pair
