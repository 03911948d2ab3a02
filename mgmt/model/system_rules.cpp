// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/system_rules.h"

#include <fmt/format.h>

#include <cstddef>
#include <vector>

#include "dataplane/net/address.h"
#include "mgmt/model/system_schema.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

void check_list(const Config& config, const Path& path, const std::string& field, std::size_t most,
                const Violated& add) {
  const std::string value = config.value(path, field);
  if (value.empty()) return;
  const auto parts = split_list(value);
  if (parts.size() > most) {
    add("E-208", fmt::format("its {} has {} where a unit has {}", field, parts.size(), most));
  }
  for (const std::string_view part : parts) {
    const auto address = net::IpAddress::parse(part);
    if (!address) continue;
    if (address->is_unspecified() || address->is_multicast() ||
        *address == net::IpAddress::v4(255, 255, 255, 255)) {
      add("E-210", fmt::format("its {} has {}, which cannot be a host's address: expected a "
                               "unicast address",
                               field, part));
    }
  }
}

// Of whoever has one that no configuration changes; empty: the configuration says.
std::string_view role_always(std::string_view user) {
  if (user == "root" || user == "yoke") return "admin";
  return user == kReader ? "viewer" : std::string_view{};
}

}  // namespace

void check_system(const Config& config, const Path& path, const Violated& add) {
  check_list(config, path, "ntp-server", kNtpServersMax, add);
  check_list(config, path, "dns-server", kDnsServersMax, add);
  check_list(config, path, "dns-search", kDnsSearchMax, add);
}

void check_user(const Config& config, const Path& path, const Violated& add) {
  const std::size_t keys = config.keys("ssh-key", path).size();
  if (keys > kSshKeysMax) {
    add("E-208", fmt::format("{} SSH keys of a user who has {} at most", keys, kSshKeysMax));
  }
  // Whoever may commit does all with the unit; that is less than all with its machine.
  if (keys > 0 && (path.key() == "root" || path.key() == "yoke")) {
    add("E-228",
        fmt::format("{} never logs in by a key of the configuration: give the key to another user",
                    path.key()));
  }
  const std::string_view always = role_always(path.key());
  if (const std::string role = config.value(path, "role"); !always.empty() && role != always) {
    add("E-231", fmt::format("{} is always {}, whatever is configured: {} would have no effect",
                             path.key(), always, role));
  }
}

}  // namespace yoke::model
