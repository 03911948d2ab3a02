// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/session.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "dataplane/api/client.h"
#include "dataplane/api/envelope.h"
#include "dataplane/api/errors.h"
#include "dataplane/control/errors.h"
#include "dataplane/limits.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/control/fake_workers.h"

namespace yoke::control {
namespace {

// A data plane without packets behind a real socket, on a thread of its own; asked by the real
// client.
class Socket : public ::testing::Test {
 protected:
  void SetUp() override {
    std::promise<bool> listening;
    auto ready = listening.get_future();
    loop_ = std::thread([this, &listening] { serve(listening); });
    ASSERT_TRUE(ready.get());
    auto client = api::Client::connect(path());
    ASSERT_TRUE(client) << client.error().text;
    client_.emplace(std::move(*client));
  }
  void TearDown() override {
    stop_ = true;
    if (loop_.joinable()) loop_.join();
  }
  void serve(std::promise<bool>& listening) {
    sd_event* made = nullptr;
    (void)sd_event_new(&made);
    const hal::Event loop(made);
    FakeWorkers workers;
    const api::LeasePage leases;
    Controller controller(workers, {}, leases, MonoClock::now());
    const auto server = hal::LineServer::listen(
        loop.get(), {path(), limits::kApiMessageBytes, 8,
                     [&](const hal::Peer&) { return std::make_unique<Session>(controller); },
                     [](const Error& error) { return api::encode_error(nullptr, error); }});
    listening.set_value(server.has_value());
    while (server && !stop_) (void)sd_event_run(loop.get(), 10'000);
  }
  [[nodiscard]] std::string path() const { return folder_.file("dataplane.sock"); }

  TempFolder folder_;
  std::atomic<bool> stop_{false};
  std::thread loop_;
  std::optional<api::Client> client_;
};

TEST_F(Socket, AConfigurationIsStagedActivatedAndTold) {
  const auto staged = client_->stage(two_vips());
  ASSERT_TRUE(staged) << staged.error().text;
  const auto activated = client_->activate(*staged);
  ASSERT_TRUE(activated) << activated.error().text;
  EXPECT_EQ(activated->digest, api::digest(two_vips()));
  const auto status = client_->status();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->running.revision, 3u);
  EXPECT_EQ(status->running.generation, activated->generation);
  EXPECT_TRUE(status->ports_ready);
  EXPECT_EQ(status->leases, std::vector{api::GroupLease{}});
  const auto counters = client_->counters();
  ASSERT_TRUE(counters);
  EXPECT_EQ(counters->servers.at("web").size(), 3u);
}

TEST_F(Socket, ApplyDoesBothAndStatesFollow) {
  const auto applied = client_->apply(two_vips());
  ASSERT_TRUE(applied) << applied.error().text;
  const auto set =
      client_->set_server_state({state("web", "10.0.0.2:80", api::ServerState::kDown)});
  ASSERT_TRUE(set);
  EXPECT_GT(*set, applied->generation);
}

TEST_F(Socket, WhatIsRefusedIsToldWithItsIdentifierAndTheConnectionGoesOn) {
  auto bad = two_vips();
  bad.vips[1].name = "web";
  EXPECT_EQ(client_->stage(bad).error().id, kTwice);
  EXPECT_EQ(client_->activate("0123456789abcdef").error().id, kNotStaged);
  EXPECT_EQ(
      client_->set_server_state({state("web", "10.0.0.2:80", api::ServerState::kDown)}).error().id,
      kUnknownServer);
  EXPECT_TRUE(client_->status());
}

TEST_F(Socket, SeveralClientsAreServedAndOneThatLeavesIsNotMissed) {
  {
    auto other = api::Client::connect(path());
    ASSERT_TRUE(other);
    ASSERT_TRUE(other->status());
  }
  EXPECT_TRUE(client_->status());
}

TEST(Session, AMethodThatIsNotThereAndLinesThatAreNoRequest) {
  FakeWorkers workers;
  const api::LeasePage leases;
  Controller controller(workers, {}, leases, MonoClock::now());
  Session session(controller);
  const auto unknown = session.answer(R"({"jsonrpc":"2.0","id":7,"method":"fly","params":{}})");
  EXPECT_FALSE(unknown.ends_session);
  EXPECT_NE(unknown.line.find(api::kUnknownMethod), std::string::npos) << unknown.line;
  EXPECT_NE(unknown.line.find("\"id\":7"), std::string::npos) << unknown.line;
  const auto wrong = session.answer(R"({"jsonrpc":"2.0","id":7})");
  EXPECT_FALSE(wrong.ends_session);
  EXPECT_NE(wrong.line.find("\"error\""), std::string::npos) << wrong.line;
  const auto garbage = session.answer("GET / HTTP/1.1\r");
  EXPECT_TRUE(garbage.ends_session);
  EXPECT_NE(garbage.line.find(api::kNotJson), std::string::npos) << garbage.line;
  EXPECT_EQ(garbage.line.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace yoke::control
