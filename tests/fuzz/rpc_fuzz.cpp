// SPDX-License-Identifier: Apache-2.0
// A line as it may come in at the management socket, or back from it, or a document from a file.
#include <cstdlib>
#include <string_view>

#include "mgmt/model/json.h"
#include "mgmt/model/rules.h"
#include "mgmt/rpc/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)rpc::parse_answer(text);
  if (const auto request = rpc::parse_request(text)) {
    (void)model::operations_from_json(request->params);
  }
  const auto json = model::parse_json(text);
  if (!json) return 0;
  if (const auto config = model::config_from_json(*json)) {
    (void)model::violations(*config);
    const auto again = model::config_from_json(model::to_json(*config));
    if (!again || !(*again == *config)) std::abort();
  }
  return 0;
}
