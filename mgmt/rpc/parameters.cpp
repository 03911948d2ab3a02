// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "mgmt/events/kinds.h"
#include "mgmt/model/words.h"
#include "mgmt/rpc/errors.h"

namespace yoke::rpc {

using nlohmann::json;

namespace {

constexpr std::array kLevels{log::Level::kError, log::Level::kWarning, log::Level::kNotice,
                             log::Level::kInfo};

auto no_such_event(const std::string& word) {
  std::vector<std::string> names;
  for (const events::KindRow& row : events::kinds()) names.emplace_back(row.id);
  const auto near = model::nearest(word, names);
  return fail(
      Errc::kNotFound, kNotThere,
      fmt::format("there is no event {}{}", model::shown(word),
                  near.empty() ? std::string() : ": did you mean " + model::join_or(near) + "?"));
}

}  // namespace

tl::unexpected<Error> bad_parameters(std::string what) {
  return fail(Errc::kInvalid, kBadParameters, std::move(what));
}

json member(const json& params, const char* key) {
  const auto found = params.find(key);
  return found == params.end() ? json() : *found;
}

Result<std::string> text_in(const json& params, const char* key, std::size_t bytes_max) {
  const auto found = params.find(key);
  if (found == params.end()) return std::string();
  if (!found->is_string()) return bad_parameters(fmt::format("{} is not a string", key));
  auto text = found->get<std::string>();
  if (text.size() > bytes_max) {
    return bad_parameters(fmt::format("{} is longer than {} bytes", key, bytes_max));
  }
  return text;
}

Result<bool> flag_in(const json& params, const char* key) {
  const auto found = params.find(key);
  if (found == params.end()) return false;
  if (found->is_boolean()) return found->get<bool>();
  return bad_parameters(fmt::format("{} is neither true nor false", key));
}

Result<events::Choice> choice_in(const json& params) {
  events::Choice choice;
  auto event = text_in(params, "event");
  if (!event) return tl::unexpected(event.error());
  if (!event->empty() && !std::ranges::count(events::kinds(), *event, &events::KindRow::id)) {
    return no_such_event(*event);
  }
  choice.event = std::move(*event);
  const auto level = text_in(params, "level");
  if (!level) return tl::unexpected(level.error());
  if (!level->empty()) {
    const auto* const found = std::ranges::find(kLevels, *level, events::word);
    if (found == kLevels.end()) {
      return bad_parameters(
          fmt::format("{} is no level: error, warning, notice or info", model::shown(*level)));
    }
    choice.level = *found;
  }
  if (const json since = member(params, "since_ms"); !since.is_null()) {
    constexpr std::uint64_t kLongest = 100ULL * 366 * 24 * 3600 * 1000;
    if (!since.is_number_unsigned()) return bad_parameters("since_ms is not a number");
    choice.since = std::chrono::system_clock::now() -
                   std::chrono::milliseconds(std::min(since.get<std::uint64_t>(), kLongest));
  }
  return choice;
}

}  // namespace yoke::rpc
