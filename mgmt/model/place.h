// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/result.h"

namespace yoke::model {

// A folder on another machine that backups are sent to, as a URL: sftp://USER@HOST/FOLDER or
// https://HOST/FOLDER. Pure; threads: a value, any.
struct Place {
  enum class Protocol : std::uint8_t { kSftp, kHttps };
  Protocol protocol = Protocol::kSftp;
  std::string user;        // may be empty for https
  std::string host;        // an IPv6 address in brackets
  std::uint16_t port = 0;  // 0: the protocol's own
  std::string path;        // of the folder on that machine, nothing encoded, with slashes around it

  // E-515 with the column where it is none: with a password, which everybody who reads the
  // configuration would see, a query or fragment, or a path that URL and machine would read
  // differently (".", "..", "~", empty parts, quotes).
  [[nodiscard]] static Result<Place> parse(std::string_view text);
  // With a slash at its end; the same for every way to write the same place.
  [[nodiscard]] std::string url() const;
  friend bool operator==(const Place&, const Place&) = default;
};

}  // namespace yoke::model
