// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <optional>

#include "mgmt/metrics/metrics.h"

namespace yoke::metrics {
namespace {

using nlohmann::json;

const json& member(const json& row, std::string_view key) {
  static const json kNull;
  if (!row.is_object()) return kNull;
  const auto found = row.find(std::string(key));
  return found == row.end() ? kNull : *found;
}

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// A value between quotes: backslash, quote and newline are the three that are escaped.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

class Writer {
 public:
  explicit Writer(const Rows& rows) : rows_(rows) {}

  std::string run() {
    for (const Metric& metric : metrics()) {
      for (const json& row : rows_of(metric.object)) add(metric, row);
    }
    return std::move(text_);
  }

 private:
  const json& rows_of(std::string_view object) {
    const auto [known, is_new] = objects_.try_emplace(object);
    if (is_new) {
      known->second = rows_(object);
      if (!known->second.is_array()) known->second = json::array();
    }
    return known->second;
  }

  void add(const Metric& metric, const json& row) {
    const json& value = member(row, metric.key);
    if (metric.reading == Reading::kEach) {
      if (!value.is_object()) return;
      for (const auto& [key, count] : value.items()) {
        if (!count.is_number()) continue;
        sample(metric, row, std::string(metric.each) + "=\"" + escaped(key) + "\"", count.dump());
      }
    } else if (const auto number = number_of(metric, value)) {
      sample(metric, row, std::string(metric.fixed), *number);
    }
  }

  static std::optional<std::string> fraction_of(const json& value, double parts) {
    if (!value.is_number()) return std::nullopt;
    return json(value.get<double>() / parts).dump();
  }

  static std::optional<std::string> number_of(const Metric& metric, const json& value) {
    const auto flag = [](bool holds) { return std::string(holds ? "1" : "0"); };
    switch (metric.reading) {
      case Reading::kNumber:
        return value.is_number() ? std::optional(value.dump()) : std::nullopt;
      case Reading::kIs:
        if (value.is_null() || value == "unknown") return std::nullopt;
        return flag(value == metric.is);
      case Reading::kIsThere:
        return flag(!value.is_null());
      case Reading::kFlag:
        return value.is_boolean() ? std::optional(flag(value.get<bool>())) : std::nullopt;
      case Reading::kMilli:
        return fraction_of(value, 1e3);
      case Reading::kMicro:
        return fraction_of(value, 1e6);
      case Reading::kOne:
        return flag(true);
      case Reading::kEach:
        break;
    }
    return std::nullopt;
  }

  void sample(const Metric& metric, const json& row, std::string labels,
              const std::string& number) {
    if (metric.name != described_) describe(metric);
    for (const Label& label : metric.labels) {
      if (label.name.empty()) continue;
      if (!labels.empty()) labels += ',';
      labels += std::string(label.name) + "=\"" + escaped(text_of(member(row, label.key))) + "\"";
    }
    text_ += metric.name;
    if (!labels.empty()) text_ += "{" + labels + "}";
    text_ += " " + number + "\n";
  }

  void describe(const Metric& metric) {
    described_ = metric.name;
    text_ += "# HELP " + std::string(metric.name) + " " + std::string(metric.help) + "\n# TYPE " +
             std::string(metric.name) + (metric.type == Type::kCounter ? " counter\n" : " gauge\n");
  }

  const Rows& rows_;
  std::map<std::string_view, json> objects_;
  std::string_view described_;
  std::string text_;
};

}  // namespace

std::string exposition(const Rows& rows) { return Writer(rows).run(); }

}  // namespace yoke::metrics
