// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/settings.h"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "dataplane/limits.h"
#include "hal/linux/durable_file.h"
#include "mgmt/pair/daemon/errors.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kNameMost = 64;
constexpr mode_t kMode = 0640;
constexpr std::uint8_t kPriorityMost = 254;  // 255 is the owner's of VRRP, which nobody is here

// Reads keys of one object; what is wrong first is kept, and makes the rest of no interest.
class Reader {
 public:
  Reader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object_.is_object()) refuse("it is no object");
  }

  [[nodiscard]] const Json* find(const char* key) const {
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(key);
    return it == object_.end() ? nullptr : &*it;
  }
  void text(const char* key, std::string& value) {
    const Json* found = find(key);
    if (found == nullptr) return;
    if (!found->is_string() || found->get_ref<const std::string&>().size() > kNameMost) {
      refuse(fmt::format("\"{}\" is no text of at most {} characters", key, kNameMost));
      return;
    }
    value = found->get<std::string>();
  }
  void flag(const char* key, bool& value) {
    const Json* found = find(key);
    if (found == nullptr) return;
    if (!found->is_boolean()) return refuse(fmt::format("\"{}\" is neither true nor false", key));
    value = found->get<bool>();
  }
  void number(const char* key, std::uint8_t& value, unsigned most) {
    const Json* found = find(key);
    if (found == nullptr) return;
    const bool fits = found->is_number_unsigned() && found->get<std::uint64_t>() >= 1 &&
                      found->get<std::uint64_t>() <= most;
    if (!fits) return refuse(fmt::format("\"{}\" is no number from 1 to {}", key, most));
    value = static_cast<std::uint8_t>(found->get<unsigned>());
  }
  // An interface by its name in the kernel.
  void interface(const char* key, std::string& value) {
    text(key, value);
    if (value.empty() || value.size() >= IFNAMSIZ || value.find('/') != std::string::npos) {
      refuse(fmt::format("\"{}\" is no name of an interface", key));
    }
  }
  void refuse(const std::string& why) {
    if (!error_) error_ = Error{Errc::kInvalid, std::string(kBadSettings), where_ + ": " + why};
  }
  void take(const std::optional<Error>& error) {
    if (!error_) error_ = error;
  }
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }

 private:
  const Json& object_;
  std::string where_;
  std::optional<Error> error_;
};

void read_vips(Reader& reader, std::vector<net::IpAddress>& vips) {
  const Json* list = reader.find("vips");
  if (list == nullptr) return;
  if (!list->is_array() || list->size() > limits::kVips) {
    return reader.refuse(fmt::format("\"vips\" is no list of at most {} addresses", limits::kVips));
  }
  for (const Json& entry : *list) {
    const auto address = entry.is_string()
                             ? net::IpAddress::parse(entry.get_ref<const std::string&>())
                             : fail(Errc::kInvalid, kBadSettings, "no text");
    if (!address) return reader.refuse("\"vips\": " + address.error().text);
    if (address->is_multicast() || address->is_unspecified() || address->is_loopback()) {
      return reader.refuse("\"vips\": " + address->to_string() + " can be nobody's");
    }
    vips.push_back(*address);
  }
}

std::optional<Error> read_group(const Json& object, std::size_t index, GroupSettings& group) {
  Reader reader(object, fmt::format("pair settings, group {}", index + 1));
  reader.text("name", group.name);
  if (reader.find("vrid") == nullptr) reader.refuse("\"vrid\" is missing");
  reader.number("vrid", group.vrid, std::numeric_limits<Group>::max());
  reader.number("priority", group.priority, kPriorityMost);
  reader.flag("preempt", group.preempt);
  reader.flag("last_man", group.last_man);
  std::string mac = "own";
  reader.text("mac", mac);
  if (mac != "virtual" && mac != "own") reader.refuse("\"mac\" is neither virtual nor own");
  group.virtual_mac = mac == "virtual";
  read_vips(reader, group.vips);
  return reader.error();
}

// Two groups that both answer for an address would have a unit each answer for it.
void refuse_shared_vips(Reader& reader, const std::vector<GroupSettings>& groups) {
  std::map<net::IpAddress, const GroupSettings*> holders;
  for (const GroupSettings& group : groups) {
    for (const net::IpAddress& vip : group.vips) {
      const auto [found, is_new] = holders.emplace(vip, &group);
      if (is_new) continue;
      return reader.refuse(fmt::format("\"vips\": {} is in the groups of vrid {} and {}",
                                       vip.to_string(), found->second->vrid, group.vrid));
    }
  }
}

void read_groups(Reader& reader, std::vector<GroupSettings>& groups) {
  const Json* list = reader.find("groups");
  if (list == nullptr || !list->is_array() || list->size() > limits::kGroups) {
    return reader.refuse(
        fmt::format("\"groups\" is no list of at most {} groups", limits::kGroups));
  }
  std::set<std::string> names;
  std::set<Group> numbers;
  for (std::size_t i = 0; i < list->size(); ++i) {
    reader.take(read_group((*list)[i], i, groups.emplace_back()));
    if (!names.insert(groups.back().name).second || !numbers.insert(groups.back().vrid).second) {
      return reader.refuse("two groups have one name or one vrid");
    }
  }
  refuse_shared_vips(reader, groups);
}

void read_interfaces(Reader& reader, Settings& settings) {
  const Json nothing = Json::object();
  const auto part = [&](const char* key) {
    const Json* found = reader.find(key);
    return found == nullptr ? &nothing : found;
  };
  Reader dedicated(*part("dedicated"), "pair settings, \"dedicated\"");
  dedicated.interface("interface", settings.dedicated);
  Reader data(*part("data"), "pair settings, \"data\"");
  data.interface("interface", settings.data);
  const Json* links = data.find("links");
  if (links == nullptr) {
    settings.links = {settings.data};
  } else if (!links->is_array() || links->size() > 64) {
    data.refuse("\"links\" is no list of interfaces");
  } else {
    for (const Json& link : *links) {
      const Json entry{{"link", link}};
      Reader one(entry, "pair settings, \"links\"");
      one.interface("link", settings.links.emplace_back());
      data.take(one.error());
    }
  }
  reader.take(dedicated.error());
  reader.take(data.error());
  if (!reader.error() && settings.dedicated == settings.data) {
    reader.refuse("one interface is dedicated and carries data");
  }
}

void read_version(Reader& reader) {
  const auto number = [&](const char* key, std::int64_t fallback) {
    const Json* found = reader.find(key);
    return found != nullptr && found->is_number_integer() ? found->get<std::int64_t>() : fallback;
  };
  const std::int64_t version = number("version", 0);
  if (version < 1) return reader.refuse("\"version\" is missing");
  if (number("oldest", version) > Settings::kVersion) {
    reader.refuse(fmt::format("version {} is of a newer release", version));
  }
}

}  // namespace

Result<Settings> decode_settings(const Json& document) {
  Settings settings;
  Reader reader(document, "pair settings");
  read_version(reader);
  reader.text("profile", settings.profile);
  const auto timers = profile(settings.profile);
  if (!timers) reader.refuse(fmt::format("there is no profile \"{}\"", settings.profile));
  std::string policy = "availability";
  reader.text("policy", policy);
  if (policy != "availability" && policy != "strict") {
    reader.refuse("\"policy\" is neither availability nor strict");
  }
  settings.policy = policy == "strict" ? Policy::kStrict : Policy::kAvailability;
  reader.flag("data_plane", settings.data_plane);
  reader.text("watchdog", settings.watchdog);
  if (!settings.watchdog.empty() && !settings.watchdog.starts_with("/dev/")) {
    reader.refuse("\"watchdog\" is no device below /dev");
  }
  read_interfaces(reader, settings);
  read_groups(reader, settings.groups);
  if (reader.error()) return tl::unexpected(*reader.error());
  if (auto checked = check(*timers); !checked) return tl::unexpected(checked.error());
  return settings;
}

Json encode(const Settings& settings) {
  Json groups = Json::array();
  for (const GroupSettings& group : settings.groups) {
    Json vips = Json::array();
    for (const auto& vip : group.vips) vips.push_back(vip.to_string());
    groups.push_back({{"name", group.name},
                      {"vrid", group.vrid},
                      {"priority", group.priority},
                      {"preempt", group.preempt},
                      {"last_man", group.last_man},
                      {"mac", group.virtual_mac ? "virtual" : "own"},
                      {"vips", std::move(vips)}});
  }
  return {{"version", Settings::kVersion},
          {"profile", settings.profile},
          {"policy", settings.policy == Policy::kStrict ? "strict" : "availability"},
          {"dedicated", {{"interface", settings.dedicated}}},
          {"data", {{"interface", settings.data}, {"links", settings.links}}},
          {"data_plane", settings.data_plane},
          {"watchdog", settings.watchdog},
          {"groups", std::move(groups)}};
}

Result<std::optional<Settings>> read_settings(const std::filesystem::path& path) {
  const auto text = hal::read_whole(path, kNoDisk);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return std::nullopt;
  const Json document = Json::parse(**text, nullptr, false);
  if (document.is_discarded()) {
    return fail(Errc::kInvalid, kBadSettings, path.native() + " is no JSON document");
  }
  auto settings = decode_settings(document);
  if (!settings) return within(path.native(), settings.error());
  return std::optional(std::move(*settings));
}

Status store_settings(const std::filesystem::path& path, const Settings& settings) {
  return hal::write_durably(path, encode(settings).dump(2) + "\n", kMode, kNoDisk);
}

}  // namespace yoke::pair
