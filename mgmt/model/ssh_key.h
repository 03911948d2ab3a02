// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hal/base/result.h"

// Public keys as OpenSSH writes them in one line: "ssh-ed25519 AAAA... ann@laptop". Pure; threads:
// any.
namespace yoke::model {

// The line with single blanks between its parts. Options, as authorized_keys may have them before a
// key, are none of it; certificates and DSA keys are not taken. E-102 with what is wrong.
[[nodiscard]] Result<std::string> canonical_ssh_key(std::string_view text);

// "ssh-ed25519, ssh-rsa, ...": the types that are taken.
[[nodiscard]] std::string ssh_key_types();

}  // namespace yoke::model
