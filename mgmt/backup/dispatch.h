// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mgmt/backup/carrier.h"
#include "mgmt/backup/folder.h"
#include "mgmt/events/event.h"

namespace yoke::backup {

// Takes what the schedule has made to its place, in rounds, and removes there what is over: a file
// goes only when `keep` newer ones are known to be there. The making of backups never waits for
// it. Threads: the loop's.
class Dispatch {
 public:
  // Of a round: why a file is not where it is to be, the newest such.
  using Ended = std::function<void(const std::optional<Error>& failure)>;

  // Folder and carrier outlive it.
  Dispatch(const Folder& folder, Carrier& carrier, const events::Record& record, Ended ended)
      : folder_(folder), carrier_(carrier), record_(record), ended_(std::move(ended)) {}
  Dispatch(const Dispatch&) = delete;
  Dispatch& operator=(const Dispatch&) = delete;
  ~Dispatch() = default;

  // `to` may be empty: nothing is sent. A round to another place ends untold.
  void follow(const std::string& to, std::size_t keep);
  // Of the place, or empty.
  [[nodiscard]] std::string url() const { return place_ ? place_->url() : std::string(); }
  // A round, or another behind the one that is under way.
  void start();
  [[nodiscard]] bool busy() const noexcept { return round_.has_value(); }

 private:
  struct Round {
    model::Place place;
    std::vector<std::string> unsent = {};  // the newest last
    std::vector<std::string> over = {};    // the oldest last
    std::optional<Error> failure = {};
  };
  void send_next();
  void sent(const std::string& name, Status status);
  void begin_removing();
  void remove_next();
  void end();

  const Folder& folder_;
  Carrier& carrier_;
  const events::Record& record_;
  Ended ended_;
  std::optional<model::Place> place_;
  std::optional<Error> bad_place_;
  std::size_t keep_ = 0;
  std::optional<Round> round_;
  bool again_ = false;
};

}  // namespace yoke::backup
