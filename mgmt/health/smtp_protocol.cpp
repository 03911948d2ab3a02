// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/smtp_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/base/number.h"
#include "mgmt/health/letters.h"
#include "mgmt/model/words.h"

namespace yoke::health {

SmtpProtocol::SmtpProtocol(const Check& check)
    : name_(check.settings.text("hello")), wants_tls_(check.settings.flag("tls")) {}

std::string_view SmtpProtocol::stage() const {
  switch (state_) {
    case State::kBanner:
      return "banner";
    case State::kHello:
      return "EHLO";
    case State::kStartTls:
      return "STARTTLS";
    case State::kQuit:
      break;
  }
  return "QUIT";
}

Move SmtpProtocol::greet(std::string seen) {
  state_ = State::kHello;
  return receive(stage(), fmt::format("EHLO {}\r\n", name_), std::move(seen));
}

Move SmtpProtocol::secured() {
  has_tls_ = true;
  return greet({});
}

// Lines of "250-...", and the last of "250 ...". What follows that stays.
Move SmtpProtocol::received(std::string& unread) {
  std::size_t begin = 0;
  bool is_whole = false;
  while (!is_whole) {
    const auto end = unread.find('\n', begin);
    if (end == std::string::npos) break;
    std::string_view line = std::string_view(unread).substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto taken = take_line(line);
    if (!taken) return failed(taken.error().text);
    is_whole = *taken;
    begin = end + 1;
  }
  unread.erase(0, begin);
  return is_whole ? take(std::exchange(reply_, {})) : receive(stage());
}

Result<bool> SmtpProtocol::take_line(std::string_view line) {
  const auto code = parse_decimal(line.substr(0, 3));
  const bool is_last = line.size() == 3 || (line.size() > 3 && line[3] == ' ');
  const bool goes_on = line.size() > 3 && line[3] == '-';
  if (!code || *code < 200 || *code > 599 || (!is_last && !goes_on)) {
    return fail(Errc::kFailed, "", fmt::format("{} is not SMTP: {}", stage(), model::shown(line)));
  }
  const std::string_view text = line.substr(std::min<std::size_t>(line.size(), 4));
  reply_.code = static_cast<unsigned>(*code);
  if (!std::exchange(reply_.has_first, true)) reply_.first = text;
  reply_.offers_tls |= lower_case(text.substr(0, text.find(' '))) == "starttls";
  return is_last;
}

Move SmtpProtocol::take(const Reply& reply) {
  const std::string text = fmt::format("{} {}", reply.code, reply.first);
  const unsigned expected = state_ == State::kHello ? 250 : state_ == State::kQuit ? 221 : 220;
  if (reply.code != expected) {
    return failed(
        fmt::format("{} answered {}, expected {}", stage(), model::shown(text), expected));
  }
  std::string seen = fmt::format("{}: {}", stage(), text);
  switch (state_) {
    case State::kBanner:
      return greet(std::move(seen));
    case State::kHello:
      if (!wants_tls_ || has_tls_) {
        state_ = State::kQuit;
        return receive(stage(), "QUIT\r\n", std::move(seen));
      }
      if (!reply.offers_tls) return failed("STARTTLS is not offered");
      state_ = State::kStartTls;
      return receive(stage(), "STARTTLS\r\n", std::move(seen));
    case State::kStartTls:
      return start_tls("TLS handshake");
    case State::kQuit:
      break;
  }
  return passed("ready");
}

// Some close without an answer to QUIT, and were ready before.
std::optional<Move> SmtpProtocol::closed(std::string_view /*unread*/) {
  if (state_ != State::kQuit) return std::nullopt;
  return passed("ready");
}

}  // namespace yoke::health
