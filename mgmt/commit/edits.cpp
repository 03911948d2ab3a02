// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/edits.h"

#include "mgmt/model/unit_part.h"
#include "mgmt/store/changes.h"

namespace yoke::commit {
namespace {

using model::Records;

Result<model::Config> config_of(const Records& records) {
  model::Config config;
  for (const auto& [path, fields] : records) {
    if (auto set = config.set(path, fields); !set) return tl::unexpected<Error>(set.error());
  }
  return config;
}

}  // namespace

bool differ_in_own(const model::Config& before, const model::Config& after) {
  return model::split(before.records()).own != model::split(after.records()).own;
}

std::string edits_text(const model::Config& before, const model::Config& after) {
  return store::changes_text(model::split(before.records()).shared,
                             model::split(after.records()).shared);
}

Result<Edited> edited(const model::Config& then, const model::Config& running,
                      const std::string& text) {
  auto base = shared_of(then, running);
  if (!base) return tl::unexpected<Error>(base.error());
  Records shared = model::split(then.records()).shared;
  if (!store::apply_changes(text, shared)) {
    return fail(Errc::kInvalid, "E-110", "what the other unit sends is no list of edits");
  }
  const Records own = model::split(running.records()).own;
  auto config = config_of(model::join(model::split(shared).shared, own));
  if (!config) return tl::unexpected<Error>(config.error());
  return Edited{std::move(*base), std::move(*config)};
}

Result<model::Config> shared_of(const model::Config& then, const model::Config& running) {
  return config_of(
      model::join(model::split(then.records()).shared, model::split(running.records()).own));
}

}  // namespace yoke::commit
