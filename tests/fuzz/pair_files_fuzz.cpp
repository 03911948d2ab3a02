// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mgmt/pair/daemon/key_file.h"
#include "mgmt/pair/daemon/settings.h"
#include "mgmt/pair/daemon/state_file.h"
#include "mgmt/pair/daemon/tracked.h"

// Any bytes as each of the files of yoke-pair: read, or refused. What is read is written and read
// again as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke::pair;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto memory = decode_memory(text)) {
    if (decode_memory(encode(*memory)) != memory) std::abort();
  }
  if (const auto key = decode_key(text)) {
    const auto again = decode_key(encode(*key));
    if (!again || *again != *key) std::abort();
  }
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_discarded()) return 0;
  if (const auto settings = decode_settings(document)) {
    if (decode_settings(encode(*settings)) != settings) std::abort();
  }
  if (const auto tracked = decode_tracked(document)) (void)tracked->of("");
  return 0;
}
