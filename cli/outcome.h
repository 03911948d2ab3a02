// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/view.h"
#include "hal/base/result.h"
#include "mgmt/model/rules.h"

// What a command came to, and the sentences that tell it. Threads: any.
namespace yoke::cli {

// What running a command came to: output, and perhaps an error as well (a refused commit tells
// why).
struct Outcome {
  Output output;
  std::optional<Error> error;
};

[[nodiscard]] Outcome failed(Error error);
[[nodiscard]] Outcome said(std::string text);

// A number in an answer, or 0 where there is none.
[[nodiscard]] std::uint64_t number_of(const nlohmann::json& answer, const char* key);
// `object` with the name of the schema, as every JSON that is printed has it.
[[nodiscard]] nlohmann::json with_schema(nlohmann::json object);

[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);

// "E-203 vip b: vip a answers for ..." a line each.
[[nodiscard]] std::vector<std::string> violation_lines(
    const std::vector<model::Violation>& violations);
// Those that a refused `load` or `commit` came with.
[[nodiscard]] std::vector<std::string> violation_lines_of(const nlohmann::json& error_data);

// "! vip web pool: a here, b there": what others changed too, of an answer or the data of an error.
[[nodiscard]] std::vector<std::string> conflict_lines(const nlohmann::json& object);

// "revision 7, 3 changes", or that there was nothing to commit.
[[nodiscard]] std::string commit_sentence(const nlohmann::json& result);

// "Undone in 5m unless you confirm it: type confirm".
[[nodiscard]] std::string confirm_sentence(std::chrono::milliseconds within);

}  // namespace yoke::cli
