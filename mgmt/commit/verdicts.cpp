// SPDX-License-Identifier: Apache-2.0
// Committer's other half: what checks find, on its way to the data plane.
#include <cstddef>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mgmt/commit/committer.h"

namespace yoke::commit {
namespace {

// The data plane builds the tables of a pool in about a millisecond; whoever tells it waits.
constexpr std::size_t kPoolsAtOnce = 32;

}  // namespace

void Committer::report(const ServerId& id, Verdict verdict, MonoTime now) {
  if (is_changing()) meanwhile_.insert(id);
  if (states_.report(id, verdict, now)) unpublished_.insert(id);
}

void Committer::report_response(const ServerId& id, std::chrono::microseconds response) {
  responses_[id] = response;
}

// Not while a change is under way: it would have to be compiled again for every figure.
void Committer::take_responses() {
  if (is_changing()) return;
  for (const auto& [id, response] : std::exchange(responses_, {})) {
    if (states_.report_response(id, response)) unpublished_.insert(id);
  }
}

Status Committer::publish() {
  take_responses();
  for (;;) {
    const auto more = publish_some();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return {};
  }
}

// Pools take turns, so that none waits behind others that change all the time.
Result<bool> Committer::publish_some() {
  if (unpublished_.empty() || is_staging_) return false;
  std::set<ServerId> ids;
  auto at = unpublished_.lower_bound(ServerId{next_pool_, {}});
  if (at == unpublished_.end()) at = unpublished_.begin();
  for (std::size_t pools = 0; at != unpublished_.end();) {
    if ((ids.empty() || ids.rbegin()->pool != at->pool) && ++pools > kPoolsAtOnce) break;
    const auto next = std::next(at);
    ids.insert(unpublished_.extract(at));
    at = next;
  }
  next_pool_ = at == unpublished_.end() ? std::string() : at->pool;
  std::vector<api::ServerStateChange> changes;
  for (const ServerId& id : ids) {
    const ServerStatus* status = states_.find(id);
    if (status != nullptr) changes.push_back(told_of(id, *status));
  }
  if (auto told = data_plane_.set_server_state(changes); !told) {
    reconciled_ = false;
    unpublished_.merge(ids);
    return tl::unexpected<Error>(told.error());
  }
  return !unpublished_.empty();
}

}  // namespace yoke::commit
