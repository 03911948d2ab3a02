// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/exchange_protocol.h"

#include <fmt/format.h>

#include "mgmt/model/words.h"

namespace yoke::health {

ExchangeProtocol::ExchangeProtocol(Kind kind, const Check& check)
    : kind_(kind),
      stands_(check.kind() == "tls" ? "handshake" : "connected"),
      send_(check.settings.bytes("send")),
      receive_(check.settings.bytes("receive")) {}

Move ExchangeProtocol::connected() {
  const bool is_enough = kind_ == Kind::kStream && send_.empty() && receive_.empty();
  return is_enough ? passed(stands_) : receive("answer", send_);
}

Move ExchangeProtocol::received(std::string& unread) {
  if (unread.find(receive_) != std::string::npos) {
    return passed("answered " + model::shown(receive_.empty() ? unread : receive_));
  }
  return kind_ == Kind::kStream ? receive("answer") : mismatch(unread);
}

std::optional<Move> ExchangeProtocol::closed(std::string_view unread) {
  if (unread.empty()) return std::nullopt;
  return mismatch(unread);
}

Move ExchangeProtocol::mismatch(std::string_view got) const {
  return failed(fmt::format("answered {}, expected {}", model::shown(got), model::shown(receive_)));
}

}  // namespace yoke::health
