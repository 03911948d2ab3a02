// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/result.h"

namespace yoke::backup {

// A folder on another machine, as a URL: sftp://user@host/folder or https://host/folder.
// Threads: a value, any.
struct Place {
  enum class Protocol : std::uint8_t { kSftp, kHttps };
  Protocol protocol = Protocol::kSftp;
  std::string url;   // with a slash at its end
  std::string path;  // of the folder on that machine, with a slash at its end

  // E-515 where it is neither, or holds a password: what everybody may read is no place for one.
  [[nodiscard]] static Result<Place> parse(std::string_view text);
  friend bool operator==(const Place&, const Place&) = default;
};

}  // namespace yoke::backup
