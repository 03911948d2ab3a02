// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "hal/base/log.h"

// Whom to tell, and how. Threads: values, any.
namespace yoke::notify {

enum class Way : std::uint8_t { kMail, kWebhook, kScript };

// Who is told: each recipient of a mail by itself, so that one who is refused keeps nothing from
// the others.
struct Whom {
  std::string notification;    // "mail:ops"
  std::string recipient = {};  // of mail
  // "mail:ops to night@example.net"
  [[nodiscard]] std::string text() const {
    return recipient.empty() ? notification : notification + " to " + recipient;
  }
  friend auto operator<=>(const Whom&, const Whom&) = default;
};

struct Target {
  Way way = Way::kMail;
  log::Level level = log::Level::kWarning;  // this and worse
  // Of a webhook where to post to; of mail the server, smtp://HOST:PORT (STARTTLS is asked for
  // where `tls`) or smtps://HOST:PORT.
  std::string url = {};
  std::string from = {};
  std::vector<std::string> to = {};      // of mail: whom it names
  std::string recipient = {};            // and to whom of them this one goes
  std::string user = {}, password = {};  // of mail
  std::string bearer = {};               // of a webhook: Authorization: Bearer
  bool tls = true;
  bool verify = true;
  std::string authorities = {};  // PEM file; empty: the system's
  std::string path = {};         // of a script
  friend bool operator==(const Target&, const Target&) = default;
};

}  // namespace yoke::notify
