// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/curl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/notify/news.h"

namespace yoke::notify {
namespace {

using How = hal::ProgramEnd::How;
using testing::HasSubstr;

struct Row {
  Way way;
  std::string output, trace;
  std::string id;  // of the error; empty: it has arrived
};

TEST(Curl, WhatItAnswersIsUnderstood) {
  const std::string sent = "\n> DATA\r\n< 354 go on\r\n";
  const Row rows[] = {
      {Way::kMail, "250 0 ", "", ""},
      {Way::kMail, "000 7 Failed to connect", "", "E-640"},
      {Way::kMail, "550 55 RCPT failed: 550", "\n< 550 no such mailbox\r\n", "E-640"},
      {Way::kMail, "451 55 RCPT failed: 451", "\n< 451 later\r\n", "E-640"},
      {Way::kMail, "552 55 MAIL failed: 552", "\n< 552 too big\r\n", "E-641"},
      {Way::kMail, "554 8 Weird server reply", "\n< 554 go away\r\n", "E-640"},
      {Way::kMail, "554 8 Weird server reply", sent + "< 554 spam\r\n", "E-641"},
      {Way::kMail, "451 8 Weird server reply", sent + "< 451 later\r\n", "E-640"},
      {Way::kMail, "535 67 Login denied", "\n< 535 who are you\r\n", "E-640"},
      {Way::kMail, "354 28 SMTP response timeout", sent, "E-640"},
      {Way::kMail, "", "curl: no memory", "E-640"},
      {Way::kMail, "250", "", "E-640"},
      {Way::kWebhook, "204 0 ", "", ""},
      {Way::kWebhook, "302 0 ", "", "E-640"},
      {Way::kWebhook, "400 0 ", "", "E-641"},
      {Way::kWebhook, "413 0 ", "", "E-641"},
      {Way::kWebhook, "401 0 ", "", "E-640"},
      {Way::kWebhook, "403 0 ", "", "E-640"},
      {Way::kWebhook, "404 0 ", "", "E-640"},
      {Way::kWebhook, "408 0 ", "", "E-640"},
      {Way::kWebhook, "429 0 ", "", "E-640"},
      {Way::kWebhook, "503 0 ", "", "E-640"},
      {Way::kWebhook, "200 56 Recv failure", "", "E-640"},
  };
  for (const Row& row : rows) {
    const Status how = arrived(row.way, {How::kExited, 0, row.output, row.trace});
    EXPECT_EQ(how ? "" : how.error().id, row.id) << row.output << row.trace;
  }
  EXPECT_FALSE(arrived(Way::kMail, {How::kOutOfTime, 0, "250 0 ", ""}));
}

TEST(Curl, WhatAMailServerSaysIsTheReasonAsFarAsATerminalTakesIt) {
  const Status how =
      arrived(Way::kMail, {How::kExited, 55, "550 55 RCPT failed: 550",
                           "< 250 yes\r\n< 550 5.1.1 no \033[2Jmailbox\r\n< 221 bye\r\n"});
  EXPECT_EQ(how.error().text, "it answered 550 5.1.1 no ?[2Jmailbox");
}

TEST(Curl, NothingThatIsSecretIsSeenByOthers) {
  Target target{.way = Way::kMail,
                .url = "smtp://mx.example.net:587",
                .from = "lb-a@example.net",
                .to = {"a@example.net"},
                .recipient = "a@example.net",
                .user = "me:you",
                .password = "p\"\\\n:@/%w"};
  const auto plan = curl_plan(news(), target);
  EXPECT_EQ(plan.arguments, (std::vector<std::string>{"-q", "--config", "-"}));
  EXPECT_TRUE(plan.environment.empty());
  EXPECT_THAT(plan.input,
              HasSubstr("url = \"smtp://me%3Ayou:p%22%5C%0A%3A%40%2F%25w@mx.example.net:587"
                        "/example.net\"\n"));
  target = {.way = Way::kWebhook, .url = "https://a.example/x\\\"", .bearer = "se\"same"};
  const auto hook = curl_plan(news(), target);
  EXPECT_EQ(hook.arguments, plan.arguments);
  EXPECT_THAT(hook.input, HasSubstr("url = \"https://a.example/x\\\\\\\"\"\n"));
  EXPECT_THAT(hook.input, HasSubstr("header = \"Authorization: Bearer se\\\"same\"\n"));
  EXPECT_THAT(hook.input, testing::Not(HasSubstr("insecure")));
  EXPECT_EQ(hook.attachment, document(news()));
}

}  // namespace
}  // namespace yoke::notify
