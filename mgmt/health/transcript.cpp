// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/transcript.h"

#include "hal/base/number.h"

namespace yoke::health {
namespace {

constexpr std::size_t kStepBytesMax = 160;
constexpr std::size_t kBytesMax = 1000;

}  // namespace

void Transcript::add(std::chrono::microseconds at, std::string_view text) {
  if (text_.size() + kStepBytesMax > kBytesMax) return;
  text_ += std::to_string(at.count() < 0 ? 0 : at.count()) + ' ';
  for (const char c : text.substr(0, kStepBytesMax)) {
    text_ += c >= ' ' && c <= '~' ? c : '?';
  }
  if (text.size() > kStepBytesMax) text_ += "...";
  text_ += '\n';
}

std::vector<Transcript::Step> Transcript::steps() const {
  std::vector<Step> steps;
  for (std::string_view rest = text_; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const auto blank = line.find(' ');
    const auto us = parse_decimal(line.substr(0, blank)).value_or(0);
    steps.push_back({std::chrono::microseconds(us), std::string(line.substr(blank + 1))});
    rest.remove_prefix(line.size() + 1);
  }
  return steps;
}

}  // namespace yoke::health
