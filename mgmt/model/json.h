// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "mgmt/model/commands.h"
#include "mgmt/model/config.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/merge.h"
#include "mgmt/model/rules.h"

// The JSON forms of mgmt/README.md. Values are typed in all of them as in a document: integers are
// numbers, flags booleans, lists arrays, the rest strings. Threads: any.
namespace yoke::model {

inline constexpr std::string_view kSchemaName = "yoke/1";

// Text to JSON. E-110 with line, column and what was expected; a key given twice is an error too.
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text);

// A configuration and its document. E-111 for another shape, with the path of the part concerned;
// errors of words and values are those of Config::set.
[[nodiscard]] nlohmann::json to_json(const Config& config);
[[nodiscard]] Result<Config> config_from_json(const nlohmann::json& document);
// The document as text.
[[nodiscard]] Result<Config> config_from_text(std::string_view text);

// The lists that `edit`, `diff` and `check` carry.
[[nodiscard]] nlohmann::json to_json(const std::vector<Operation>& operations);
[[nodiscard]] Result<std::vector<Operation>> operations_from_json(const nlohmann::json& list);
[[nodiscard]] nlohmann::json to_json(const std::vector<Change>& changes);
[[nodiscard]] Result<std::vector<Change>> changes_from_json(const nlohmann::json& list);
// For people; nothing reads it back: {"path":"pool web","field":"method","mine":"nat",
// "theirs":null,"text":"..."}.
[[nodiscard]] nlohmann::json to_json(const std::vector<Conflict>& conflicts);
[[nodiscard]] nlohmann::json to_json(const std::vector<Violation>& violations);
[[nodiscard]] Result<std::vector<Violation>> violations_from_json(const nlohmann::json& list);

}  // namespace yoke::model
