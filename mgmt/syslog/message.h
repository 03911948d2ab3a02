// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "mgmt/events/event.h"

// Events as syslog has them. Pure. Threads: any.
namespace yoke::syslog {

// Who sends.
struct Origin {
  std::string host;     // "lb-a"
  std::string process;  // its number
  int facility = 16;    // local0
  friend bool operator==(const Origin&, const Origin&) = default;
};

// RFC 5424: fields of the event as structured data, its name as MSGID. One line, whatever the
// event holds; at most `bytes_max` of it, cut between characters.
[[nodiscard]] std::string message(const events::Entry& entry, const Origin& origin,
                                  std::size_t bytes_max);

// As it goes over TCP and TLS: RFC 5425 section 4.3, the length before it.
[[nodiscard]] std::string framed(std::string_view message);

}  // namespace yoke::syslog
