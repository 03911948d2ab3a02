// SPDX-License-Identifier: Apache-2.0
#include "mgmt/http/server.h"

#include <random>

#include "tests/unit/http/rig.h"

namespace yoke::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kLarge = 20'000'000;  // more than a socket's buffers hold

class ServerTest : public testing::Test {
 protected:
  std::unique_ptr<Turning<Server>> serve(std::vector<net::Prefix> allow = {}) {
    return std::make_unique<Turning<Server>>([&](sd_event* loop) {
      auto server =
          Server::listen(loop, {.listen = where_,
                                .allow = std::move(allow),
                                .tls = {},
                                .answer = [this](std::string_view path) { return answer(path); },
                                .headers = {{"X-Test", "yes"}}});
      EXPECT_TRUE(server) << server.error().text;
      return std::move(*server);
    });
  }
  std::optional<Answer> answer(std::string_view path) {
    ++asked_;
    if (path == "/hello") return Answer{"text/plain", "hello"};
    if (path == "/large") return Answer{"text/plain", std::string(kLarge, 'x')};
    return std::nullopt;
  }

  std::atomic<int> asked_ = 0;
  net::Endpoint where_ = free_endpoint();
};

TEST_F(ServerTest, AnswersWhatIsThereAndRefusesTheRest) {
  const auto server = serve();
  const std::string hello = get(where_, "/hello?at=once");
  EXPECT_THAT(hello, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(hello, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(hello, HasSubstr("X-Test: yes\r\n"));
  EXPECT_THAT(hello, EndsWith("\r\n\r\nhello"));
  EXPECT_THAT(get(where_, "/hello", "HEAD"), EndsWith("\r\n\r\n"));
  EXPECT_THAT(get(where_, "/gone"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get(where_, "/../hello"), StartsWith("HTTP/1.1 404 "));
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    EXPECT_THAT(get(where_, "/hello", method), StartsWith("HTTP/1.1 405 ")) << method;
  }
}

TEST_F(ServerTest, ManyWhoAskAtOnceCostAsMuchAsOne) {
  const auto server = serve();
  for (int i = 0; i < 5; ++i) EXPECT_THAT(get(where_, "/hello"), EndsWith("hello"));
  EXPECT_LE(asked_, 3) << "once a second";
}

TEST_F(ServerTest, WhoIsNotAllowedIsHungUpOn) {
  {
    const auto server = serve({net::Prefix::parse("192.0.2.0/24").value()});
    EXPECT_EQ(get(where_, "/hello"), "");
    EXPECT_EQ(asked_, 0);
  }
  const auto server = serve(
      {net::Prefix::parse("192.0.2.0/24").value(), net::Prefix::parse("127.0.0.0/8").value()});
  EXPECT_THAT(get(where_, "/hello"), EndsWith("hello"));
}

TEST_F(ServerTest, ASlowOrDeadClientHoldsNobodyUp) {
  const auto server = serve();
  RawClient half(where_), silent(where_), deaf(where_);
  half.write("GET /hello HT");
  deaf.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(get(where_, "/hello"), EndsWith("hello"));
  half.write("TP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(half.read_all(), EndsWith("hello"));
  EXPECT_EQ(silent.read_all(), "") << "hung up on after a while";
}

TEST_F(ServerTest, OneAddressHasNoMoreThanItsShareOfClients) {
  const auto server = serve();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<RawClient>(where_));
    clients.back()->write("GET /hello HTTP/1.1\r\nHost: x\r\n");
  }
  EXPECT_EQ(get(where_, "/hello"), "");
  clients.clear();
  // One whose last bytes and end came at once is known to be gone only when it was idle for long.
  for (int i = 0; i < 200 && get(where_, "/hello").empty(); ++i) std::this_thread::sleep_for(100ms);
  EXPECT_THAT(get(where_, "/hello"), EndsWith("hello"));
}

TEST_F(ServerTest, NoBytesHarmIt) {
  const auto server = serve();
  std::mt19937 random(5);
  std::vector<std::string> requests{
      "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + std::string(100'000, 'h') + ": x\r\n\r\n",
      "POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
      "POST /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
      "GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "\r\n\r\n\r\n",
      "GET"};
  for (int i = 0; i < 40; ++i) {
    std::string noise(1 + random() % 3000, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    requests.push_back(std::move(noise));
  }
  for (const std::string& request : requests) {
    RawClient client(where_);
    client.write(request);
  }
  // Its clients gone, there is room again.
  for (int i = 0; i < 500 && get(where_, "/hello").empty(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_THAT(get(where_, "/hello"), EndsWith("hello"));
}

TEST_F(ServerTest, AnAddressThatIsTakenIsRefusedAndOneThatIsNotHereYetIsNot) {
  sd_event* made = nullptr;
  ASSERT_GE(sd_event_new(&made), 0);
  const hal::Event loop(made);
  const auto config = [this](const std::string& where) {
    return Server::Config{.listen = endpoint(where),
                          .allow = {},
                          .tls = {},
                          .answer = [this](std::string_view path) { return answer(path); },
                          .headers = {}};
  };
  const auto server = serve();
  const auto second = Server::listen(made, config(where_.to_string()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, "E-620");
  EXPECT_THAT(second.error().text, HasSubstr(where_.to_string()));
  const std::string port = std::to_string(free_endpoint().port);
  EXPECT_TRUE(Server::listen(made, config("192.0.2.77:" + port)));
  EXPECT_TRUE(Server::listen(made, config("[2001:db8::77]:" + port)));
}

}  // namespace
}  // namespace yoke::http
