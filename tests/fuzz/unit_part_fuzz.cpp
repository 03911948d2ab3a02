// SPDX-License-Identifier: Apache-2.0
// A row of unit.db, as a backup from somebody else may hold it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mgmt/model/unit_part.h"
#include "mgmt/store/changes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke;
  const std::string text(reinterpret_cast<const char*>(data), size);
  model::Records own;
  if (!store::apply_changes(text, own)) return 0;
  model::Records again;
  if (!store::apply_changes(store::changes_text({}, own), again) || !(again == own)) std::abort();
  // Whatever it says, what it is joined to can be taken apart and joined again.
  const model::Records whole = model::join({}, own);
  const auto [shared, part] = model::split(whole);
  if (!(model::join(shared, part) == whole)) std::abort();
  return 0;
}
