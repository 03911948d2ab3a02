// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

// The shape of a configuration document as a JSON Schema (draft 2020-12), for editors and for
// programs that write documents. Whatever can be committed is valid; what no schema can say
// (references, ranges of a duration, whole-configuration rules) is left to a dry run of
// `apply`. Threads: any.
namespace yoke::model {

[[nodiscard]] nlohmann::ordered_json json_schema();

}  // namespace yoke::model
