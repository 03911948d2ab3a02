// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "mgmt/health/grpc_exchange.h"
#include "mgmt/health/transcript.h"
#include "mgmt/health/web_exchange.h"

namespace yoke::health {
namespace {

using namespace std::string_literals;

Check check_with(const std::string& key, Settings::Values values) {
  Check check;
  check.key = key;
  check.settings = Settings(std::move(values));
  return check;
}

std::string verdict(const HttpExchange& exchange, const HttpAnswer& answer) {
  const Move move = exchange.judge(answer);
  return (move.next == Move::Next::kPassed ? "passed " : "failed ") + move.text;
}

TEST(Web, TextInTheBodyIsLookedForWhereItIsExpected) {
  const WebExchange exchange(check_with("http", {{"expect", "200-299"}, {"body", "ready"}}));
  EXPECT_EQ(verdict(exchange, {200, "all ready.", {}}), "passed 200");
  EXPECT_EQ(verdict(exchange, {200, "not yet", {}}),
            "failed 200, body is 'not yet', expected 'ready' in it");
  EXPECT_EQ(verdict(exchange, {503, "ready", {}}), "failed 503, expected 200-299");
}

TEST(Web, HttpsIsHttpWithTls) {
  EXPECT_TRUE(WebExchange(check_with("https:a", {})).request().tls);
  EXPECT_FALSE(WebExchange(check_with("http", {})).request().tls);
}

const std::string kServing = "\0\0\0\0\2\x08\1"s;

TEST(Grpc, AsksForTheServiceAsProtobufHasIt) {
  EXPECT_EQ(*GrpcExchange(check_with("grpc", {})).request().post, "\0\0\0\0\0"s);
  EXPECT_EQ(*GrpcExchange(check_with("grpc", {{"service", "shop"}})).request().post,
            "\0\0\0\0\6\x0a\4shop"s);
  const std::string longest(200, 'a');
  EXPECT_EQ(*GrpcExchange(check_with("grpc", {{"service", longest}})).request().post,
            "\0\0\0\0\xcb\x0a\xc8\1"s + longest);
}

TEST(Grpc, ServingPassesAndNothingElse) {
  const GrpcExchange exchange(check_with("grpc", {}));
  const std::vector<std::string> fine{"HTTP/2 200", "grpc-status: 0"};
  EXPECT_EQ(verdict(exchange, {200, kServing, fine}), "passed SERVING");
  EXPECT_EQ(verdict(exchange, {200, "\0\0\0\0\2\x08\2"s, fine}), "failed NOT_SERVING");
  EXPECT_EQ(verdict(exchange, {200, "\0\0\0\0\0"s, fine}), "failed UNKNOWN");
  EXPECT_EQ(verdict(exchange, {200, "\0\0\0\0\2\x08\x63"s, fine}), "failed serving status 99");
  EXPECT_EQ(verdict(exchange, {200, "", fine}), "failed answer is not a health message");
  EXPECT_EQ(verdict(exchange, {200, kServing, {"HTTP/2 200"}}), "failed answer is not gRPC");
  EXPECT_EQ(verdict(exchange, {200, "", {"grpc-status: 5", "grpc-message: no such"}}),
            "failed status '5': 'no such'");
  EXPECT_EQ(verdict(exchange, {404, "", {}}), "failed HTTP status 404");
}

TEST(Grpc, HealthMessagesMayHoldMoreThanIsKnownAndAreNeverReadBeyondTheirEnd) {
  EXPECT_EQ(grpc_serving_status("\0\0\0\0\x09\x12\1x\x25\1\2\3\4\x08"s), std::nullopt);
  EXPECT_EQ(grpc_serving_status("\0\0\0\0\x0a\x12\1x\x25\1\2\3\4\x08\1"s), 1U);
  for (std::size_t size = 0; size < kServing.size(); ++size) {
    EXPECT_EQ(grpc_serving_status(kServing.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(grpc_serving_status("\1\0\0\0\2\x08\1"s), std::nullopt) << "compressed";
  EXPECT_EQ(grpc_serving_status("\0\0\0\0\x0c\x08"s + std::string(11, '\xff')), std::nullopt);
  EXPECT_EQ(grpc_serving_status("\0\0\0\0\2\x0b\1"s), std::nullopt) << "a group";
}

TEST(Transcript, KeepsStepsInWordsThatATerminalTakesAndHasAnEnd) {
  Transcript transcript;
  transcript.add(std::chrono::microseconds(400), "connected");
  transcript.add(std::chrono::microseconds(1200), "banner: \x1b[2Jhi\n");
  transcript.add(std::chrono::microseconds(1300), std::string(5000, 'x'));
  const auto steps = transcript.steps();
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].at, std::chrono::microseconds(400));
  EXPECT_EQ(steps[0].text, "connected");
  EXPECT_EQ(steps[1].text, "banner: ?[2Jhi?");
  EXPECT_LT(steps[2].text.size(), 200U);
  for (int i = 0; i < 1000; ++i) transcript.add(std::chrono::microseconds(i), "more");
  EXPECT_LT(transcript.steps().size(), 200U);
}

}  // namespace
}  // namespace yoke::health
