// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "mgmt/health/check.h"
#include "mgmt/health/protocol.h"

namespace yoke::health {

// SMTP (RFC 5321) up to the point at which a mail could be sent: banner, EHLO, where asked for
// STARTTLS (RFC 3207) and EHLO again, QUIT. Pure; threads: owned by one.
class SmtpProtocol final : public Protocol {
 public:
  explicit SmtpProtocol(const Check& check);

  [[nodiscard]] Move connected() override { return receive("banner"); }
  [[nodiscard]] Move secured() override;
  [[nodiscard]] Move received(std::string& unread) override;
  [[nodiscard]] std::optional<Move> closed(std::string_view unread) override;

 private:
  enum class State : std::uint8_t { kBanner, kHello, kStartTls, kQuit };
  struct Reply {
    unsigned code = 0;
    std::vector<std::string> lines;  // without code
  };

  [[nodiscard]] Move take(const Reply& reply);
  [[nodiscard]] Move greet(std::string seen);
  [[nodiscard]] std::string_view stage() const;

  std::string name_;
  bool wants_tls_;
  bool has_tls_ = false;
  State state_ = State::kBanner;
  Reply reply_;  // as far as it has come
};

}  // namespace yoke::health
