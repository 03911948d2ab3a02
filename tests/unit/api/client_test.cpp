// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/client.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "dataplane/api/envelope.h"
#include "dataplane/api/errors.h"
#include "dataplane/limits.h"
#include "tests/unit/api/peer.h"
#include "tests/unit/api/random_messages.h"

namespace yoke::api {
namespace {

using std::chrono::milliseconds;
using testing::Peer;
using testing::read_line;
using testing::read_to_end;
using testing::say;

// Long enough for any machine where an answer is expected, short where none is.
constexpr milliseconds kPatient{10'000}, kBrief{50};

Client connect(const Peer& peer) {
  auto client = Client::connect(peer.socket(), kPatient);
  EXPECT_TRUE(client) << client.error().text;
  return std::move(*client);
}

void expect_closed(Client& client) {
  EXPECT_EQ(client.fd(), -1);
  EXPECT_FALSE(client.connected());
  const auto later = client.status({.servers = false}, kPatient);
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().kind, Errc::kUnavailable);
  EXPECT_EQ(later.error().id, kNoDataPlane);
}

// Answers each request with what `answer` makes of it.
Peer::Serve answering(std::function<Json(const Request&)> answer) {
  return [answer = std::move(answer)](int connection) {
    for (auto line = read_line(connection); !line.empty(); line = read_line(connection)) {
      const auto request = decode_request(line);
      ASSERT_TRUE(request) << line;
      ASSERT_TRUE(say(connection, encode_result(request->id, answer(*request))));
    }
  };
}

TEST(Client, EveryCallAsksAndReadsWhatTheContractSays) {
  testing::RandomMessages random(1);
  const auto configuration = random.configuration();
  const auto running = random.running();
  const ProcessStatus status{running, kVersion, true, 12};
  const auto counters = random.counters();
  const Activation activation{9, "0123456789abcdef"};
  Peer peer(answering([&](const Request& request) -> Json {
    if (request.method == "stage" || request.method == "apply") {
      EXPECT_EQ(decode_stage(request.params), configuration);
      return request.method == "stage" ? encode_digest("d") : encode(activation);
    }
    if (request.method == "activate") {
      EXPECT_EQ(decode_digest(request.params), "d");
      return encode(activation);
    }
    if (request.method == "set_server_state") {
      EXPECT_EQ(decode_changes(request.params), running.servers);
      return encode_generation(10);
    }
    if (request.method == "status") {
      EXPECT_EQ(request.params, (Json{{"servers", false}}));
      return encode(status);
    }
    EXPECT_EQ(request.params,
              (Json{{"vips", false}, {"servers", true}, {"pool", "web"}, {"compact", true}}));
    return encode_compact(counters);
  }));
  Client client = connect(peer);
  EXPECT_EQ(client.stage(configuration, kPatient), "d");
  EXPECT_EQ(client.activate("d", kPatient), activation);
  EXPECT_EQ(client.apply(configuration, kPatient), activation);
  EXPECT_EQ(client.set_server_state(running.servers, kPatient), 10u);
  EXPECT_EQ(client.status({.servers = false}, kPatient), status);
  EXPECT_EQ(client.counters({.vips = false, .pool = "web"}, kPatient), counters);
  EXPECT_TRUE(client.connected());
}

TEST(Client, NobodyThereIsUnavailable) {
  std::filesystem::path gone;
  {
    const Peer peer(nullptr);
    gone = peer.socket();
  }
  const auto client = Client::connect(gone, kPatient);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind, Errc::kUnavailable);
  EXPECT_EQ(client.error().id, kNoDataPlane);
  EXPECT_NE(client.error().text.find(gone.native()), std::string::npos) << client.error().text;
}

TEST(Client, APathLongerThanASocketMayHaveIsRefusedNotCutShort) {
  const auto client = Client::connect("/tmp/" + std::string(108, 'x'), kPatient);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind, Errc::kInvalid);
}

TEST(Client, ConnectingToOneThatTakesNobodyEndsByTheDeadline) {
  const Peer peer(nullptr);  // its queue holds one
  const Client queued = connect(peer);
  const auto client = Client::connect(peer.socket(), kBrief);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind, Errc::kTimeout) << client.error().text;
}

TEST(Client, AnAnswerInSingleBytesIsOneAnswer) {
  Peer peer([](int connection) {
    const auto request = decode_request(read_line(connection));
    ASSERT_TRUE(request);
    for (const char c : encode_result(request->id, encode_digest("d"))) {
      ASSERT_TRUE(say(connection, std::string(1, c)));
    }
    read_to_end(connection);
  });
  Client client = connect(peer);
  EXPECT_EQ(client.stage(Configuration{}, kPatient), "d");
}

TEST(Client, AMessageLargerThanTheSocketsBuffersArrivesWhole) {
  Configuration large;
  large.pools = {{"web", Method::kNat, {}}};
  testing::RandomMessages random(2);
  for (int i = 0; i < 20'000; ++i) large.pools[0].servers.push_back({random.endpoint(), 1, {}});
  Peer peer([&](int connection) {
    const auto request = decode_request(read_line(connection, 1000));
    ASSERT_TRUE(request);
    EXPECT_EQ(decode_stage(request->params), large);
    EXPECT_TRUE(say(connection, encode_result(request->id, encode_digest("d"))));
    read_to_end(connection);
  });
  Client client = connect(peer);
  EXPECT_EQ(client.stage(large, kPatient), "d");
}

TEST(Client, ADataPlaneThatReadsNothingIsLate) {
  Configuration large;
  large.pools = {{std::string(8'000'000, 'x'), Method::kNat, {}}};
  Peer peer([](int connection) {
    char byte = 0;
    while (::recv(connection, &byte, 1, MSG_PEEK) == 1) {
      pollfd wait{connection, POLLRDHUP, 0};  // reads nothing, until the client gives up
      if (::poll(&wait, 1, 10'000) != 0) break;
    }
  });
  Client client = connect(peer);
  const auto staged = client.stage(large, kBrief);
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.error().kind, Errc::kTimeout);
  EXPECT_EQ(staged.error().id, kNoAnswerInTime);
  expect_closed(client);
}

TEST(Client, NoAnswerByTheDeadlineClosesTheConnection) {
  Peer peer(read_to_end);
  Client client = connect(peer);
  const auto status = client.status({}, kBrief);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, Errc::kTimeout);
  EXPECT_EQ(status.error().id, kNoAnswerInTime);
  expect_closed(client);
}

TEST(Client, APeerThatGoesAwayBeforeOrWithinItsAnswerIsUnavailable) {
  for (const char* part : {"", "{\"id\":1,\"resu"}) {
    Peer peer([part](int connection) {
      (void)read_line(connection);
      (void)say(connection, part);
    });
    Client client = connect(peer);
    const auto status = client.status({.servers = false}, kPatient);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, Errc::kUnavailable);
    EXPECT_EQ(status.error().id, kNoDataPlane);
    expect_closed(client);
  }
}

TEST(Client, AnAnswerThatMakesNoSenseClosesTheConnection) {
  for (const char* answer : {
           "hello\n",
           "{\"id\":2,\"result\":{}}\n",                             // to another question
           "{\"id\":1,\"result\":{}}\n",                             // without what was asked for
           "{\"id\":1,\"result\":{\"digest\":7}}\n",                 //
           "{\"id\":1,\"result\":{\"digest\":\"d\"}}\n{\"id\":2}\n"  // and one nobody asked for
       }) {
    Peer peer([answer](int connection) {
      (void)read_line(connection);
      (void)say(connection, answer);
      read_to_end(connection);
    });
    Client client = connect(peer);
    const auto staged = client.stage(Configuration{}, kPatient);
    ASSERT_FALSE(staged) << answer;
    EXPECT_EQ(staged.error().id, kStrangeAnswer) << answer;
    expect_closed(client);
  }
}

TEST(Client, ALineWithoutEndIsBrokenOff) {
  std::size_t taken = 0;
  Peer peer([&](int connection) {
    (void)read_line(connection);
    const std::string block(1 << 20, ' ');
    while (taken < 2 * limits::kApiMessageBytes && say(connection, block)) taken += block.size();
  });
  Client client = connect(peer);
  const auto status = client.status({.servers = false}, kPatient);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().id, kStrangeAnswer) << status.error().text;
  expect_closed(client);
  peer.join();
  EXPECT_GE(taken, limits::kApiMessageBytes - (1 << 20));
  EXPECT_LT(taken, limits::kApiMessageBytes + (4 << 20)) << "no more is read";
}

TEST(Client, AnErrorOfTheDataPlaneLeavesTheConnectionAsItIs) {
  const Error refused{Errc::kConflict, "E-322", "another configuration is staged"};
  Peer peer([&](int connection) {
    const auto first = decode_request(read_line(connection));
    ASSERT_TRUE(first);
    ASSERT_TRUE(say(connection, encode_error(first->id, refused)));
    const auto second = decode_request(read_line(connection));
    ASSERT_TRUE(second);
    EXPECT_NE(first->id, second->id);
    ASSERT_TRUE(say(connection, encode_result(second->id, encode_digest("d"))));
    read_to_end(connection);
  });
  Client client = connect(peer);
  const auto activated = client.activate("x", kPatient);
  ASSERT_FALSE(activated);
  EXPECT_EQ(activated.error(), refused);
  EXPECT_EQ(client.stage(Configuration{}, kPatient), "d");
}

TEST(Client, KnowsBetweenTwoCallsWhetherTheOtherSideIsThere) {
  for (const char* says : {"", "unasked\n"}) {
    std::promise<void> leave;
    Peer peer([&](int connection) {
      leave.get_future().wait();
      (void)say(connection, says);
    });
    Client client = connect(peer);
    EXPECT_TRUE(client.connected());
    leave.set_value();
    pollfd wait{client.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&wait, 1, 10'000), 1);
    EXPECT_FALSE(client.connected());
    EXPECT_EQ(client.fd(), -1);
  }
}

}  // namespace
}  // namespace yoke::api
