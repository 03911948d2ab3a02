// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/curl.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>

#include "mgmt/notify/errors.h"

namespace yoke::notify {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;
using How = hal::ProgramEnd::How;

constexpr std::string_view kCurl = "/usr/bin/curl";

// A mail server greets a stranger late on purpose (30 s), and takes its time over what it was sent:
// one that is asked again too soon delivers twice. RFC 5321 section 4.5.3.2.6 wants 10 min; curl
// waits 2 min for each answer, whatever it is told, so that one transfer ends well before that.
constexpr seconds kMailConnects = 30s, kMailTakes = 600s;
constexpr seconds kWebhookConnects = 10s, kWebhookTakes = 30s;
// The answer to QUIT is waited for besides (2 min), and a loaded unit starts a program slowly.
constexpr seconds kMailGoodbye = 150s, kWebhookGoodbye = 10s;

constexpr long kWeirdReply = 8, kSendError = 55;  // statuses that curl ends with
constexpr long kTooBig = 552;                     // RFC 5321
// What is wrong with the asking rather than with the news, and may be mended.
constexpr std::array kMendable{401L, 403L, 404L, 405L, 407L, 408L, 410L, 421L, 425L, 429L};
constexpr std::size_t kReasonBytesMax = 200;

// curl's own configuration file, which it reads from its standard input.
class Configuration {
 public:
  void set(std::string_view option, std::string_view value) {
    text_ += fmt::format("{} = \"", option);
    for (const char c : value) add(c);
    text_ += "\"\n";
  }
  void set(std::string_view option, seconds value) { set(option, std::to_string(value.count())); }
  void set(std::string_view option) { text_ += fmt::format("{}\n", option); }
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  void add(char c) {
    switch (c) {
      case '\n':
        text_ += "\\n";
        return;
      case '\r':
        text_ += "\\r";
        return;
      case '"':
      case '\\':
        text_ += '\\';
        break;
      default:
        break;
    }
    text_ += c;
  }

  std::string text_;
};

// As a part of a URL.
std::string encoded(std::string_view text) {
  std::string url;
  for (const char c : text) {
    const bool stands_for_itself = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                   (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    url += stands_for_itself ? std::string(1, c)
                             : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return url;
}

// With the account, which needs no other place where a colon means something, and with the name
// that the unit calls itself by.
std::string mail_url(const Target& target) {
  std::string url = target.url;
  if (!target.user.empty()) {
    url.insert(url.find("://") + 3, encoded(target.user) + ':' + encoded(target.password) + '@');
  }
  return url + '/' + encoded(domain_of(target.from));
}

void add_mail(Configuration& to, const Target& target) {
  to.set("url", mail_url(target));
  to.set("proto", "=smtp,smtps");
  to.set("connect-timeout", kMailConnects);
  to.set("max-time", kMailTakes);
  if (target.tls) to.set("ssl-reqd");
  // Those alone that take a user and a password: others would be tried, and fail, first.
  if (!target.user.empty()) to.set("login-options", "AUTH=PLAIN;AUTH=LOGIN");
  to.set("mail-from", target.from);
  to.set("mail-rcpt", target.recipient);
  to.set("upload-file", hal::kAttachmentPath);
  to.set("verbose");  // for what the server says as it refuses
}

void add_webhook(Configuration& to, const Target& target) {
  to.set("url", target.url);
  to.set("proto", "=http,https");
  to.set("connect-timeout", kWebhookConnects);
  to.set("max-time", kWebhookTakes);
  to.set("header", "Content-Type: application/json");
  to.set("header", "Expect:");  // a large document is not announced and waited for
  to.set("user-agent", "yoke");
  if (!target.bearer.empty()) to.set("header", "Authorization: Bearer " + target.bearer);
  to.set("data-binary", fmt::format("@{}", hal::kAttachmentPath));
}

std::string configuration_of(const Target& target) {
  Configuration made;
  if (target.way == Way::kMail) {
    add_mail(made, target);
  } else {
    add_webhook(made, target);
  }
  made.set("globoff");
  made.set("silent");
  made.set("proxy", "");
  made.set("noproxy", "*");
  made.set("output", "/dev/null");
  made.set("tlsv1.2");
  if (!target.verify) made.set("insecure");
  if (!target.authorities.empty()) {
    made.set("cacert", target.authorities);
    made.set("capath", "/dev/null");  // and none of the system's
  }
  made.set("write-out", "%{response_code} %{exitcode} %{errormsg}");
  return std::move(made).text();
}

// As far as a terminal takes it.
std::string clean(std::string_view text) {
  std::string line(text.substr(0, text.find_first_of("\r\n")).substr(0, kReasonBytesMax));
  for (char& c : line) c = c >= ' ' && c <= '~' ? c : '?';
  return line;
}

// What curl writes at its end: "550 55 RCPT failed: 550".
struct Answer {
  long code = 0;    // the last of the server's; 0: none
  long status = 0;  // curl's
  std::string reason;
};

std::optional<long> take_number(std::string_view& text) {
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() + text.size() || *end != ' ') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return number;
}

std::optional<Answer> answer_in(std::string_view text) {
  const auto code = take_number(text);
  const auto status = code ? take_number(text) : std::nullopt;
  if (!status) return std::nullopt;
  return Answer{*code, *status, clean(text)};
}

// The last that a mail server refused something with: "550 5.1.1 no such mailbox".
std::string refusal_in(std::string_view trace) {
  std::string found;
  while (!trace.empty()) {
    const std::string_view line = trace.substr(0, trace.find('\n'));
    trace.remove_prefix(std::min(trace.size(), line.size() + 1));
    if (line.starts_with("< 4") || line.starts_with("< 5")) found = clean(line.substr(2));
  }
  return found;
}

Status failed(std::string_view id, std::string text) {
  return fail(Errc::kFailed, id, std::move(text));
}

Status arrived_by_http(const Answer& answer) {
  if (answer.status != 0) return failed(kNotTold, answer.reason);
  if (answer.code >= 200 && answer.code <= 299) return {};
  const bool is_final = answer.code >= 400 && answer.code <= 499 &&
                        std::ranges::find(kMendable, answer.code) == kMendable.end();
  return failed(is_final ? kRefusedForGood : kNotTold,
                fmt::format("it answered with status {}, expected 200 to 299", answer.code));
}

// Who may send and who may be sent to is judged before the server has asked for the mail itself.
Status arrived_by_mail(const Answer& answer, std::string_view trace) {
  if (answer.status == 0) return {};
  const bool was_sent = trace.find("\n< 354") != std::string_view::npos;
  const bool is_final =
      (was_sent && answer.status == kWeirdReply && answer.code >= 500 && answer.code <= 599) ||
      (!was_sent && answer.status == kSendError && answer.code == kTooBig);
  const std::string said = refusal_in(trace);
  return failed(is_final ? kRefusedForGood : kNotTold,
                said.empty() ? answer.reason : "it answered " + said);
}

std::string failure_of(const hal::ProgramEnd& end) {
  switch (end.how) {
    case How::kExited:
      return fmt::format("curl ended with status {}: {}", end.number, clean(end.error));
    case How::kSignalled:
      return fmt::format("curl was ended by signal {}", end.number);
    case How::kOutOfTime:
      return "curl did not end in time";
    case How::kTooMuchOutput:
      return "the server said more than is read";
    case How::kNotStarted:
      break;
  }
  return fmt::format("{} cannot be run: {}", kCurl, std::strerror(end.number));
}

}  // namespace

hal::ProgramPlan curl_plan(const News& news, const Target& target) {
  const bool is_mail = target.way == Way::kMail;
  hal::ProgramPlan plan{
      .path = std::string(kCurl),
      .arguments = {"-q", "--config", "-"},
      .input = configuration_of(target),
      .attachment = is_mail ? mail(news, target.from, target.to) : document(news)};
  plan.limits.time = is_mail ? kMailTakes + kMailGoodbye : kWebhookTakes + kWebhookGoodbye;
  plan.limits.processor = 60s;
  return plan;
}

Status arrived(Way way, const hal::ProgramEnd& end) {
  const auto answer = end.how == How::kExited ? answer_in(end.output) : std::nullopt;
  if (!answer) return failed(kNotTold, failure_of(end));
  return way == Way::kMail ? arrived_by_mail(*answer, end.error) : arrived_by_http(*answer);
}

}  // namespace yoke::notify
