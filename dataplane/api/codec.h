// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "dataplane/api/difference.h"
#include "dataplane/api/messages.h"
#include "hal/base/result.h"

// The JSON form of every message. Keys are the names of the fields; addresses, states and methods
// are words, the hash key is 32 hexadecimal digits.
//
// Reading is strict: every key must be there, of the right type and within the range of its field;
// keys not known are ignored. Those that a release before did not have may be left out, and are
// where they hold their default: `scheduler`, `response_us`, `group`, `groups`, `lease`. An error
// names the place: "pools[3].servers[0].weight: ...". It checks form alone: bounds of limits.h and
// references between records are for the one who builds tables. Threads: any.
namespace yoke::api {

using Json = nlohmann::json;

[[nodiscard]] Json encode(const Configuration& configuration);
[[nodiscard]] Json encode(const ServerStateChange& change);
[[nodiscard]] Json encode(const RunningState& running);
[[nodiscard]] Json encode(const ProcessStatus& status);
[[nodiscard]] Json encode(const Activation& activation);
[[nodiscard]] Json encode(const Counters& counters);
// The same in half the bytes: traffic as a list, in the order of TrafficCounters. Told to those who
// ask for it, which a release before does not.
[[nodiscard]] Json encode_compact(const Counters& counters);

// A list of four numbers a server, in the order of ConnectionCounters; later releases may add more,
// which are not read.
[[nodiscard]] Json encode(const Connections& connections);

[[nodiscard]] Result<Configuration> decode_configuration(const Json& json);
[[nodiscard]] Result<ServerStateChange> decode_server_state_change(const Json& json);
[[nodiscard]] Result<RunningState> decode_running_state(const Json& json);
[[nodiscard]] Result<ProcessStatus> decode_process_status(const Json& json);
[[nodiscard]] Result<Activation> decode_activation(const Json& json);
[[nodiscard]] Result<Counters> decode_counters(const Json& json);
[[nodiscard]] Result<Connections> decode_connections(const Json& json);
[[nodiscard]] Json encode(const Forecast& forecast);
[[nodiscard]] Result<Forecast> decode_forecast(const Json& json);

// Params of `stage`, `apply` and `forecast`: {"version", "configuration"}.
[[nodiscard]] Json encode_stage(const Configuration& configuration);
[[nodiscard]] Result<Configuration> decode_stage(const Json& params);

// Params of `stage_difference` and `forecast_difference`: {"version", "difference"}.
[[nodiscard]] Json encode_stage(const Difference& difference);
[[nodiscard]] Result<Difference> decode_stage_difference(const Json& params);

// Params of `set_server_state`: {"changes": [...]}.
[[nodiscard]] Json encode_changes(const std::vector<ServerStateChange>& changes);
[[nodiscard]] Result<std::vector<ServerStateChange>> decode_changes(const Json& params);

// Params of `counters`, `connections` and `status`. Keys that are left out have their defaults, as
// a release before sends none.
[[nodiscard]] Json encode_wanted(const CountersWanted& wanted);
[[nodiscard]] Json encode_wanted(const ConnectionsWanted& wanted);
[[nodiscard]] Json encode_wanted(const StatusWanted& wanted);
struct CountersQuestion {
  CountersWanted wanted;
  bool compact = false;  // encode_compact() is understood
};
[[nodiscard]] Result<CountersQuestion> decode_counters_wanted(const Json& params);
[[nodiscard]] Result<ConnectionsWanted> decode_connections_wanted(const Json& params);
[[nodiscard]] Result<StatusWanted> decode_status_wanted(const Json& params);

// {"digest"}: params of `activate`, result of `stage`.
[[nodiscard]] Json encode_digest(const std::string& digest);
[[nodiscard]] Result<std::string> decode_digest(const Json& json);

// {"generation"}: result of `set_server_state`.
[[nodiscard]] Json encode_generation(std::uint64_t generation);
[[nodiscard]] Result<std::uint64_t> decode_generation(const Json& json);

}  // namespace yoke::api
