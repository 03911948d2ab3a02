// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dataplane/api/messages.h"
#include "mgmt/model/config.h"

// What a commit would do to connections that are open now. Threads: values, any.
namespace yoke::commit {

struct Effect {
  enum class Kind : std::uint8_t {
    kCut,      // they end; a server's datagrams go to another
    kDrain,    // they go on, and no more come
    kRestart,  // none now: the change takes effect at the data plane's next start
  };
  model::Path path;  // the VIP or server that they belong to, or the port that changes
  Kind kind = Kind::kCut;
  // How many were open when `counters` were taken; nothing: it cannot be told.
  std::optional<std::uint64_t> flows;
  // Some of them belong to a VIP that is named too.
  bool counted_twice = false;
  friend bool operator==(const Effect&, const Effect&) = default;
};

// `counters` of the data plane, which runs `before`; nothing where it does not answer. A VIP or a
// pool that only gets another name has no effect: its flows stay (dataplane/control/plan.h).
[[nodiscard]] std::vector<Effect> impact(const model::Config& before, const model::Config& after,
                                         const std::optional<api::Counters>& counters);

// The same as the data plane has counted it, every flow once, for what it would be cut by; what it
// says that it counts (is_counted) is all that there is.
[[nodiscard]] std::vector<Effect> impact(const model::Config& before, const model::Config& after,
                                         const api::Forecast& forecast);
// Whether of any it cannot be told how many flows it has, or how many of them others have too: what
// the data plane can count.
[[nodiscard]] bool is_vague(const std::vector<Effect>& effects) noexcept;

[[nodiscard]] std::string_view to_string(Effect::Kind kind) noexcept;  // "cut", "drain", "restart"

}  // namespace yoke::commit
