// SPDX-License-Identifier: Apache-2.0
#include "mgmt/http/service.h"

#include "tests/unit/health/loop.h"
#include "tests/unit/http/rig.h"

namespace yoke::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

// Asks on a thread of its own while the loop turns here.
std::string asked(const health::Loop& loop, const net::Endpoint& where) {
  std::string answer;
  std::atomic<bool> done = false;
  std::thread client([&] {
    answer = get(where, "/");
    done = true;
  });
  EXPECT_TRUE(loop.until([&] {
    hal::Timer turn(loop.get(), [] {});
    turn.start(1ms);
    (void)sd_event_run(loop.get(), 1000);
    return done.load();
  }));
  client.join();
  return answer;
}

TEST(Service, IsWhereTheSettingsSayAndTriesAgain) {
  const health::Loop loop;
  int made = 0;
  Service service(loop.get(), [&](const Service::Settings& settings) -> Result<Server::Config> {
    if (++made == 1) return fail(Errc::kFailed, "E-621", "no certificate yet");
    return Server::Config{.listen = *settings.listen,
                          .allow = settings.allow,
                          .tls = {},
                          .answer =
                              [](std::string_view) {
                                return Answer{"text/plain", "here"};
                              },
                          .headers = {}};
  });
  service.follow({});
  EXPECT_EQ(made, 0) << "off unless it is switched on";
  const net::Endpoint first = free_endpoint();
  service.follow({.listen = first, .allow = {}});
  EXPECT_EQ(service.failure(), "no certificate yet");
  EXPECT_TRUE(loop.until([&] { return service.failure().empty(); }, 20s));
  EXPECT_THAT(asked(loop, first), EndsWith("here"));

  const net::Endpoint second = free_endpoint();
  service.follow({.listen = second, .allow = {}});
  EXPECT_THAT(asked(loop, second), EndsWith("here"));
  const int before = made;
  service.follow({.listen = second, .allow = {}});
  EXPECT_EQ(made, before) << "nothing has changed, nobody is hung up on";

  const FileDescriptor taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const net::Endpoint third = free_endpoint();
  const health::SocketAddress name(third);
  ASSERT_EQ(::bind(taken.get(), name.get(), name.size()), 0);
  ASSERT_EQ(::listen(taken.get(), 1), 0);
  service.follow({.listen = third, .allow = {}});
  EXPECT_THAT(service.failure(), HasSubstr("cannot listen"));
  service.follow({});
  EXPECT_EQ(service.failure(), "");
}

// 192.0.2.0/24 is for documents: no machine has it.
TEST(Service, AnAddressThatTheUnitDoesNotHaveIsAFailureUnlessItComes) {
  const health::Loop loop;
  const auto make = [](const Service::Settings& settings) -> Result<Server::Config> {
    return Server::Config{.listen = *settings.listen,
                          .allow = settings.allow,
                          .tls = {},
                          .answer = [](std::string_view) { return std::nullopt; },
                          .headers = {}};
  };
  Service service(loop.get(), make, {.look = 10ms, .missing = 3});
  for (const char* absent : {"192.0.2.7:9110", "[2001:db8::7]:9110"}) {
    service.follow({.listen = endpoint(absent), .allow = {}});
    EXPECT_EQ(service.failure(), "") << "it may be on its way";
    EXPECT_TRUE(loop.until([&] { return !service.failure().empty(); })) << absent;
    EXPECT_THAT(service.failure(), HasSubstr("the unit does not have this address"));
    service.follow({.listen = free_endpoint(), .allow = {}});
    EXPECT_EQ(service.failure(), "");
  }
  service.follow(
      {.listen = endpoint("0.0.0.0:" + std::to_string(free_endpoint().port)), .allow = {}});
  hal::Timer later(loop.get(), [] {});
  later.start(100ms);
  EXPECT_TRUE(loop.until([&] { return !later.running(); }));
  EXPECT_EQ(service.failure(), "");
}

}  // namespace
}  // namespace yoke::http
