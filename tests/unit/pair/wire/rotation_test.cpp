// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/rotation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "mgmt/pair/wire/session.h"

// Two units that replace their key: as state machines, over real sessions, on a network and on
// disks that do what they like.
namespace yoke::pair {
namespace {

using std::chrono::milliseconds;
using News = Rotation::News;
using Phase = Rotation::Phase;
using Frame = std::vector<std::uint8_t>;

constexpr milliseconds kStep{100};

struct Crash {};

PairKeys first_keys() {
  PairKeys keys;
  keys.current.id = 255;  // numbers wrap
  keys.current.bytes.fill(0x5a);
  return keys;
}

// What goes wrong, and how often, of 1,000.
struct Troubles {
  unsigned lost = 0, doubled = 0, late = 0, crash = 0, disk = 0;
};

class World;

// One unit: what is on its disk, and a process that may die at each step.
class Box final : public Rotation::Outlet {
 public:
  Box(World& world, Unit unit) : world_(world), unit_(unit), disk_(first_keys()) { start(); }

  void start();
  void step();
  void take(const Frame& frame);
  void ask();
  [[nodiscard]] bool lives() const { return rotation_ != nullptr; }
  void die() {
    rotation_.reset();
    session_.reset();
  }
  [[nodiscard]] const PairKeys& disk() const { return disk_; }
  [[nodiscard]] Rotation& rotation() { return *rotation_; }
  [[nodiscard]] Session& session() { return *session_; }
  [[nodiscard]] bool has_heard(News what) const {
    return std::find(news.begin(), news.end(), what) != news.end();
  }

  bool store(const PairKeys& keys) override;
  void use(const PairKeys& keys) override {
    std::optional<Key> newer;
    if (keys.next) newer = keys.next->key;
    EXPECT_TRUE(session_->keys().follow(keys.current, newer));
  }
  void send(const RotationMessage& message) override;
  void tell(News what) override { news.push_back(what); }

  std::vector<News> news;
  bool disk_fails = false;
  std::uint64_t bodies = 0;

 private:
  void put(std::size_t size, std::span<const std::uint8_t> frame);
  [[nodiscard]] Rotation::Fresh fresh();

  World& world_;
  Unit unit_;
  PairKeys disk_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Rotation> rotation_;
  std::array<std::uint8_t, 1024> room_{};
};

class World {
 public:
  explicit World(std::uint64_t seed) : random(seed), a(*this, Unit::kA), b(*this, Unit::kB) {
    for (int i = 0; i < 5; ++i) step();  // they meet
  }

  bool happens(unsigned of_1000) { return random() % 1000 < of_1000; }

  void put(Unit from, const Frame& frame) {
    if (happens(troubles.lost)) return;
    const int copies = happens(troubles.doubled) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const std::uint64_t due = round + (happens(troubles.late) ? random() % 8 : 0);
      on_the_way.push_back({from, due, frame});
    }
  }
  void step() {
    now += kStep;
    ++round;
    for (Box* box : {&a, &b}) {
      if (!box->lives() && happens(300)) box->start();
      attempt(*box, [&] { box->step(); });
    }
    // Heartbeats would be answered within the turn.
    for (int turn = 0; turn < 3; ++turn) deliver();
  }
  template <typename What>
  void attempt(Box& box, const What& what) {
    if (!box.lives()) return;
    try {
      what();
    } catch (const Crash&) {
      box.die();
    }
  }
  void deliver() {
    std::deque<Sent> waiting;
    std::swap(waiting, on_the_way);
    for (Sent& sent : waiting) {
      if (sent.due > round) {
        on_the_way.push_back(std::move(sent));
        continue;
      }
      Box& to = sent.from == Unit::kA ? b : a;
      attempt(to, [&] { to.take(sent.frame); });
    }
  }
  template <typename Until>
  bool run(const Until& until, std::chrono::seconds most) {
    for (const MonoTime end = now + most; now < end; step()) {
      if (until()) return true;
    }
    return until();
  }
  [[nodiscard]] bool is_settled() {
    return a.lives() && b.lives() && a.disk() == b.disk() && !a.disk().next &&
           a.rotation().phase() == Phase::kIdle && b.rotation().phase() == Phase::kIdle;
  }
  void calm() {
    troubles = {};
    a.disk_fails = b.disk_fails = false;
  }
  // Both hear each other, in both directions.
  [[nodiscard]] bool talk() {
    const auto before = std::pair{a.bodies, b.bodies};
    for (int i = 0; i < 10; ++i) step();
    return a.bodies >= before.first + 5 && b.bodies >= before.second + 5;
  }
  [[nodiscard]] std::uint64_t unreadable() {
    std::uint64_t sum = 0;
    for (Box* box : {&a, &b}) {
      sum += box->session().refusals().of(Refusal::kUnknownKey) +
             box->session().refusals().of(Refusal::kBadTag);
    }
    return sum;
  }

  struct Sent {
    Unit from;
    std::uint64_t due;
    Frame frame;
  };
  std::mt19937_64 random;
  Troubles troubles;
  MonoTime now{std::chrono::hours(1)};
  std::uint64_t round = 0;
  std::deque<Sent> on_the_way;
  Box a, b;
};

void Box::start() {
  Session::Start start;
  start.unit = unit_;
  for (auto& octet : start.boot) octet = static_cast<std::uint8_t>(world_.random());
  for (auto& octet : start.seed) octet = static_cast<std::uint8_t>(world_.random());
  start.key = disk_.current;
  if (disk_.next) {
    start.newer = disk_.next->key;
    start.has_peer_newer = disk_.next->is_proven;
  }
  session_ = std::make_unique<Session>(start);
  rotation_ = std::make_unique<Rotation>(unit_, disk_, *this);
}

Rotation::Fresh Box::fresh() {
  Rotation::Fresh drawn;
  for (auto& octet : drawn.private_key) octet = static_cast<std::uint8_t>(world_.random());
  for (auto& octet : drawn.number) octet = static_cast<std::uint8_t>(world_.random());
  drawn.now_s = 1;
  return drawn;
}

void Box::ask() { (void)rotation_->begin(fresh(), world_.now); }

// The machine may die before, in and after a write.
bool Box::store(const PairKeys& keys) {
  if (world_.happens(world_.troubles.crash)) throw Crash();
  const bool fails = disk_fails || world_.happens(world_.troubles.disk);
  // What has failed may be there all the same.
  if (!fails || world_.happens(500)) disk_ = keys;
  if (world_.happens(world_.troubles.crash)) throw Crash();
  return !fails;
}

void Box::put(std::size_t size, std::span<const std::uint8_t> frame) {
  ASSERT_NE(size, 0U);
  world_.put(unit_, Frame(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size)));
}

void Box::send(const RotationMessage& message) {
  if (world_.happens(world_.troubles.crash)) throw Crash();
  std::array<std::uint8_t, kRotationMessageMost> body{};
  const std::size_t size = encode(message, body);
  ASSERT_NE(size, 0U);
  ASSERT_EQ(decode_rotation({body.data(), size}), message);
  put(session_->seal_rotation(0, {body.data(), size}, room_), room_);
}

void Box::step() {
  rotation_->tick(session_->keys().settled(), world_.now);
  if (session_->wants_hello()) {
    session_->compose_hello(world_.now);
    put(session_->seal_hello(0, room_), room_);
  }
  constexpr std::array<std::uint8_t, 3> kBody{1, 2, 3};
  put(session_->seal(0, kBody, room_), room_);
}

void Box::take(const Frame& frame) {
  const auto opened = session_->open(0, frame, world_.now);
  if (!opened) return;
  if (opened->kind == FrameKind::kMessage) ++bodies;
  if (opened->kind != FrameKind::kRotation) return;
  const auto message = decode_rotation(opened->body);
  ASSERT_TRUE(message);
  rotation_->hear(*message, fresh(), world_.now);
}

constexpr std::chrono::seconds kSoon{2}, kLong{60};

TEST(Rotation, GivesBothUnitsAnotherKeyWithoutLosingAFrame) {
  World world(1);
  const KeyBytes before = world.a.disk().current.bytes;
  world.b.ask();
  ASSERT_TRUE(world.run([&] { return world.a.rotation().phase() == Phase::kBoth; }, kSoon));
  EXPECT_EQ(world.b.rotation().phase(), Phase::kBoth);
  EXPECT_EQ(world.a.disk().current.bytes, before) << "the old one is still there";
  ASSERT_TRUE(world.a.disk().next && world.b.disk().next);
  EXPECT_EQ(world.a.disk().next->key, world.b.disk().next->key);
  ASSERT_TRUE(world.run([&] { return world.is_settled(); }, kLong));
  EXPECT_NE(world.a.disk().current.bytes, before);
  EXPECT_EQ(world.a.disk().current.id, 0) << "after 255";
  EXPECT_EQ(world.a.disk().made_s, 1);
  EXPECT_TRUE(world.talk());
  EXPECT_EQ(world.unreadable(), 0U);
  EXPECT_EQ(world.b.news, (std::vector{News::kBegun, News::kExchanged, News::kFinished}));
  EXPECT_EQ(world.a.news, (std::vector{News::kAsked, News::kExchanged, News::kFinished}));
}

TEST(Rotation, MovesToTheNewKeyOnlyOnceThePeerHasItOnItsDisk) {
  World world(2);
  world.a.ask();
  ASSERT_TRUE(world.run([&] { return world.b.disk().next.has_value(); }, kSoon));
  const auto older = world.a.disk().current.id;
  if (!world.a.disk().next) {
    EXPECT_EQ(world.b.session().keys().sealing(), older);
  }
  ASSERT_TRUE(world.run([&] { return world.a.session().keys().sealing() != older; }, kSoon));
  EXPECT_TRUE(world.b.disk().next);
  EXPECT_FALSE(world.a.rotation().begin({}, world.now)) << "one is going on";
}

TEST(Rotation, IsGivenUpWhereNobodyAnswers) {
  World world(3);
  world.troubles.lost = 1000;
  world.a.ask();
  world.run([] { return false; }, std::chrono::seconds(11));
  EXPECT_TRUE(world.a.has_heard(News::kNoAnswer));
  EXPECT_EQ(world.a.disk(), first_keys());
  world.calm();
  EXPECT_TRUE(world.talk());
  world.a.ask();
  EXPECT_TRUE(
      world.run([&] { return world.is_settled() && world.a.disk() != first_keys(); }, kLong));
}

TEST(Rotation, OfTwoThatAskAtOnceOneGoesOn) {
  World world(4);
  world.a.ask();
  world.b.ask();
  ASSERT_TRUE(world.run([&] { return world.a.rotation().phase() == Phase::kBoth; }, kSoon));
  EXPECT_TRUE(world.b.has_heard(News::kYielded));
  ASSERT_TRUE(world.run([&] { return world.is_settled(); }, kLong));
  EXPECT_EQ(world.a.disk().current.id, 0);
  EXPECT_EQ(world.unreadable(), 0U);
}

// A unit as the other end is played by hand.
struct Alone final : Rotation::Outlet {
  bool store(const PairKeys& keys) override {
    stored.push_back(keys);
    return !fails;
  }
  void use(const PairKeys& keys) override { used.push_back(keys); }
  void send(const RotationMessage& message) override { said.push_back(message); }
  void tell(News what) override { news.push_back(what); }
  bool fails = false;
  std::vector<PairKeys> stored, used;
  std::vector<RotationMessage> said;
  std::vector<News> news;
};

Rotation::Fresh drawn(std::uint8_t with) {
  Rotation::Fresh fresh;
  fresh.private_key.fill(with);
  fresh.number.fill(with);
  return fresh;
}
constexpr MonoTime kNow{std::chrono::hours(1)};

struct TwoAlone {
  Alone out_a, out_b;
  Rotation a{Unit::kA, first_keys(), out_a}, b{Unit::kB, first_keys(), out_b};
  // As far as the answer.
  void offer_and_accept() {
    ASSERT_TRUE(a.begin(drawn(1), kNow));
    b.hear(out_a.said.back(), drawn(2), kNow);
    ASSERT_EQ(out_b.said.back().kind, RotationKind::kAccept);
  }
};

TEST(Rotation, TakesNoForgedShareNorProof) {
  for (const int what : {0, 1, 2}) {
    TwoAlone two;
    two.offer_and_accept();
    RotationMessage accept = two.out_b.said.back();
    if (what == 0) accept.share[5] ^= 1U;
    if (what == 1) accept.confirmation[5] ^= 1U;
    if (what == 2) accept.share = {};  // of small order: who sends it would choose the result
    two.a.hear(accept, drawn(3), kNow);
    EXPECT_EQ(two.out_a.news.back(), News::kForged);
    EXPECT_TRUE(two.out_a.stored.empty());
    ASSERT_EQ(two.out_a.said.back().kind, RotationKind::kRefuse);
    two.b.hear(two.out_a.said.back(), drawn(3), kNow);
    EXPECT_EQ(two.out_b.news.back(), News::kWithdrawn);
    EXPECT_EQ(two.b.keys(), first_keys());
    EXPECT_EQ(two.out_b.used.back(), first_keys());
  }
  TwoAlone two;
  ASSERT_TRUE(two.a.begin(drawn(1), kNow));
  RotationMessage offer = two.out_a.said.back();
  offer.share = {};
  two.b.hear(offer, drawn(2), kNow);
  EXPECT_EQ(two.out_b.said.back().why, static_cast<std::uint8_t>(RotationRefusal::kBadShare));
  EXPECT_TRUE(two.out_b.stored.empty());
}

TEST(Rotation, DoesNothingOnAMessageOfARotationThatIsOver) {
  TwoAlone two;
  two.offer_and_accept();
  const RotationMessage offer = two.out_a.said.back(), accept = two.out_b.said.back();
  two.a.hear(accept, drawn(3), kNow);
  const RotationMessage kept = two.out_a.said.back();
  two.b.hear(kept, drawn(3), kNow);
  ASSERT_EQ(two.b.phase(), Phase::kBoth);
  for (const MonoTime at : {kNow, kNow + Rotation::kBothLeast}) {
    two.a.tick(true, at);
    two.b.tick(true, at);
  }
  ASSERT_EQ(two.a.phase(), Phase::kIdle);
  ASSERT_EQ(two.a.keys(), two.b.keys());
  const auto stored = two.out_b.stored.size();
  two.b.hear(offer, drawn(4), kNow);
  EXPECT_EQ(two.out_b.said.back().why, static_cast<std::uint8_t>(RotationRefusal::kOtherBase));
  two.b.hear(kept, drawn(4), kNow);
  RotationMessage refuse;
  refuse.number = offer.number;
  two.b.hear(refuse, drawn(4), kNow);
  two.a.hear(accept, drawn(4), kNow);
  EXPECT_EQ(two.out_a.said.back().kind, RotationKind::kKept) << "who asks again has it";
  EXPECT_EQ(two.out_b.stored.size(), stored);
  EXPECT_EQ(two.a.keys(), two.b.keys());
}

TEST(Rotation, LetsGoOfTheOldKeyWhereThePeerFallsSilentOnlyAfterLong) {
  TwoAlone two;
  two.offer_and_accept();
  two.a.hear(two.out_b.said.back(), drawn(3), kNow);
  two.a.tick(false, kNow + Rotation::kBothLeast);
  EXPECT_EQ(two.a.phase(), Phase::kBoth);
  two.a.tick(false, kNow + Rotation::kBothMost);
  EXPECT_EQ(two.a.phase(), Phase::kIdle);
  // The other has never heard that: it asks when it is there again, however late.
  const auto accept = two.out_b.said.back();
  two.a.hear(accept, drawn(4), kNow + Rotation::kBothMost);
  two.b.hear(two.out_a.said.back(), drawn(4), kNow + Rotation::kBothMost);
  EXPECT_EQ(two.b.phase(), Phase::kBoth);
}

// A write that fails may be on the disk all the same: then nothing is said that would have the
// other unit forget what this one has.
TEST(Rotation, SaysNothingThatItsDiskMayBelie) {
  TwoAlone two;
  two.offer_and_accept();
  two.out_a.fails = true;
  const auto said = two.out_a.said.size();
  two.a.hear(two.out_b.said.back(), drawn(3), kNow);
  EXPECT_EQ(two.a.phase(), Phase::kOffering);
  two.a.tick(false, kNow + Rotation::kPatience);
  EXPECT_EQ(two.out_a.news.back(), News::kNotStored);
  two.a.hear(two.out_b.said.back(), drawn(3), kNow + Rotation::kPatience);
  EXPECT_EQ(two.out_a.said.size(), said) << "no word until the disk is known";
  EXPECT_FALSE(two.a.begin(drawn(5), kNow + Rotation::kPatience));
  two.out_a.fails = false;
  two.a.tick(false, kNow + 2 * Rotation::kPatience);
  EXPECT_EQ(two.out_a.stored.back(), first_keys());
  two.a.hear(two.out_b.said.back(), drawn(3), kNow + 2 * Rotation::kPatience);
  EXPECT_EQ(two.out_a.said.back().kind, RotationKind::kRefuse);
}

// Whatever is lost, doubled, late, not written, or dies between two steps: when that is over, the
// two have one key, and had one in common all the time.
TEST(Rotation, EndsWithOneKeyInCommonWhateverHappens) {
  unsigned rotated = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    world.troubles = {.lost = static_cast<unsigned>(seed % 5) * 100,
                      .doubled = 200,
                      .late = 300,
                      .crash = static_cast<unsigned>(seed % 4) * 60,
                      .disk = static_cast<unsigned>(seed % 3) * 150};
    const auto asks = [&world](Box& box) {
      if (world.happens(20)) world.attempt(box, [&box] { box.ask(); });
    };
    for (int i = 0; i < 400; ++i) {
      asks(world.a);
      asks(world.b);
      world.step();
      const auto has = [](const PairKeys& keys, const Key& key) {
        return keys.current == key || (keys.next && keys.next->key == key);
      };
      const PairKeys &one = world.a.disk(), &other = world.b.disk();
      const bool share = has(one, other.current) || (other.next && has(one, other.next->key));
      ASSERT_TRUE(share) << "no key in common at step " << i;
    }
    world.calm();
    ASSERT_TRUE(world.run([&] { return world.is_settled(); }, kLong));
    ASSERT_TRUE(world.talk());
    rotated += world.a.disk() != first_keys() ? 1U : 0U;
  }
  EXPECT_GT(rotated, 75U);
}

// The same without deaths: then not one frame may be unreadable.
TEST(Rotation, LosesNoFrameToAKey) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    world.troubles = {.lost = static_cast<unsigned>(seed % 6) * 100, .doubled = 200, .late = 500};
    for (int i = 0; i < 500; ++i) {
      if (world.happens(10)) world.a.ask();
      if (world.happens(10)) world.b.ask();
      world.step();
    }
    EXPECT_EQ(world.unreadable(), 0U);
  }
}

TEST(RotationMessage, IsReadWholeOrNotAtAll) {
  TwoAlone two;
  two.offer_and_accept();
  std::array<std::uint8_t, kRotationMessageMost> body{};
  const std::size_t size = encode(two.out_b.said.back(), body);
  ASSERT_NE(size, 0U);
  for (std::size_t length = 0; length < size; ++length) {
    EXPECT_EQ(decode_rotation({body.data(), length}), std::nullopt) << length;
  }
  EXPECT_EQ(decode_rotation({body.data(), size}), two.out_b.said.back());
  body[4] = 9;  // a kind of another release
  EXPECT_EQ(decode_rotation({body.data(), size}), std::nullopt);
}

}  // namespace
}  // namespace yoke::pair
