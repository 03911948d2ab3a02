// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/prefix_sets.h"

#include <utility>
#include <vector>

#include "dataplane/net/address.h"

namespace yoke::commit {
namespace {

api::PrefixSet read_list(const model::Config& config, const model::Path& list) {
  std::vector<net::Prefix> prefixes;
  for (const model::Config::Child& child : config.children("prefix", list)) {
    // The schema lets nothing else be a prefix's key.
    if (const auto prefix = net::Prefix::parse(child.key)) prefixes.push_back(*prefix);
  }
  return api::PrefixSet(std::move(prefixes));
}

}  // namespace

PrefixSets PrefixSets::following(const model::Config& config) const {
  PrefixSets next;
  next.config_ = config;
  for (const std::string& name : config.keys("list")) {
    const model::Path path{{"list", name}};
    const auto known = sets_.find(name);
    const bool same = known != sets_.end() && config.records().shares(config_.records(), path);
    next.sets_.emplace(name, same ? known->second : read_list(config, path));
  }
  return next;
}

api::PrefixSet PrefixSets::of(const std::string& list) const {
  const auto found = sets_.find(list);
  return found == sets_.end() ? api::PrefixSet() : found->second;
}

}  // namespace yoke::commit
