// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "mgmt/model/config.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/merge.h"

// Values of fields that the schema calls secret: shown to nobody who does not ask for them. What is
// shown in their place may be given back, and means the value that is there. Pure; threads: any.
namespace yoke::model {

inline constexpr std::string_view kHidden = "********";

[[nodiscard]] Config hide_secrets(Config config);
[[nodiscard]] std::vector<Change> hide_secrets(std::vector<Change> changes);
[[nodiscard]] std::vector<Conflict> hide_secrets(std::vector<Conflict> conflicts);

// How many secrets are kHidden in it.
[[nodiscard]] std::size_t hidden_secrets(const Config& config);

// Every secret that is kHidden in `config` becomes what it is in `present`; one that is not there
// stays, and is a violation (E-222).
void keep_secrets(Config& config, const Config& present);

// Whether a command line has the name of a secret, in full or cut short as the prompt takes it, so
// that its value may follow: a line that is better not kept.
[[nodiscard]] bool names_secret(std::string_view line);

}  // namespace yoke::model
