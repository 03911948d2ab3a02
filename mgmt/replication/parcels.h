// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "mgmt/replication/messages.h"

// A body on its way out or in, part by part, of one stream. A newer number takes the place of an
// older one. Whatever is lost, repeated or late, who receives asks for what comes next.
// Threads: values, any.
namespace yoke::replication {

struct Outgoing {
  std::uint64_t number = 0;  // 0: none
  std::string body;

  [[nodiscard]] std::optional<Part> part(Stream stream, std::uint64_t offset) const {
    if (number == 0 || offset > body.size()) return std::nullopt;
    return Part{stream, number, body.size(), offset, body.substr(offset, kPartMost)};
  }
};

struct Intake {
  std::uint64_t number = 0;  // 0: none
  std::uint64_t total = 0;
  std::string body;
  bool asked = false;  // a part has come since it was looked at last

  [[nodiscard]] bool complete() const { return number != 0 && body.size() == total; }

  // Takes a part; false where it is of an older body or makes no sense.
  bool take(const Part& part) {
    const bool sane = part.number != 0 && part.total <= kBodyMost && part.offset <= part.total &&
                      part.bytes.size() <= part.total - part.offset;
    if (!sane || part.number < number) return false;
    if (part.number > number) *this = Intake{part.number, part.total, {}, false};
    if (part.total != total) return false;
    asked = true;
    if (part.offset == body.size()) body += part.bytes;
    return true;
  }
};

}  // namespace yoke::replication
