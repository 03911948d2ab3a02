// SPDX-License-Identifier: Apache-2.0
// A line as it may come in at the data plane's control socket, or back from it.
#include <cstdlib>
#include <string_view>

#include "dataplane/api/codec.h"
#include "dataplane/api/envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke::api;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  if (const auto request = decode_request(line)) {
    if (const auto configuration = decode_stage(request->params)) {
      // What was read is written the same way, and means the same.
      const auto again = decode_configuration(encode(*configuration));
      if (!again || !(*again == *configuration)) std::abort();
      if (digest(*again) != digest(*configuration)) std::abort();
    }
    if (const auto difference = decode_stage_difference(request->params)) {
      const auto again = decode_stage_difference(encode_stage(*difference));
      if (!again || !(*again == *difference)) std::abort();
      // Whatever it says, applying it twice is applying it once.
      const auto once = applied(Configuration{}, *difference);
      if (digest(applied(once, *difference)) != digest(once)) std::abort();
    }
    if (const auto asked = decode_counters_wanted(request->params)) {
      const auto again = decode_counters_wanted(encode_wanted(asked->wanted));
      if (!again || !(again->wanted == asked->wanted)) std::abort();
    }
    if (const auto asked = decode_connections_wanted(request->params)) {
      const auto again = decode_connections_wanted(encode_wanted(*asked));
      if (!again || !(*again == *asked)) std::abort();
    }
    (void)decode_status_wanted(request->params);
    (void)decode_changes(request->params);
    (void)decode_digest(request->params);
  }
  if (const auto result = decode_response(line, 1)) {
    (void)decode_running_state(*result);
    (void)decode_process_status(*result);
    if (const auto counters = decode_counters(*result)) {
      const auto again = decode_counters(encode_compact(*counters));
      if (!again || !(*again == *counters)) std::abort();
    }
    if (const auto forecast = decode_forecast(*result)) {
      const auto again = decode_forecast(encode(*forecast));
      if (!again || !(*again == *forecast)) std::abort();
    }
    if (const auto connections = decode_connections(*result)) {
      const auto again = decode_connections(encode(*connections));
      if (!again || !(*again == *connections)) std::abort();
    }
  }
  return 0;
}
