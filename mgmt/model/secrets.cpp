// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/secrets.h"

#include <optional>
#include <utility>

#include "mgmt/model/schema.h"

namespace yoke::model {
namespace {

bool is_secret(const Path& path, std::string_view name) {
  const RecordType* type = find_type(path.kind());
  const Field* field = type == nullptr ? nullptr : find_field(*type, name);
  return field != nullptr && field->secret;
}

// Where secrets are: few of many records.
std::vector<std::pair<Path, std::string>> secrets_in(const Config& config) {
  std::vector<std::pair<Path, std::string>> found;
  for (const auto& [path, fields] : config.records()) {
    for (const auto& [name, value] : fields) {
      if (is_secret(path, name)) found.emplace_back(path, name);
    }
  }
  return found;
}

void hide(std::optional<std::string>& value) {
  if (value) value = kHidden;
}

}  // namespace

Config hide_secrets(Config config) {
  for (const auto& [path, name] : secrets_in(config)) {
    (void)config.set(path, {{name, std::string(kHidden)}});
  }
  return config;
}

std::vector<Change> hide_secrets(std::vector<Change> changes) {
  for (Change& change : changes) {
    for (auto& [name, values] : change.fields) {
      if (!is_secret(change.path, name)) continue;
      hide(values.before);
      hide(values.after);
    }
  }
  return changes;
}

std::vector<Conflict> hide_secrets(std::vector<Conflict> conflicts) {
  for (Conflict& conflict : conflicts) {
    if (conflict.path.words.empty() || !is_secret(conflict.path, conflict.field)) continue;
    hide(conflict.mine);
    hide(conflict.theirs);
  }
  return conflicts;
}

void keep_secrets(Config& config, const Config& present) {
  for (const auto& [path, name] : secrets_in(config)) {
    if (config.value(path, name) != kHidden) continue;
    const std::string known = present.value(path, name);
    if (!known.empty()) (void)config.set(path, {{name, known}});
  }
}

bool names_secret(std::string_view line) {
  for (const RecordType& type : schema()) {
    for (const Field& field : type.fields) {
      if (field.secret && line.find(field.name) != std::string_view::npos) return true;
    }
  }
  return false;
}

}  // namespace yoke::model
