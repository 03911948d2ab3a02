// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/changes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "mgmt/model/json.h"

namespace yoke::store {
namespace {

using nlohmann::json;

bool apply_change(const json& change, Records& records) {
  if (!change.is_array() || change.size() != 2 || !change[0].is_array()) return false;
  model::Path path;
  for (const json& word : change[0]) {
    if (!word.is_string()) return false;
    path.words.push_back(word.get<std::string>());
  }
  if (path.words.empty() || path.words.size() % 2 != 0) return false;
  if (change[1].is_null()) {
    records.erase(path);
    return true;
  }
  if (!change[1].is_object()) return false;
  model::Fields fields;
  for (const auto& [name, value] : change[1].items()) {
    if (!value.is_string()) return false;
    fields.emplace(name, value.get<std::string>());
  }
  records.at(path) = std::move(fields);
  return true;
}

}  // namespace

std::string changes_text(const Records& from, const Records& to) {
  json changes = json::array();
  for_each_difference(from, to,
                      [&](const model::Path& path, const model::Fields*, const model::Fields* now) {
                        changes.push_back({path.words, now == nullptr ? json() : json(*now)});
                      });
  return changes.dump();
}

bool apply_changes(const std::string& text, Records& records) {
  const auto changes = model::parse_json(text);  // no deeper than a document is
  return changes && changes->is_array() && std::ranges::all_of(*changes, [&](const json& change) {
           return apply_change(change, records);
         });
}

}  // namespace yoke::store
