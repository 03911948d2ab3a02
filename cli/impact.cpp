// SPDX-License-Identifier: Apache-2.0
#include "cli/impact.h"

#include <fmt/format.h>

#include <cstdint>

#include "cli/connection.h"

namespace yoke::cli {
namespace {

using nlohmann::json;

struct Total {
  std::uint64_t flows = 0;
  bool unknown = false;  // some cannot be told
  bool at_most = false;  // some were counted twice
};

std::string flows_text(std::uint64_t flows) {
  return fmt::format("{} open {}", flows, flows == 1 ? "flow" : "flows");
}

std::string in_words(const Total& total, std::string_view what) {
  if (total.unknown) return fmt::format("some open flows {}", what);
  if (total.flows == 0) return fmt::format("no open flows {}", what);
  return fmt::format("{}{} {}", total.at_most ? "at most " : "", flows_text(total.flows), what);
}

void add(Total& total, const json& effect) {
  const json flows = part_of(effect, "flows");
  if (flows.is_number_unsigned()) {
    total.flows += flows.get<std::uint64_t>();
  } else {
    total.unknown = true;
  }
  if (part_of(effect, "counted_twice") == true) total.at_most = true;
}

}  // namespace

std::vector<std::string> impact_lines(const json& impact) {
  std::vector<std::string> lines;
  if (!impact.is_array()) return lines;
  Total cut, drain;
  for (const json& effect : impact) {
    const json path = part_of(effect, "path");
    const json flows = part_of(effect, "flows");
    if (part_of(effect, "effect") == "restart") {
      lines.push_back(fmt::format("  {}: from the data plane's next start on",
                                  path.is_string() ? path.get<std::string>() : ""));
      continue;
    }
    const bool is_cut = part_of(effect, "effect") == "cut";
    add(is_cut ? cut : drain, effect);
    lines.push_back(fmt::format(
        "  {}: {} {}", path.is_string() ? path.get<std::string>() : "",
        flows.is_number_unsigned() ? flows_text(flows.get<std::uint64_t>()) : "some open flows",
        is_cut ? "cut" : "drain"));
  }
  lines.push_back(fmt::format("impact: {}, {}", in_words(cut, "cut"), in_words(drain, "drain")));
  return lines;
}

}  // namespace yoke::cli
