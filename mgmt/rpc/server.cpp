// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/server.h"

#include <cstddef>
#include <utility>

#include "mgmt/rpc/message.h"
#include "mgmt/rpc/role.h"
#include "mgmt/rpc/session.h"

namespace yoke::rpc {
namespace {

// Each may hold a candidate, and a request and an answer of kLineBytesMax.
constexpr std::size_t kConnectionsMax = 64;

}  // namespace

Result<std::unique_ptr<hal::LineServer>> serve(sd_event* event, const std::string& path,
                                               Unit& unit) {
  hal::LineServer::Config config;
  config.path = path;
  config.line_bytes_max = kLineBytesMax;
  config.connections_max = kConnectionsMax;
  config.open_session = [&unit](const hal::Peer& peer) {
    return std::make_unique<Session>(unit, peer);
  };
  config.is_admin = [&unit](const hal::Peer& peer) {
    return role_of(peer, unit.committer.running().config) == Role::kAdmin;
  };
  config.error_line = [](const Error& error) { return error_line(nullptr, error); };
  return hal::LineServer::listen(event, std::move(config));
}

}  // namespace yoke::rpc
