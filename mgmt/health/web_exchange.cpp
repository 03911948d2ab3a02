// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/web_exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/base/number.h"
#include "mgmt/model/words.h"

namespace yoke::health {

std::vector<StatusRange> status_ranges(std::string_view text) {
  std::vector<StatusRange> out;
  for (const std::string_view part : model::split_list(text)) {
    const auto dash = part.find('-');
    const auto first = parse_decimal(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_decimal(part.substr(dash + 1));
    if (!first || !last) continue;
    out.push_back({static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)});
  }
  return out;
}

std::string status_text(long status, const std::vector<StatusRange>& expected) {
  std::string text = fmt::format("{}, expected ", status);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto [first, last] = expected[i];
    text += fmt::format("{}{}", i == 0 ? "" : ", ", first);
    if (last != first) text += fmt::format("-{}", last);
  }
  return text;
}

WebExchange::WebExchange(const Check& check)
    : settings_(check.settings),
      tls_(check.kind() == "https"),
      expect_(status_ranges(check.settings.text("expect"))) {}

HttpRequest WebExchange::request() const {
  HttpRequest request;
  request.tls = tls_;
  request.head = settings_.text("request") == "HEAD";
  request.path = settings_.text("path");
  request.host = settings_.text("host");
  if (const std::string_view headers = settings_.text("header"); !headers.empty()) {
    for (const std::string_view line : model::split_list(headers)) {
      request.headers.emplace_back(line);
    }
  }
  return request;
}

Move WebExchange::judge(const HttpAnswer& answer) const {
  const bool expected = std::ranges::any_of(expect_, [&](const StatusRange& range) {
    return answer.status >= range.first && answer.status <= range.last;
  });
  if (!expected) return failed(status_text(answer.status, expect_));
  const std::string_view wanted = settings_.text("body");
  if (answer.body.find(wanted) == std::string::npos) {
    return failed(fmt::format("{}, body is {}, expected {} in it", answer.status,
                              model::shown(answer.body), model::shown(wanted)));
  }
  return passed(fmt::format("{}", answer.status));
}

}  // namespace yoke::health
