// SPDX-License-Identifier: Apache-2.0
#include <deque>

#include "mgmt/rpc/message.h"
#include "tests/unit/rpc/rig.h"

// What waits for the disk is answered later; nobody else waits for it.
namespace yoke::rpc {
namespace {

class Waiting : public testing::Test {
 protected:
  Waiting() {
    Client client = rig_.client();
    commit_web(client);
    rig_.run([this] { rig_.unit().later = [this](auto job) { jobs_.push_back(std::move(job)); }; });
  }
  ~Waiting() override {
    rig_.run([this] { jobs_.clear(); });
  }

  // A client whose commit has been taken and is not made yet.
  RawClient committing(const std::string& behind = "") {
    RawClient client(rig_.socket());
    EXPECT_TRUE(client.write(
        request_line(1, "edit", operations({set({"pool", "web"}, {{"method", "dsr"}})})) + "\n"));
    EXPECT_THAT(client.line(), testing::HasSubstr("\"result\""));
    EXPECT_TRUE(client.write(request_line(2, "commit", json::object()) + "\n" + behind));
    const auto deadline = MonoClock::now() + 10s;
    while (waiting() == 0 && MonoClock::now() < deadline) std::this_thread::yield();
    EXPECT_EQ(waiting(), 1U);
    return client;
  }
  std::size_t waiting() {
    std::size_t count = 0;
    rig_.run([&] { count = jobs_.size(); });
    return count;
  }
  void make_all() {
    rig_.run([this] {
      for (; !jobs_.empty(); jobs_.pop_front()) jobs_.front()();
    });
  }

  Rig rig_;
  std::deque<std::function<void()>> jobs_;
};

TEST_F(Waiting, OthersReadWhatWasBeforeAndEditOn) {
  RawClient client = committing();
  Client other = rig_.client();
  EXPECT_EQ(must(other, "config")["revision"], 1);
  EXPECT_EQ(must(other, "show", {{"object", "status"}})["rows"][0]["revision"], 1);
  EXPECT_EQ(must(other, "show", {{"object", "history"}})["rows"].size(), 1U);
  (void)must(other, "edit", operations({set({"pool", "other"})}));
  EXPECT_FALSE(must(other, "diff")["changes"].empty());
  make_all();
  EXPECT_EQ(json::parse(client.line())["result"]["revision"], 2);
  EXPECT_EQ(must(other, "config", {{"candidate", false}})["revision"], 2);
}

TEST_F(Waiting, WhatComesBehindItIsAnsweredAfterIt) {
  RawClient client = committing(request_line(3, "config", json::object()) + "\n");
  make_all();
  EXPECT_EQ(json::parse(client.line())["id"], 2);
  const auto after = json::parse(client.line());
  EXPECT_EQ(after["id"], 3);
  EXPECT_EQ(after["result"]["revision"], 2);
}

TEST_F(Waiting, AClientThatHangsUpMeanwhileHasItsCommitMade) {
  { const RawClient client = committing(); }
  Client other = rig_.client();
  EXPECT_EQ(must(other, "config")["revision"], 1);
  make_all();
  EXPECT_EQ(must(other, "config")["revision"], 2);
}

TEST_F(Waiting, AClientThatWritesNoMoreIsAnswered) {
  RawClient client = committing();
  client.end_writing();
  make_all();
  EXPECT_EQ(json::parse(client.line())["result"]["revision"], 2);
  EXPECT_TRUE(client.has_hung_up());
}

TEST_F(Waiting, WhatCannotBeReadIsToldAtOnce) {
  RawClient client(rig_.socket());
  ASSERT_TRUE(client.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"comit\"}\n"));
  EXPECT_EQ(client.error_id(), "E-401");
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(Waiting, OfThoseWhoWaitForADiskThereIsAnEnd) {
  std::deque<RawClient> clients;
  for (int i = 0; i < 32; ++i) {
    clients.emplace_back(rig_.socket());
    ASSERT_TRUE(clients.back().write(request_line(1, "confirm", json::object()) + "\n"));
  }
  const auto deadline = MonoClock::now() + 10s;
  while (waiting() < 32 && MonoClock::now() < deadline) std::this_thread::yield();
  RawClient one_more(rig_.socket());
  ASSERT_TRUE(one_more.write(request_line(1, "confirm", json::object()) + "\n"));
  EXPECT_EQ(one_more.error_id(), "E-460");
  make_all();
  for (RawClient& client : clients) EXPECT_EQ(client.error_id(), "E-456");
  ASSERT_TRUE(one_more.write(request_line(2, "confirm", json::object()) + "\n"));
  while (waiting() == 0 && MonoClock::now() < deadline) std::this_thread::yield();
  make_all();
  EXPECT_EQ(one_more.error_id(), "E-456") << "and others may again";
}

TEST_F(Waiting, OneThatIsNeverMadeEndsWithTheServer) { const RawClient client = committing(); }

}  // namespace
}  // namespace yoke::rpc
