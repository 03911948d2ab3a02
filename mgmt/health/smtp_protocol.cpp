// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/smtp_protocol.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/base/number.h"
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

// Lines of "250-...", and the last of "250 ...".
Move SmtpProtocol::received(std::string& unread) {
  for (auto end = unread.find('\n'); end != std::string::npos; end = unread.find('\n')) {
    std::string line = unread.substr(0, end);
    unread.erase(0, end + 1);
    if (line.ends_with('\r')) line.pop_back();
    const auto code = parse_decimal(std::string_view(line).substr(0, 3));
    const bool is_last = line.size() == 3 || (line.size() > 3 && line[3] == ' ');
    const bool goes_on = line.size() > 3 && line[3] == '-';
    if (!code || *code < 200 || *code > 599 || (!is_last && !goes_on)) {
      return failed(fmt::format("{} is not SMTP: {}", stage(), model::shown(line)));
    }
    reply_.code = static_cast<unsigned>(*code);
    reply_.lines.push_back(line.size() > 4 ? line.substr(4) : std::string());
    if (!is_last) continue;
    Move move = take(reply_);
    reply_ = {};
    return move;
  }
  return receive(stage());
}

Move SmtpProtocol::take(const Reply& reply) {
  const std::string text = fmt::format("{} {}", reply.code, reply.lines.front());
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
      if (std::ranges::find(reply.lines, "STARTTLS") == reply.lines.end()) {
        return failed("STARTTLS is not offered");
      }
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
