// SPDX-License-Identifier: Apache-2.0
#include <grp.h>
#include <sys/stat.h>

#include <list>

#include "mgmt/rpc/message.h"
#include "tests/unit/rpc/rig.h"

// Whatever a client does, it gets an error or is let go, and the others are served.
namespace yoke::rpc {
namespace {

class Socket : public testing::Test {
 protected:
  RawClient raw() { return RawClient(rig_.socket()); }
  void TearDown() override {
    Client client = rig_.client();
    EXPECT_EQ(must(client, "hello", {{"version", 1}})["unit"], "lb-a") << "others are served";
  }

  Rig rig_;
};

const std::string kHello = R"({"jsonrpc":"2.0","id":1,"method":"hello","params":{"version":1}})"
                           "\n";

TEST_F(Socket, IsForItsOwnerAndTheGroupYoke) {
  struct stat file {};
  ASSERT_EQ(::stat(rig_.socket().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0660U);
  const group* yoke = ::getgrnam("yoke");
  EXPECT_EQ(file.st_gid, yoke != nullptr ? yoke->gr_gid : ::getegid());
}

TEST_F(Socket, WhatIsNotJsonIsAnsweredAndTheConnectionClosed) {
  for (const std::string& text :
       {std::string("\n"), std::string("not json\n"), std::string("{\"jsonrpc\":\n"),
        std::string("\0\1\2\xff\xfe\n", 6), std::string(100'000, '[') + "\n",
        "{\"id\":" + std::string(200, '[') + "\n", std::string("{} {}\n")}) {
    RawClient client = raw();
    ASSERT_TRUE(client.write(text + kHello));
    EXPECT_EQ(client.error_id(), "E-610") << text.substr(0, 20);
    EXPECT_TRUE(client.has_hung_up()) << "and nothing after it is answered";
  }
}

TEST_F(Socket, JsonThatIsNoRequestIsAnsweredAndTheConnectionGoesOn) {
  RawClient client = raw();
  for (const char* text : {"{}", "[]", "null", "7", R"({"jsonrpc":"1.0","id":1,"method":"hello"})",
                           R"({"jsonrpc":"2.0","id":1})", R"({"jsonrpc":"2.0","id":1,"method":7})",
                           R"({"jsonrpc":"2.0","id":{},"method":"hello"})",
                           R"({"jsonrpc":"2.0","id":1,"method":"hello","params":[1]})"}) {
    ASSERT_TRUE(client.write(std::string(text) + "\n"));
    EXPECT_EQ(client.error_id(), "E-611") << text;
  }
  ASSERT_TRUE(client.write(kHello));
  EXPECT_THAT(client.line(), testing::HasSubstr("lb-a"));
}

TEST_F(Socket, TextThatIsNoUtf8DoesNotBreakTheAnswer) {
  RawClient client = raw();
  ASSERT_TRUE(client.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\\u0000\\ud83d\"}\n"));
  const auto answer = json::parse(client.line(), nullptr, false);
  EXPECT_TRUE(answer.is_object());
}

TEST_F(Socket, ALineThatComesByteByByteIsARequest) {
  RawClient client = raw();
  for (const char byte : kHello) ASSERT_TRUE(client.write({&byte, 1}));
  EXPECT_THAT(client.line(), testing::HasSubstr("lb-a"));
}

TEST_F(Socket, ManyRequestsInOneWriteAreAnsweredInOrder) {
  RawClient client = raw();
  std::string requests;
  for (int id = 0; id < 50; ++id) {
    requests += request_line(static_cast<std::uint64_t>(id), "hello", {{"version", 1}}) + "\n";
  }
  ASSERT_TRUE(client.write(requests));
  client.end_writing();
  for (int id = 0; id < 50; ++id) EXPECT_EQ(json::parse(client.line())["id"], id);
  EXPECT_TRUE(client.has_hung_up());
}

TEST_F(Socket, HalfALineIsNoRequest) {
  RawClient client = raw();
  ASSERT_TRUE(client.write(kHello.substr(0, 20)));
  client.end_writing();
  EXPECT_TRUE(client.has_hung_up());
}

TEST_F(Socket, ALineThatIsTooLongIsToldAndTheConnectionClosed) {
  RawClient client = raw();
  (void)client.write(std::string(kLineBytesMax + 1, 'x'));
  EXPECT_EQ(client.error_id(), "E-612");
  EXPECT_TRUE(client.has_hung_up());
}

TEST_F(Socket, TheLongestLineIsStillRead) {
  RawClient client = raw();
  ASSERT_TRUE(client.write(std::string(kLineBytesMax - kHello.size() + 1, ' ') + kHello));
  EXPECT_THAT(client.line(), testing::HasSubstr("lb-a"));
}

TEST_F(Socket, AClientThatReadsNothingIsNotReadFromEither) {
  RawClient client = raw();
  // Every answer is large: soon neither side's buffers take any more.
  Client editor = rig_.client();
  json edits = json::array();
  for (int pool = 0; pool < 2000; ++pool)
    edits.push_back(set({"pool", "pool-" + std::to_string(pool)}));
  (void)must(editor, "edit", {{"operations", edits}});
  (void)must(editor, "commit");
  const std::string request = request_line(1, "config", json::object()) + "\n";
  std::size_t taken = 0;
  for (int rounds = 0; rounds < 20'000; ++rounds) taken += client.write_now(request);
  EXPECT_LT(taken, 20'000 * request.size()) << "requests are queued without bound";
  EXPECT_EQ(must(editor, "hello", {{"version", 1}})["unit"], "lb-a") << "others are served";
}

TEST_F(Socket, AClientGoneInTheMiddleOfARequestIsForgotten) {
  for (const std::size_t length : {std::size_t{1}, kHello.size() / 2, kHello.size()}) {
    RawClient client = raw();
    ASSERT_TRUE(client.write(kHello.substr(0, length)));
  }
}

TEST_F(Socket, AClientGoneDuringItsCommitHasCommittedNevertheless) {
  Client other = rig_.client();
  {
    RawClient client = raw();
    const json edits = operations({set({"pool", "web"})});
    ASSERT_TRUE(client.write(request_line(1, "edit", edits) + "\n"));
    EXPECT_THAT(client.line(), testing::HasSubstr("edited"));
    ASSERT_TRUE(client.write(request_line(2, "commit", json::object()) + "\n"));
    EXPECT_FALSE(client.line().empty());
  }
  EXPECT_EQ(must(other, "config")["revision"], 1);
}

TEST_F(Socket, BeyondTheBoundAClientIsTurnedAwayAndLaterLetIn) {
  std::list<RawClient> clients;
  for (int i = 0; i < 64; ++i) {
    clients.emplace_back(rig_.socket());
    ASSERT_TRUE(clients.back().write(kHello));
    ASSERT_THAT(clients.back().line(), testing::HasSubstr("lb-a")) << i;
  }
  RawClient late = raw();
  EXPECT_EQ(late.error_id(), "E-607");
  EXPECT_TRUE(late.has_hung_up());
}

}  // namespace
}  // namespace yoke::rpc
