// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/role.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <span>

#include "mgmt/model/schema.h"
#include "mgmt/model/system_schema.h"
#include "mgmt/rpc/errors.h"

namespace yoke::rpc {
namespace {

// The schema's words, in the order of the enumeration.
std::span<const std::string_view> words() {
  return model::find_field(*model::find_type("user"), "role")->choices;
}

// The name of a field of `change` that operators may not change; empty: there is none.
std::string_view beyond_operators(const model::Change& change) {
  if (change.kind != model::Change::Kind::kChanged) return "all of it";
  const model::RecordType& type = *model::find_type(change.path.kind());
  for (const auto& [name, values] : change.fields) {
    if (!model::find_field(type, name)->for_operators) return name;
  }
  return {};
}

}  // namespace

std::string_view to_string(Role role) noexcept { return words()[static_cast<std::size_t>(role)]; }

Role role_of(const hal::Peer& peer, const model::Config& config) {
  if (peer.uid == 0 || peer.uid == ::geteuid()) return Role::kAdmin;
  if (peer.user == model::kReader) return Role::kViewer;
  const model::Path user{{"user", peer.user}};
  if (config.find(user) == nullptr) {
    return config.keys("user").empty() ? Role::kAdmin : Role::kViewer;
  }
  const auto found = std::ranges::find(words(), config.value(user, "role"));
  return found == words().end() ? Role::kViewer : static_cast<Role>(found - words().begin());
}

Status may_make(Role role, const std::vector<model::Change>& changes) {
  if (role == Role::kAdmin) return {};
  for (const model::Change& change : changes) {
    const auto beyond = role == Role::kOperator ? beyond_operators(change) : "all of it";
    if (beyond.empty()) continue;
    return fail(Errc::kDenied, kNotPermitted,
                fmt::format("the role {} may not change {} ({})", to_string(role),
                            change.path.to_string(), beyond));
  }
  return {};
}

}  // namespace yoke::rpc
