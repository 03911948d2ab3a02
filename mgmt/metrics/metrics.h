// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

// What Prometheus scrapes, in its text format 0.0.4. A metric is a column of `show`, so that both
// say the same of the unit: this is the one table of them. Pure. Threads: any.
namespace yoke::metrics {

enum class Type : std::uint8_t { kGauge, kCounter };

// How a row's value becomes a number. Where the row has none there is no sample.
enum class Reading : std::uint8_t {
  kNumber,
  kIs,       // 1 where the value is `is`, nothing where it is unknown, else 0
  kIsThere,  // 1 where there is a value, else 0
  kFlag,     // a truth value: 1 or 0
  kMilli,    // a number of thousandths, as a decimal fraction
  kMicro,    // of millionths
  kEach,     // an object of numbers: a sample for each, its key being the label `each`
  kOne,      // always 1: what matters are the labels
};

struct Label {
  std::string_view name;
  std::string_view key;  // of the row
};

struct Metric {
  std::string_view name;
  Type type = Type::kGauge;
  std::string_view help;    // one sentence, no full stop
  std::string_view object;  // of show
  std::string_view key;     // of its rows
  Reading reading = Reading::kNumber;
  std::string_view is = {};
  std::string_view each = {};
  std::string_view fixed = {};  // a label and its value: direction="in"
  std::array<Label, 3> labels = {};
};

// Those of one name follow each other.
[[nodiscard]] std::span<const Metric> metrics() noexcept;

// The rows of a show object; anything but an array where there are none now.
using Rows = std::function<nlohmann::json(std::string_view object)>;

// Each object is asked for once.
[[nodiscard]] std::string exposition(const Rows& rows);

inline constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace yoke::metrics
