// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "dataplane/net/address.h"
#include "hal/base/result.h"
#include "mgmt/http/server.h"

// The certificate that a server shows. Threads: any; what is made takes a few milliseconds.
namespace yoke::http {

// For whom one is made that nobody has issued.
struct Subject {
  std::string unit;  // "lb-a"
  net::IpAddress address;
};

// PREFIX.crt and PREFIX.key, PEM; made, signed by itself, where neither is there. Whoever has a
// better one puts it in their place. E-621 names the file and what is wrong with it.
[[nodiscard]] Result<Certificate> certificate_at(const std::filesystem::path& prefix,
                                                 const Subject& subject);

}  // namespace yoke::http
