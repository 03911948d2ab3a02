// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/connection.h"
#include "cli/line_reader.h"
#include "cli/outcome.h"

namespace yoke::cli {

// A commit that waits to be confirmed.
struct Unconfirmed {
  std::uint64_t revision = 0;
  std::chrono::milliseconds remaining{0};
};

// Carries commands out. Knows no terminal. Threads: owned by one.
class Session {
 public:
  // `width`: columns of the terminal that output goes to, or kAnyWidth.
  Session(Connection& connection, Mode mode, std::size_t width = kWidth)
      : connection_(connection), mode_(mode), width_(width) {}

  [[nodiscard]] Outcome run(const Command& command);

  [[nodiscard]] Mode mode() const noexcept { return mode_; }
  // The record that was entered with `edit`, where paths begin; empty: the top.
  [[nodiscard]] const model::Path& place() const noexcept { return place_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  // "lb-a [pool web] [confirm 4:12]*# ": the unit, the place, the time left to confirm a commit, *
  // with uncommitted edits, the mode.
  [[nodiscard]] std::string prompt() const;
  // Looks whether a commit waits to be confirmed. What a person should hear before the next line,
  // as a sentence: that one waits no more which he has not ended himself, or that his edits are
  // lost.
  [[nodiscard]] std::string look_for_unconfirmed();
  // Keys for completion; empty where yoke-mgmt cannot be asked.
  [[nodiscard]] std::vector<std::string> keys(std::string_view kind, const model::Path& parent);

 private:
  [[nodiscard]] Outcome show(const Command& command);
  [[nodiscard]] Outcome revision(const Command& command, nlohmann::json answer);
  [[nodiscard]] Outcome test(const Command& command);
  [[nodiscard]] Outcome edit(const Command& command);
  void follow(const model::Operation& edited);
  [[nodiscard]] Outcome diff(const Command& command);
  [[nodiscard]] Outcome update(const Command& command);
  [[nodiscard]] Outcome check();
  [[nodiscard]] Outcome commit(const Command& command);
  [[nodiscard]] Outcome cancel();
  [[nodiscard]] Outcome confirm();
  [[nodiscard]] Outcome reject();
  [[nodiscard]] nlohmann::json shown_revision();
  [[nodiscard]] Outcome rollback(const Command& command);
  [[nodiscard]] Outcome committed(const Result<nlohmann::json>& answer);
  [[nodiscard]] Outcome configure(const Command& command);
  [[nodiscard]] Outcome discard();
  [[nodiscard]] Outcome request(const Command& command);
  [[nodiscard]] Outcome show_pair(const Command& command);
  Outcome show_log(const Command& command);
  [[nodiscard]] Outcome request_of_pair(const Command& command);
  [[nodiscard]] Outcome pair_units(const Command& command);
  [[nodiscard]] Outcome try_notification(const std::string& name);
  [[nodiscard]] Outcome exit();

  [[nodiscard]] std::size_t width_for(const Command& command) const;

  Connection& connection_;
  Mode mode_;
  std::size_t width_;
  model::Path place_;
  bool ended_ = false;
  std::optional<Error> untold_;  // completion found the edits lost; the next command tells
  // Asks for completion or the prompt; an error is not told, unless it lost the edits.
  [[nodiscard]] nlohmann::json ask_quietly(const std::string& method, const nlohmann::json& params);

  std::string role_;  // in a pair; empty: the unit stands alone
  std::optional<Unconfirmed> unconfirmed_;
  bool warned_ = false;  // the last command was an exit that edits held back
};

}  // namespace yoke::cli
