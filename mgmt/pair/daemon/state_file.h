// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "mgmt/pair/messages.h"

// What a unit must not forget of its VIP groups: var/lib/yoke/pair.state, lines of text with a
// checksum. The file before is kept as pair.state.old. Unknown lines are stepped over, so a later
// release may add some. Threads: any; they wait for the disk.
namespace yoke::pair {

struct GroupMemory {
  Epoch reserved = 0;  // this unit may have claimed with any epoch up to here, and with none above
  bool maintenance = false;
  friend bool operator==(const GroupMemory&, const GroupMemory&) = default;
};
using Memory = std::map<Group, GroupMemory>;

[[nodiscard]] std::string encode(const Memory& memory);
// Nothing: torn, altered, foreign, or of a release that this one cannot read.
[[nodiscard]] std::optional<Memory> decode_memory(std::string_view text);

struct Recalled {
  Memory memory;
  std::string damage;  // for a person; empty: all was well, or this unit is new
};
// Never refuses. Of a file that is damaged, the one before counts, with its epochs raised by more
// than a single write ever adds. Where that is damaged too the epochs are not known: the unit
// starts from what its peer has seen.
[[nodiscard]] Recalled recall(const std::filesystem::path& path);
// On the disk when it returns. E-722.
[[nodiscard]] Status remember(const std::filesystem::path& path, const Memory& memory);

}  // namespace yoke::pair
