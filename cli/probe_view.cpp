// SPDX-License-Identifier: Apache-2.0
#include "cli/probe_view.h"

#include <fmt/format.h>

namespace yoke::cli {
namespace {

using nlohmann::json;

std::string fitting(const std::string& line, std::size_t width) {
  std::string safe = line;
  for (char& c : safe) {
    if (c < ' ' || c > '~') c = '?';
  }
  return safe.size() <= width ? safe : safe.substr(0, width - 3) + "...";
}

// "0.4ms", "1250.0ms".
std::string milliseconds_text(const json& row, std::string_view key) {
  const auto found = row.find(key);
  if (found == row.end() || !found->is_number_integer()) return "-";
  return fmt::format("{:.1f}ms", static_cast<double>(found->get<std::int64_t>()) / 1000);
}

// Longer words than a line are told on as many as they need: this is where a failure is explained.
void add_words(const std::string& head, const std::string& text, std::size_t width,
               std::vector<std::string>& rows) {
  const std::size_t room = width - head.size();
  rows.push_back(fitting(head + text.substr(0, room), width));
  for (std::size_t at = room; at < text.size(); at += room) {
    rows.push_back(fitting(std::string(head.size(), ' ') + text.substr(at, room), width));
  }
}

void add_probe(const json& row, bool has_server, std::size_t width,
               std::vector<std::string>& rows) {
  const auto cell = [&](std::string_view key, Format format = Format::kText) {
    return cell_text(row, key, format);
  };
  std::string head = has_server ? fmt::format("{:21}  ", cell("server")) : std::string();
  head += fmt::format("{:10}  {:>6}  {:9}  {:>8}", cell("check"), cell("ago_s", Format::kAge),
                      cell("outcome"), milliseconds_text(row, "took_us"));
  rows.push_back(fitting(head, width));
  const auto steps = row.find("steps");
  if (steps != row.end() && steps->is_array() && !steps->empty()) {
    for (const json& step : *steps) {
      if (!step.is_object()) continue;
      add_words(fmt::format("  {:>10}  ", milliseconds_text(step, "at_us")),
                cell_text(step, "text", Format::kText), width, rows);
    }
  } else if (row.contains("text")) {
    add_words("              ", cell("text"), width, rows);
  }
}

}  // namespace

Output probe_output(json answer, std::size_t width) {
  Output output;
  const json rows = answer.is_object() ? answer.value("rows", json::array()) : json::array();
  output.json = std::move(answer);
  if (!rows.is_array() || rows.empty()) {
    output.talk.emplace_back("There is no probe to show.");
    return output;
  }
  // Of one server it has been named already.
  bool has_server = false;
  for (const json& row : rows) {
    if (row.is_object() && rows.front().is_object()) {
      has_server =
          has_server || row.value("server", json()) != rows.front().value("server", json());
    }
  }
  std::string header = has_server ? fmt::format("{:21}  ", "SERVER") : std::string();
  header += fmt::format("{:10}  {:>6}  {:9}  {:>8}", "CHECK", "AGO", "RESULT", "TOOK");
  output.header.push_back(std::move(header));
  for (const json& row : rows) {
    if (row.is_object()) add_probe(row, has_server, width, output.rows);
  }
  return output;
}

}  // namespace yoke::cli
