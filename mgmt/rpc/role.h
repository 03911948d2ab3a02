// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "hal/linux/line_server.h"
#include "mgmt/model/config.h"
#include "mgmt/model/diff.h"

// What somebody may do. Each role may do what the ones before it may. Threads: any.
namespace yoke::rpc {

enum class Role : std::uint8_t {
  kViewer,    // read
  kOperator,  // change the settings that the schema leaves to operators: take a server out of use
  kAdmin,     // change everything
};

// "viewer", "operator", "admin"
[[nodiscard]] std::string_view to_string(Role role) noexcept;

// Root and the user that yoke-mgmt runs as are admins whatever is configured, so that nobody is
// ever locked out of his own box. Others have the role that the configuration gives them; those it
// does not name are viewers, or admins where it names nobody yet. model::kReader is a viewer,
// always.
[[nodiscard]] Role role_of(const hal::Peer& peer, const model::Config& config);

// E-413 with the first change that the role may not make.
[[nodiscard]] Status may_make(Role role, const std::vector<model::Change>& changes);

}  // namespace yoke::rpc
