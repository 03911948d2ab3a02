// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mgmt/replication/messages.h"

// Messages as bytes, and the bodies that travel in parts. Unknown fields are stepped over, missing
// ones have their defaults; nothing is returned for what makes no sense, or is of a type that only
// a newer release has. The bytes are a peer's: nothing is believed of them. PURE. Threads: any.
namespace yoke::replication {

// "YKRP", the version of this layout, then fields.
[[nodiscard]] std::string encode(const Letter& letter);
[[nodiscard]] std::optional<Letter> decode_letter(std::string_view bytes);

[[nodiscard]] std::string encode(const Proposal& proposal);
[[nodiscard]] std::optional<Proposal> decode_proposal(std::string_view bytes);
[[nodiscard]] std::string encode(const Supply& supply);
[[nodiscard]] std::optional<Supply> decode_supply(std::string_view bytes);

}  // namespace yoke::replication
