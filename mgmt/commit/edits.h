// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hal/base/result.h"
#include "mgmt/model/config.h"

// What somebody has edited on one unit of two, as it travels to the one that commits: of what both
// share. What belongs to a unit alone stays there. Threads: any.
namespace yoke::commit {

[[nodiscard]] bool differ_in_own(const model::Config& before, const model::Config& after);

// As text of the store's own words, with secrets in clear.
[[nodiscard]] std::string edits_text(const model::Config& before, const model::Config& after);

struct Edited {
  model::Config base;    // what was edited
  model::Config config;  // what became of it
};
// The edits done to `then`, which both units have had; both with what is this unit's own in
// `running`. E-110 or the model's error where `text` is none or not understood.
[[nodiscard]] Result<Edited> edited(const model::Config& then, const model::Config& running,
                                    const std::string& text);
// What both share as it was `then`, what is this unit's own as it is.
[[nodiscard]] Result<model::Config> shared_of(const model::Config& then,
                                              const model::Config& running);

}  // namespace yoke::commit
