// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/tracked.h"

#include <fmt/format.h>

#include <algorithm>

#include "mgmt/pair/daemon/errors.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;

constexpr unsigned kBestHealth = 255, kWeightMost = 254;
constexpr std::size_t kNameMost = 128;

tl::unexpected<Error> refused(const std::string& why) {
  return fail(Errc::kInvalid, kBadSettings, "tracked: " + why);
}

bool is_text(const Json& value) {
  return value.is_string() && value.get_ref<const std::string&>().size() <= kNameMost;
}

// Whether `value` is set, or the key is not there.
template <typename T>
bool read(const Json& object, const char* key, T& value) {
  const auto at = object.find(key);
  if (at == object.end()) return true;
  if constexpr (std::is_same_v<T, bool>) {
    if (!at->is_boolean()) return false;
  } else {
    if (!at->is_number_unsigned()) return false;
  }
  value = at->get<T>();
  return true;
}

bool read_groups(const Json& object, TrackedItems::Item& item) {
  const auto at = object.find("groups");
  if (at == object.end()) return true;
  if (!at->is_array() || !std::all_of(at->begin(), at->end(), is_text)) return false;
  item.groups = at->get<std::vector<std::string>>();
  item.of_all = false;
  return true;
}

Result<TrackedItems::Item> read_item(const Json& object, std::size_t index) {
  const auto wrong = [&](const char* what) {
    return refused(fmt::format("item {}: \"{}\" is not what it should be", index + 1, what));
  };
  if (!object.is_object()) return wrong("items");
  TrackedItems::Item item;
  unsigned weight = 0;
  const auto name = object.find("name");
  if (name == object.end() || !is_text(*name)) return wrong("name");
  item.name = name->get<std::string>();
  if (object.find("up") == object.end() || !read(object, "up", item.up)) return wrong("up");
  if (!read(object, "weight", weight) || weight > kWeightMost) return wrong("weight");
  item.weight = static_cast<std::uint8_t>(weight);
  if (!read_groups(object, item)) return wrong("groups");
  return item;
}

bool concerns(const TrackedItems::Item& item, std::string_view group) {
  return item.of_all ||
         std::find(item.groups.begin(), item.groups.end(), group) != item.groups.end();
}

}  // namespace

TrackedGroup TrackedItems::of(std::string_view group) const {
  TrackedGroup found{.able = true, .ready = ready, .health = 0, .config = config};
  unsigned lost = 0;
  for (const Item& item : items) {
    if (item.up || !concerns(item, group)) continue;
    found.able = found.able && item.weight > 0;
    lost += item.weight;
  }
  found.health = static_cast<std::uint8_t>(kBestHealth - std::min(lost, kBestHealth));
  return found;
}

std::vector<std::string> TrackedItems::down(std::string_view group) const {
  std::vector<std::string> names;
  for (const Item& item : items) {
    if (!item.up && concerns(item, group)) names.push_back(item.name);
  }
  return names;
}

Result<TrackedItems> decode_tracked(const Json& params) {
  if (!params.is_object()) return refused("it is no object");
  TrackedItems tracked;
  if (!read(params, "ready", tracked.ready)) return refused("\"ready\" is neither true nor false");
  const auto config = params.find("config");
  if (config != params.end()) {
    if (!config->is_object() || !read(*config, "epoch", tracked.config.epoch) ||
        !read(*config, "revision", tracked.config.revision) ||
        !read(*config, "hash", tracked.config.hash)) {
      return refused("\"config\" has something that is no number");
    }
  }
  const auto items = params.find("items");
  if (items == params.end()) return tracked;
  if (!items->is_array() || items->size() > TrackedItems::kItemsMost) {
    return refused(fmt::format("\"items\" is no list of at most {}", TrackedItems::kItemsMost));
  }
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto item = read_item((*items)[i], i);
    if (!item) return tl::unexpected(item.error());
    tracked.items.push_back(std::move(*item));
  }
  return tracked;
}

}  // namespace yoke::pair
