// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/curl_carrier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "hal/base/clock.h"
#include "hal/linux/event.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/health/probing.h"
#include "tests/unit/notify/news.h"

namespace yoke::notify {
namespace {

using namespace std::chrono_literals;
using health::Server;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What a server on another thread has heard.
class Heard {
 public:
  void add(const std::string& text) {
    const std::lock_guard guard(mutex_);
    text_ += text;
  }
  [[nodiscard]] std::string text() const {
    const std::lock_guard guard(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

// Up to `end`, or the end of the connection.
std::string read_to(int connection, const std::string& end, std::string text = {}) {
  char buffer[4096];
  while (text.find(end) == std::string::npos) {
    const ssize_t n = ::recv(connection, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

void say(int connection, const std::string& text) {
  EXPECT_EQ(::send(connection, text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

// Who waits for a server that never answers is away for as long as curl gives it, 29 s and more:
// far beyond what a busy machine delays anybody.
constexpr auto kBlocked = 5s;

// Turns the loop until something holds, while a clock on it ticks: whoever blocks it is found out.
class Turning {
 public:
  template <typename Holds>
  bool until(Holds&& holds) {
    last_ = MonoClock::now();
    hal::Timer tick(loop_.get(), [this, &tick] {
      look();
      tick.start(5ms);
    });
    tick.start(5ms);
    const bool held = loop_.until(holds);
    look();
    return held;
  }
  [[nodiscard]] sd_event* get() const { return loop_.get(); }
  [[nodiscard]] bool was_blocked() const { return longest_ > kBlocked; }

 private:
  void look() {
    const MonoTime now = MonoClock::now();
    longest_ =
        std::max(longest_, std::chrono::duration_cast<std::chrono::milliseconds>(now - last_));
    last_ = now;
  }

  health::Loop loop_;
  MonoTime last_;
  std::chrono::milliseconds longest_{0};
};

Status carried(const Target& target) {
  Turning loop;
  std::optional<Status> how;
  CurlCarrier carrier(loop.get(), target);
  carrier.carry(news(), [&](Status ended) { how = std::move(ended); });
  EXPECT_FALSE(how) << "never from within";
  EXPECT_TRUE(loop.until([&] { return how.has_value(); }));
  EXPECT_FALSE(loop.was_blocked());
  return how.value_or(Status());
}

Target webhook(const Server& server) {
  return {.way = Way::kWebhook,
          .url = "http://" + server.endpoint().to_string() + "/hook?room=7",
          .bearer = "sesame"};
}

TEST(Webhook, IsPostedTheDocument) {
  Heard heard;
  const Server server([&](int connection, const std::string& request) {
    heard.add(read_to(connection, document(news()), request));
    say(connection, "HTTP/1.1 204 No Content\r\n\r\n");
  });
  const Status how = carried(webhook(server));
  ASSERT_TRUE(how) << how.error().text;
  EXPECT_THAT(heard.text(), StartsWith("POST /hook?room=7 HTTP/1.1\r\n"));
  EXPECT_THAT(heard.text(), HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(heard.text(), HasSubstr("\r\nAuthorization: Bearer sesame\r\n"));
  EXPECT_THAT(heard.text(), testing::EndsWith("\r\n\r\n" + document(news())));
}

TEST(Webhook, AnythingElseThanSuccessIsNone) {
  for (const char* status : {"302 Found\r\nLocation: /", "404 Not Found", "503 Busy"}) {
    const Server server([&](int connection, const std::string&) {
      say(connection,
          std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    EXPECT_THAT(carried(webhook(server)).error().text,
                HasSubstr("answered with status " + std::string(status, 3)));
  }
}

TEST(Webhook, ThatIsNotThereSaysWhy) {
  Target nowhere{.way = Way::kWebhook, .url = "http://127.0.0.1:1/"};
  EXPECT_THAT(carried(nowhere).error().text, HasSubstr("onnect"));
  nowhere.url = "file:///etc/passwd";
  EXPECT_FALSE(carried(nowhere));
}

TEST(Webhook, AuthoritiesThatCannotBeReadAreSaidAtOnce) {
  Target target{.way = Way::kWebhook, .url = "https://127.0.0.1:1/"};
  target.authorities = "/nowhere/ca.pem";
  EXPECT_THAT(carried(target).error().text, HasSubstr("/nowhere/ca.pem: No such file"));
  const TempFolder folder;
  target.authorities = folder.file("fifo");
  ASSERT_EQ(::mkfifo(target.authorities.c_str(), 0600), 0);
  EXPECT_THAT(carried(target).error().text, HasSubstr("expected a file"));
}

// Answers what it is told to answer to each command, and yes to all others.
class MailServer {
 public:
  // By the beginning of a command; ".": to the mail itself. "": nothing, until the client leaves.
  using Answers = std::map<std::string, std::string>;
  explicit MailServer(Answers answers = {}) : answers_(std::move(answers)) {}

  Server::Serve serve() {
    return [this](int connection, const std::string&) {
      if (talk(connection)) return;
      health::keep_silent(connection, {});
      ends_ = ends_ + 1;
    };
  }
  [[nodiscard]] std::string heard() const { return heard_.text(); }
  // How many were left without an answer, and have left.
  [[nodiscard]] int ends() const { return ends_; }

 private:
  // False: it falls silent.
  bool talk(int connection) {
    std::string unread;
    for (std::string line = "CONNECT";; line = next(connection, unread)) {
      if (line.empty()) return true;
      heard_.add(line);
      const std::string answer = answer_to(line);
      if (answer.empty()) return false;
      say(connection, answer);
      if (line.starts_with("DATA") && answer.starts_with("354")) {
        unread = read_to(connection, kStop, unread);
        heard_.add(unread);
        if (!unread.ends_with(kStop)) return true;
        unread.clear();
        if (answer_to(".").empty()) return false;
        say(connection, answer_to("."));
      }
      if (line.starts_with("QUIT")) return true;
    }
  }
  static std::string next(int connection, std::string& unread) {
    unread = read_to(connection, "\r\n", unread);
    const auto end = unread.find("\r\n");
    if (end == std::string::npos) return {};
    const std::string line = unread.substr(0, end + 2);
    unread.erase(0, end + 2);
    return line;
  }
  [[nodiscard]] std::string answer_to(const std::string& line) const {
    for (const auto& [begin, answer] : answers_) {
      if (line.starts_with(begin)) return answer;
    }
    return line.starts_with("DATA") ? "354 go on\r\n" : "250 yes\r\n";
  }

  static constexpr const char* kStop = "\r\n.\r\n";
  Answers answers_;
  Heard heard_;
  std::atomic<int> ends_ = 0;
};

Target mail_by(const Server& server) {
  return {.way = Way::kMail,
          .url = "smtp://" + server.endpoint().to_string(),
          .from = "lb-a@example.net",
          .to = {"ops@example.net", "night@example.net"},
          .recipient = "ops@example.net",
          .tls = false};
}

constexpr const char* kGreeting = "220 mail.example.net\r\n";

TEST(MailServerTalk, TakesTheMail) {
  MailServer mailer(MailServer::Answers{{"CONNECT", kGreeting}});
  const Server server(mailer.serve(), "127.0.0.1", Server::First::kServer);
  const Status how = carried(mail_by(server));
  ASSERT_TRUE(how) << how.error().text;
  EXPECT_THAT(mailer.heard(), HasSubstr("EHLO example.net\r\n"));
  EXPECT_THAT(mailer.heard(), HasSubstr("MAIL FROM:<lb-a@example.net>"));
  EXPECT_THAT(mailer.heard(), HasSubstr("RCPT TO:<ops@example.net>\r\n"));
  EXPECT_THAT(mailer.heard(), Not(HasSubstr("RCPT TO:<night@example.net>")));
  const Target target = mail_by(server);
  EXPECT_THAT(mailer.heard(), HasSubstr(mail(news(), target.from, target.to)));
}

TEST(MailServerTalk, APasswordGoesByWhatTakesOneWhateverElseIsOffered) {
  MailServer mailer({{"CONNECT", kGreeting},
                     {"EHLO", "250-mail\r\n250 AUTH GSSAPI NTLM LOGIN PLAIN\r\n"},
                     {"AUTH PLAIN", "334 \r\n"},
                     {"AG1lOnlvdQBwOiJ3", "235 welcome\r\n"}});  // "\0me:you\0p:\"w"
  const Server server(mailer.serve(), "127.0.0.1", Server::First::kServer);
  Target target = mail_by(server);
  target.user = "me:you";
  target.password = "p:\"w";
  const Status how = carried(target);
  EXPECT_TRUE(how) << how.error().text << mailer.heard();
}

TEST(MailServerTalk, WhatIsRefusedIsSaidInItsWords) {
  const struct {
    std::string command, answer, id;
  } rows[] = {{"CONNECT", "554 go away", "E-640"},      {"MAIL", "550 not from you", "E-640"},
              {"RCPT", "550 no such mailbox", "E-640"}, {"RCPT", "451 come back later", "E-640"},
              {"DATA", "554 no recipients", "E-640"},   {".", "451 come back later", "E-640"},
              {".", "554 that is spam", "E-641"}};
  for (const auto& [command, answer, id] : rows) {
    MailServer::Answers answers{{"CONNECT", kGreeting}};
    answers[command] = answer + "\r\n";
    MailServer mailer(answers);
    const Server server(mailer.serve(), "127.0.0.1", Server::First::kServer);
    const Status how = carried(mail_by(server));
    ASSERT_FALSE(how) << command;
    EXPECT_EQ(how.error().text, "it answered " + answer);
    EXPECT_EQ(how.error().id, id) << command << answer;
  }
}

TEST(MailServerTalk, WithoutTlsWhereItIsAskedForNothingIsSent) {
  MailServer mailer(MailServer::Answers{{"CONNECT", kGreeting}});
  const Server server(mailer.serve(), "127.0.0.1", Server::First::kServer);
  Target target = mail_by(server);
  target.tls = true;
  EXPECT_FALSE(carried(target));
  EXPECT_THAT(mailer.heard(), Not(HasSubstr("MAIL FROM")));
}

// Wherever it falls silent the loop turns, and whoever gives up says no word more: least of all the
// dot that would make what was sent a mail.
TEST(MailServerTalk, OneThatFallsSilentBlocksNobodyAndIsLeftAtOnce) {
  for (const std::string command : {"CONNECT", "EHLO", "MAIL", "RCPT", "DATA", ".", "QUIT"}) {
    MailServer::Answers answers{{"CONNECT", kGreeting}};
    answers[command] = "";
    MailServer mailer(answers);
    const Server server(mailer.serve(), "127.0.0.1", Server::First::kServer);
    Turning loop;
    auto carrier = std::make_unique<CurlCarrier>(loop.get(), mail_by(server));
    carrier->carry(news(), [&](const Status&) { ADD_FAILURE() << command; });
    const std::string until = command == "." ? "\r\n.\r\n" : command;
    EXPECT_TRUE(loop.until([&] { return mailer.heard().find(until) != std::string::npos; }));
    const std::string before = mailer.heard();
    const MonoTime began = MonoClock::now();
    carrier.reset();
    EXPECT_LT(MonoClock::now() - began, kBlocked) << command;
    EXPECT_TRUE(loop.until([&] { return mailer.ends() == 1; })) << command;
    EXPECT_EQ(mailer.heard(), before) << command;
    EXPECT_FALSE(loop.was_blocked()) << command;
  }
}

}  // namespace
}  // namespace yoke::notify
