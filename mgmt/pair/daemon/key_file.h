// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "mgmt/pair/messages.h"
#include "mgmt/pair/wire/hash_key.h"
#include "mgmt/pair/wire/pair_keys.h"

// Which of the two units this is, and the keys that both have: var/lib/yoke/pair.key, for its owner
// alone. Lines of text: "yoke-pair-key 2", "unit a", "hash 32-HEXADECIMAL-DIGITS", "key NUMBER
// SECONDS 64-HEXADECIMAL-DIGITS" with the time it was made, and while one takes its place "next",
// as "key", and "rotation 32-DIGITS proven|accepted 64-DIGITS" (wire/pair_keys.h).
//
// What pairing has made is written as releases before know it, and read as they wrote it:
// "yoke-pair-key 1", "unit a", "key NUMBER 64-HEXADECIMAL-DIGITS". The time is the file's own then,
// and what the data planes hash by follows from the key. Once it has been replaced, only this
// format will do. Threads: any; they wait for the disk.
namespace yoke::pair {

struct UnitKey {
  Unit unit = Unit::kA;
  PairKeys keys;
  HashKey hash{};  // of the data planes; stays while keys are replaced
  friend bool operator==(const UnitKey&, const UnitKey&) = default;
};

// As pairing makes it.
[[nodiscard]] UnitKey first_key(Unit unit, const Key& key);

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
