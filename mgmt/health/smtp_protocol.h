// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hal/base/result.h"
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
  // What counts of a reply, however many lines it has.
  struct Reply {
    unsigned code = 0;
    std::string first;  // line, without the code
    bool has_first = false;
    bool offers_tls = false;
  };

  // True once it is whole. E: a line that is not SMTP.
  [[nodiscard]] Result<bool> take_line(std::string_view line);
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
