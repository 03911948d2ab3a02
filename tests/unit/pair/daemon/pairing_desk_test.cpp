// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/pairing_desk.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "hal/linux/event.h"

// Two units that are paired, with a wire between that the test carries by itself.
namespace yoke::pair {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using namespace std::chrono_literals;

hal::Event make_loop() {
  sd_event* made = nullptr;
  EXPECT_GE(sd_event_new(&made), 0);
  return hal::Event(made);
}

std::array<FileDescriptor, 2> connected_pair() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
  return {FileDescriptor(fds[0]), FileDescriptor(fds[1])};
}

// One unit, with a disk that may be full.
struct Desk {
  Desk(sd_event* loop, const std::string& name, PairingDesk::Settings settings = {.port = 0})
      : desk(loop, settings, [this](const UnitKey& key) -> Status {
          if (!is_writable) return fail(Errc::kFailed, "E-722", "no space left");
          kept = key;
          return {};
        }) {
    EXPECT_TRUE(desk.introduce(name));
  }
  [[nodiscard]] std::string stage() const {
    const Json tried = desk.status()["try"];
    return tried.is_null() ? "" : tried["stage"].get<std::string>();
  }
  [[nodiscard]] std::string code() const { return desk.status()["try"]["code"]; }
  [[nodiscard]] std::string failure() const {
    const Json failure = desk.status()["try"]["failure"];
    return failure.is_null() ? "" : failure["text"].get<std::string>();
  }
  [[nodiscard]] std::vector<std::string> news() const {
    std::vector<std::string> told;
    const Json status = desk.status();
    for (const Json& each : status["news"]) told.push_back(each["what"]);
    return told;
  }

  bool is_writable = true;
  std::optional<UnitKey> kept;
  PairingDesk desk;
};

// What is between two ends: it passes messages on until it is cut, and may change them.
class Wire {
 public:
  using Change = std::function<void(Pairing::Message&)>;

  Wire(FileDescriptor one, FileDescriptor other) : ends_{std::move(one), std::move(other)} {}

  // Whether anything went.
  bool carry() {
    bool went = false;
    for (const std::size_t from : {0U, 1U}) {
      if (!ends_[from]) continue;
      std::array<std::uint8_t, 4096> piece{};
      const ssize_t n = ::recv(ends_[from].get(), piece.data(), piece.size(), 0);
      if (n > 0) held_[from].insert(held_[from].end(), piece.begin(), piece.begin() + n);
      went = pass_on(from) || went;
      if (n == 0 && ends_[1 - from]) {
        (void)::shutdown(ends_[1 - from].get(), SHUT_WR);
        ends_[from].reset();
      }
    }
    return went;
  }
  void cut() {
    for (auto& end : ends_) end.reset();
  }
  void cut_after(std::size_t messages) { most_ = messages; }
  void change_by(Change change) { change_ = std::move(change); }
  [[nodiscard]] std::size_t passed() const { return passed_; }

 private:
  bool pass_on(std::size_t from) {
    bool went = false;
    auto& held = held_[from];
    for (auto size = Pairing::message_size(held); size && *size <= held.size();
         size = Pairing::message_size(held)) {
      const auto end = held.begin() + static_cast<std::ptrdiff_t>(*size);
      Pairing::Message message(held.begin(), end);
      held.erase(held.begin(), end);
      if (passed_ >= most_) {
        cut();
        return went;
      }
      ++passed_;
      if (change_) change_(message);
      if (!ends_[1 - from]) return went;
      // It may have been let go of.
      (void)::send(ends_[1 - from].get(), message.data(), message.size(), MSG_NOSIGNAL);
      went = true;
    }
    return went;
  }

  std::array<FileDescriptor, 2> ends_;
  std::array<Pairing::Message, 2> held_;
  std::size_t most_ = SIZE_MAX, passed_ = 0;
  Change change_;
};

class PairingDeskTest : public testing::Test {
 protected:
  explicit PairingDeskTest(PairingDesk::Settings settings = {.port = 0})
      : a_(loop_.get(), "lb-a", settings), b_(loop_.get(), "lb-b", settings) {}

  Wire& connect() { return connect(a_, b_); }
  Wire& connect(Desk& asking, Desk& asked) {
    auto [one, near_one] = connected_pair();
    auto [other, near_other] = connected_pair();
    wires_.push_back(std::make_unique<Wire>(std::move(near_one), std::move(near_other)));
    EXPECT_TRUE(asking.desk.ask_by(std::move(one), "192.0.2.2"));
    asked.desk.take({std::move(other), "192.0.2.1"});
    return *wires_.back();
  }
  // Until nothing moves any more.
  void settle() {
    for (int quiet = 0; quiet < 3;) {
      bool went = sd_event_run(loop_.get(), 0) > 0;
      for (const auto& wire : wires_) went = wire->carry() || went;
      quiet = went ? 0 : quiet + 1;
    }
  }
  void wait(std::chrono::milliseconds time) {
    const MonoTime end = MonoClock::now() + time;
    while (MonoClock::now() < end) (void)sd_event_run(loop_.get(), 1000);
    settle();
  }
  void until(const std::function<bool()>& holds) {
    const MonoTime end = MonoClock::now() + 10s;
    while (!holds() && MonoClock::now() < end) (void)sd_event_run(loop_.get(), 1000);
    EXPECT_TRUE(holds());
  }
  void confirm_both() {
    ASSERT_TRUE(a_.desk.confirm(b_.code()));
    settle();
    ASSERT_TRUE(b_.desk.confirm(a_.code()));
    settle();
  }

  hal::Event loop_ = make_loop();
  Desk a_, b_;
  std::vector<std::unique_ptr<Wire>> wires_;
};

TEST_F(PairingDeskTest, TwoPeopleWhoConfirmOneCodeMakeAPair) {
  connect();
  settle();
  EXPECT_EQ(a_.stage(), "comparing");
  EXPECT_EQ(b_.stage(), "comparing");
  EXPECT_EQ(a_.code().size(), 6U);
  EXPECT_EQ(a_.code(), b_.code());
  EXPECT_EQ(b_.desk.status()["try"]["other"], "lb-a");
  EXPECT_EQ(b_.desk.status()["try"]["address"], "192.0.2.1");
  EXPECT_EQ(b_.desk.status()["try"]["asked_here"], false);
  ASSERT_TRUE(a_.desk.confirm(a_.code()));
  settle();
  EXPECT_EQ(a_.stage(), "awaits-other");
  EXPECT_EQ(b_.stage(), "comparing");
  EXPECT_FALSE(a_.kept);
  EXPECT_FALSE(b_.kept);
  ASSERT_TRUE(b_.desk.confirm(b_.code()));
  settle();
  ASSERT_TRUE(a_.kept && b_.kept);
  EXPECT_EQ(a_.kept->keys.current.bytes, b_.kept->keys.current.bytes);
  EXPECT_EQ(a_.kept->unit, Unit::kA);
  EXPECT_EQ(b_.kept->unit, Unit::kB);
  for (const Desk* each : {&a_, &b_}) {
    EXPECT_EQ(each->stage(), "paired");
    EXPECT_EQ(each->desk.status()["paired"], true);
    EXPECT_EQ(each->desk.status()["one_sided"], false);
    EXPECT_EQ(each->code(), "");
    EXPECT_EQ(each->news(), (std::vector<std::string>{"attempt", "paired"}));
  }
  // No status tells of a key.
  EXPECT_EQ(a_.desk.status().dump().find("key"), std::string::npos);
}

// Whichever message is the first that is lost: both have a key or none, or who has one alone says
// so; and a second try, without force, makes it good.
TEST_F(PairingDeskTest, ACutAtAnyMessageLeavesNothingHalfThatIsNotShown) {
  std::size_t one_sided = 0;
  for (std::size_t messages = 0; messages <= 7; ++messages) {
    SCOPED_TRACE(messages);
    const PairingDesk::Settings settings{.port = 0, .pause = 0ms};
    Desk a(loop_.get(), "lb-a", settings), b(loop_.get(), "lb-b", settings);
    const auto pair_them = [&] {
      settle();
      (void)a.desk.confirm(a.code());
      settle();
      (void)b.desk.confirm(b.code());
      settle();
    };
    connect(a, b).cut_after(messages);
    pair_them();
    for (const auto& [here, there] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
      const Json status = here->desk.status();
      EXPECT_EQ(status["paired"].get<bool>(), here->kept.has_value());
      EXPECT_TRUE(!here->kept || there->kept || status["one_sided"] == true);
      EXPECT_EQ(here->failure().find("broke") != std::string::npos, !here->kept) << here->failure();
    }
    if (!a.kept || !b.kept) {
      one_sided += a.kept || b.kept ? 1U : 0U;
      connect(a, b);
      pair_them();
    }
    ASSERT_TRUE(a.kept && b.kept);
    EXPECT_EQ(a.kept->keys.current.bytes, b.kept->keys.current.bytes);
    wires_.clear();
  }
  EXPECT_EQ(one_sided, 1U);
}

TEST_F(PairingDeskTest, WhoIsPairedAloneIsPairedAnew) {
  connect().cut_after(4);  // commit, offer, reveal, the first confirmation
  settle();
  ASSERT_TRUE(a_.desk.confirm(a_.code()));
  settle();
  ASSERT_TRUE(b_.desk.confirm(b_.code()));
  settle();
  ASSERT_TRUE(b_.kept);
  EXPECT_FALSE(a_.kept);
  EXPECT_EQ(b_.desk.status()["one_sided"], true);
  EXPECT_TRUE(b_.desk.may_forget(false));
  const auto before = b_.kept->keys.current.bytes;
  connect();
  settle();
  confirm_both();
  ASSERT_TRUE(a_.kept && b_.kept);
  EXPECT_EQ(a_.kept->keys.current.bytes, b_.kept->keys.current.bytes);
  EXPECT_NE(b_.kept->keys.current.bytes, before);
  EXPECT_EQ(b_.desk.status()["one_sided"], false);
}

TEST_F(PairingDeskTest, TheOthersFramesProveItAsWell) {
  connect().cut_after(5);  // both proofs, and neither's word that it has kept them
  settle();
  confirm_both();
  ASSERT_TRUE(a_.kept && b_.kept);
  EXPECT_EQ(a_.desk.status()["one_sided"], true);
  a_.desk.heard_peer();
  EXPECT_EQ(a_.desk.status()["one_sided"], false);
  EXPECT_FALSE(a_.desk.may_forget(false));
}

TEST_F(PairingDeskTest, AWrongCodeConfirmsNothing) {
  connect();
  settle();
  const std::string wrong = a_.code() == "000000" ? "000001" : "000000";
  for (const std::string& code : {wrong, std::string(), a_.code() + "0"}) {
    const auto confirmed = a_.desk.confirm(code);
    ASSERT_FALSE(confirmed);
    EXPECT_EQ(confirmed.error().id, "E-744");
  }
  settle();
  EXPECT_EQ(a_.stage(), "comparing");
  confirm_both();
  EXPECT_TRUE(a_.kept && b_.kept);
}

TEST_F(PairingDeskTest, WhoeverRejectsEndsItForBoth) {
  connect();
  settle();
  ASSERT_TRUE(a_.desk.confirm(a_.code()));
  settle();
  ASSERT_TRUE(b_.desk.reject());
  settle();
  EXPECT_EQ(a_.stage(), "failed");
  EXPECT_EQ(b_.stage(), "failed");
  EXPECT_THAT(a_.failure(), HasSubstr("the other unit has ended it"));
  EXPECT_FALSE(a_.kept || b_.kept);
  EXPECT_EQ(b_.desk.reject().error().id, "E-743");
  EXPECT_EQ(b_.desk.confirm("123456").error().id, "E-743");
  EXPECT_EQ(b_.code(), "");
}

// Someone between plays a unit to each: the codes differ, and who confirms all the same has no key.
TEST_F(PairingDeskTest, WhoSitsBetweenHasOtherCodes) {
  Desk to_a(loop_.get(), "lb-b"), to_b(loop_.get(), "lb-a");
  connect(a_, to_a);
  connect(to_b, b_);
  settle();
  ASSERT_EQ(a_.stage(), "comparing");
  ASSERT_EQ(b_.stage(), "comparing");
  EXPECT_NE(a_.code(), b_.code());
  EXPECT_EQ(a_.desk.confirm(b_.code()).error().id, "E-744");
}

TEST_F(PairingDeskTest, WhatIsChangedOnTheWayHasOtherCodesOrNone) {
  connect().change_by([](Pairing::Message& message) { message.back() ^= 1U; });
  settle();
  const bool is_compared = a_.stage() == "comparing" && b_.stage() == "comparing";
  EXPECT_FALSE(is_compared && a_.code() == b_.code());
}

TEST_F(PairingDeskTest, GarbageEndsItWithAReason) {
  for (const std::string& said :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(5000, '\0'),
        std::string("YKPR\x01\x01\xff\xff", 8), std::string("YKPR\x01\x01\x00\x00", 8)}) {
    Desk desk(loop_.get(), "lb-a");
    auto [here, there] = connected_pair();
    desk.desk.take({std::move(here), "192.0.2.66"});
    EXPECT_EQ(::send(there.get(), said.data(), said.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(said.size()));
    settle();
    EXPECT_EQ(desk.stage(), "failed");
    EXPECT_THAT(desk.failure(), HasSubstr("makes no sense"));
    EXPECT_EQ(desk.desk.status()["failed"], 1);
    EXPECT_EQ(desk.news(), std::vector<std::string>{"failed"});
    std::array<std::uint8_t, 4096> rest{};
    while (::recv(there.get(), rest.data(), rest.size(), 0) > 0) continue;
    EXPECT_EQ(::send(there.get(), "x", 1, MSG_NOSIGNAL), -1);  // it has hung up
  }
}

TEST_F(PairingDeskTest, ThereIsOneTryAtATime) {
  connect();
  settle();
  const std::string code = b_.code();
  Desk third(loop_.get(), "lb-c");
  connect(third, b_);
  settle();
  EXPECT_EQ(third.stage(), "failed");
  EXPECT_THAT(third.failure(), HasSubstr("another try"));
  EXPECT_EQ(b_.code(), code);
  EXPECT_EQ(b_.desk.status()["turned_away"], 1);
  const auto asked = b_.desk.ask_by(std::move(connected_pair()[0]), "192.0.2.9");
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().id, "E-742");
  confirm_both();
  EXPECT_TRUE(a_.kept && b_.kept);
}

TEST_F(PairingDeskTest, AfterATryFromElsewhereThatFailedNobodyIsListenedToForAWhile) {
  connect();
  settle();
  ASSERT_TRUE(a_.desk.reject());
  settle();
  connect();
  settle();
  EXPECT_THAT(a_.failure(), HasSubstr("another try"));
  EXPECT_EQ(b_.desk.status()["turned_away"], 1);
}

TEST_F(PairingDeskTest, WhoIsPairedTakesNobodyElse) {
  connect();
  settle();
  confirm_both();
  const auto asked = a_.desk.ask("192.0.2.9");
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().id, "E-740");
  Desk third(loop_.get(), "lb-c");
  connect(third, a_);
  settle();
  EXPECT_EQ(third.stage(), "failed");
  EXPECT_EQ(a_.stage(), "paired");
  const auto may = a_.desk.may_forget(false);
  ASSERT_FALSE(may);
  EXPECT_EQ(may.error().id, "E-745");
  EXPECT_TRUE(a_.desk.may_forget(true));
  a_.desk.set_key(std::nullopt);
  a_.desk.tell_forgotten();
  EXPECT_EQ(a_.desk.status()["paired"], false);
  EXPECT_EQ(a_.desk.may_forget(true).error().id, "E-726");
}

TEST_F(PairingDeskTest, AFullDiskLeavesTheOtherPairedAloneAndToldSo) {
  a_.is_writable = false;
  connect();
  settle();
  confirm_both();
  EXPECT_FALSE(a_.kept);
  EXPECT_EQ(a_.stage(), "failed");
  EXPECT_THAT(a_.failure(), HasSubstr("no space left"));
  EXPECT_EQ(a_.desk.status()["paired"], false);
  EXPECT_EQ(b_.desk.status()["paired"], true);
  EXPECT_EQ(b_.desk.status()["one_sided"], true);
}

TEST_F(PairingDeskTest, AnAddressThatIsNoneIsRefused) {
  for (const char* address : {"", "lb-b", "192.0.2", "300.1.1.1", "fe80::1%nowhere0", "1.2.3.4 "}) {
    const auto asked = a_.desk.ask(address);
    ASSERT_FALSE(asked) << address;
    EXPECT_EQ(asked.error().id, "E-741") << address;
  }
  EXPECT_EQ(a_.stage(), "");
  EXPECT_FALSE(a_.desk.introduce("two words"));
  EXPECT_FALSE(a_.desk.introduce(std::string(64, 'x')));
}

class HastyDeskTest : public PairingDeskTest {
 protected:
  HastyDeskTest()
      : PairingDeskTest({.port = 0,
                         .limits = {.exchange = 20ms, .compare = 40ms, .keeping = 20ms},
                         .pause = 1ms}) {}
};

TEST_F(HastyDeskTest, WhoSaysNothingIsLetGo) {
  auto [here, there] = connected_pair();
  b_.desk.take({std::move(here), "192.0.2.66"});
  wait(60ms);
  EXPECT_EQ(b_.stage(), "failed");
  EXPECT_THAT(b_.failure(), HasSubstr("in time"));
  EXPECT_EQ(b_.desk.status()["try"]["left_s"], 0);
}

TEST_F(HastyDeskTest, ACodeThatNobodyConfirmsIsForgottenAndAnotherTryMayCome) {
  connect();
  settle();
  wait(100ms);
  EXPECT_EQ(a_.stage(), "failed");
  EXPECT_EQ(b_.stage(), "failed");
  EXPECT_FALSE(a_.kept || b_.kept);
  EXPECT_EQ(b_.news(), (std::vector<std::string>{"attempt", "failed"}));
  connect();
  settle();
  EXPECT_EQ(b_.code(), a_.code());
}

// Over TCP, as it is between units.
TEST_F(PairingDeskTest, AUnitWithoutAKeyListensAndOneWithAKeyDoesNot) {
  auto probe = listen_for_pairing(0);
  ASSERT_TRUE(probe);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ASSERT_EQ(::getsockname(probe->get(), reinterpret_cast<sockaddr*>(&bound), &size), 0);
  const auto port = ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
  probe->reset();
  Desk asked(loop_.get(), "lb-b", {.port = port}), asking(loop_.get(), "lb-a", {.port = port});
  EXPECT_EQ(asked.desk.status()["listens"], false);
  asked.desk.set_key(std::nullopt);
  ASSERT_EQ(asked.desk.status()["listens"], true);
  asking.desk.set_key(std::nullopt);
  EXPECT_EQ(asking.desk.status()["listens"], false);  // two of them on one machine
  EXPECT_THAT(asking.desk.status()["trouble"].get<std::string>(), HasSubstr("cannot be had"));
  ASSERT_TRUE(asking.desk.ask("127.0.0.1"));
  until([&] { return asked.stage() == "comparing" && asking.stage() == "comparing"; });
  EXPECT_EQ(asked.desk.status()["try"]["address"], "127.0.0.1");
  ASSERT_TRUE(asking.desk.confirm(asked.code()));
  ASSERT_TRUE(asked.desk.confirm(asked.code()));
  until([&] {
    return asking.kept && asked.kept && asking.desk.status()["one_sided"] == false &&
           asked.desk.status()["one_sided"] == false;
  });
  EXPECT_EQ(asked.desk.status()["listens"], false);
  Desk third(loop_.get(), "lb-c", {.port = port});
  ASSERT_TRUE(third.desk.ask("127.0.0.1"));
  until([&] { return third.stage() == "failed"; });
  EXPECT_THAT(third.failure(), HasSubstr("nobody answers"));
}

}  // namespace
}  // namespace yoke::pair
