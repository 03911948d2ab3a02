// SPDX-License-Identifier: Apache-2.0
#include "cli/revision_view.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace yoke::cli {
namespace {

using nlohmann::json;

struct Item {
  const char* title;
  const char* key;
  Format format = Format::kText;
};

constexpr std::array kItems{Item{"REVISION", "revision"}, Item{"WHEN", "when", Format::kTime},
                            Item{"USER", "user"},         Item{"FROM", "from"},
                            Item{"HOW", "how"},           Item{"NOTE", "note"},
                            Item{"PARENT", "parent"},     Item{"HASH", "hash"},
                            Item{"CHANGES", "changes"}};
constexpr std::size_t kTitleWidth = 10;  // with the gap behind it

}  // namespace

Output revision_output(json answer, std::size_t width) {
  Output output;
  const json rows = answer.is_object() ? answer.value("rows", json::array()) : json::array();
  output.json = std::move(answer);
  if (!rows.is_array() || rows.empty() || !rows.front().is_object()) {
    output.talk.emplace_back("There is no revision to show.");
    return output;
  }
  const std::size_t room = width == kAnyWidth ? width : width - kTitleWidth;
  std::vector<std::pair<std::string, std::string>> items;
  for (const Item& item : kItems) {
    std::string title = item.title;
    for (std::string& line : wrapped(cell_text(rows.front(), item.key, item.format), room)) {
      items.emplace_back(std::exchange(title, ""), std::move(line));
    }
  }
  output.rows = make_list(items, width);
  return output;
}

}  // namespace yoke::cli
