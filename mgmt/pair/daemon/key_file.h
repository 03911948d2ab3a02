// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "mgmt/pair/messages.h"
#include "mgmt/pair/wire/key_ring.h"

// Which of the two units this is, and the key that both have: var/lib/yoke/pair.key, for its owner
// alone. Three lines of text: "yoke-pair-key 1", "unit a", "key NUMBER 64-HEXADECIMAL-DIGITS".
// Threads: any; they wait for the disk.
namespace yoke::pair {

struct UnitKey {
  Unit unit = Unit::kA;
  Key key;
};

// E-721. No error ever holds a part of a key.
[[nodiscard]] Result<UnitKey> decode_key(std::string_view text);
[[nodiscard]] std::string encode(const UnitKey& key);

// Nothing: it is not there. E-721 also where others than its owner may read it.
[[nodiscard]] Result<std::optional<UnitKey>> read_key(const std::filesystem::path& path);

// Durably, for its owner alone, over one that is there. E-722.
[[nodiscard]] Status store_key(const std::filesystem::path& path, const UnitKey& key);

// A fresh key for two units that are not paired over the link: FOLDER/a/pair.key and
// FOLDER/b/pair.key. One that is there is not overwritten. E-721, E-722.
[[nodiscard]] Status make_keys(const std::filesystem::path& folder);

}  // namespace yoke::pair
