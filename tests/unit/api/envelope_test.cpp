// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/envelope.h"

#include <gtest/gtest.h>

#include <string>

#include "dataplane/api/errors.h"

namespace yoke::api {
namespace {

using Json = nlohmann::json;

// The line without its newline, which has to be its only one.
std::string body(const std::string& line) {
  EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  return line.substr(0, line.size() - 1);
}

TEST(Envelope, ARequestArrivesAsItWasMade) {
  const Json params{{"text", "two\nlines"}, {"number", 7}};
  const auto request = decode_request(body(encode_request(41, "stage", params)));
  ASSERT_TRUE(request) << request.error().text;
  EXPECT_EQ(request->id, Json(41));
  EXPECT_EQ(request->method, "stage");
  EXPECT_EQ(request->params, params);
}

TEST(Envelope, AnAnswerArrivesAsItWasMade) {
  const Json result{{"digest", "x\ny"}};
  EXPECT_EQ(decode_response(body(encode_result(41, result)), 41), result);
  for (const Errc kind : {Errc::kFailed, Errc::kInvalid, Errc::kDenied, Errc::kNotFound,
                          Errc::kConflict, Errc::kRefused, Errc::kUnavailable, Errc::kTimeout}) {
    const Error sent{kind, "E-321", "pools: 5000 are more than 4096"};
    const auto answer = decode_response(body(encode_error(41, sent)), 41);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), sent);
  }
}

TEST(Envelope, AnErrorForARequestThatCouldNotBeReadIsTakenWithoutItsId) {
  const auto answer =
      decode_response(body(encode_error(nullptr, {Errc::kInvalid, "E-301", "no JSON"})), 41);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().id, "E-301");
}

TEST(Envelope, ParamsMayBeLeftOut) {
  const auto request = decode_request(R"({"jsonrpc":"2.0","id":"x","method":"status"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->params, Json::object());
  EXPECT_EQ(request->id, Json("x")) << "an id goes back as it came";
}

TEST(Envelope, WhatIsNoRequestIsRefused) {
  struct Case {
    const char* line;
    std::string_view id;
  };
  const Case kCases[] = {
      {"", kNotJson},
      {"hello", kNotJson},
      {"[]", kNotJson},
      {"{}{}", kNotJson},
      {R"({"method":)", kNotJson},
      {"{}", kBadShape},
      {R"({"id":1})", kBadShape},
      {R"({"method":7})", kBadShape},
      {R"({"method":null})", kBadShape},
  };
  for (const Case& c : kCases) {
    const auto request = decode_request(c.line);
    ASSERT_FALSE(request) << c.line;
    EXPECT_EQ(request.error().kind, Errc::kInvalid) << c.line;
    EXPECT_EQ(request.error().id, c.id) << c.line;
  }
}

TEST(Envelope, WhatIsNoAnswerToTheQuestionIsStrange) {
  for (const char* line : {
           "",
           "hello",
           "[]",
           "{}",
           R"({"id":41})",
           R"({"result":{}})",
           R"({"id":40,"result":{}})",
           R"({"id":"41","result":{}})",
           R"({"id":null,"result":{}})",
           R"({"id":41,"error":null})",
           R"({"id":41,"error":"bad"})",
           R"({"id":41,"error":{}})",
           R"({"id":41,"error":{"code":2,"message":"no id","data":{}}})",
           R"({"id":41,"error":{"code":2,"message":"no id","data":[]}})",
       }) {
    const auto answer = decode_response(line, 41);
    ASSERT_FALSE(answer) << line;
    EXPECT_EQ(answer.error().id, kStrangeAnswer) << line;
    EXPECT_FALSE(answer.error().text.empty()) << line;
  }
}

TEST(Envelope, AnErrorOfAKindNotKnownHereIsAPlainFailure) {
  for (const char* code : {"-32601", "99", "\"two\"", "1.5", "null"}) {
    const auto answer = decode_response(std::string(R"({"id":1,"error":{"message":"m","code":)") +
                                            code + R"(,"data":{"id":"E-399"}}})",
                                        1);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), (Error{Errc::kFailed, "E-399", "m"})) << code;
  }
}

TEST(Envelope, BytesThatAreNoTextDoNotStopAnAnswer) {
  const auto line = encode_error(1, {Errc::kInvalid, "E-303", "'\xff' is no name"});
  const auto answer = decode_response(body(line), 1);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().id, "E-303");
}

}  // namespace
}  // namespace yoke::api
