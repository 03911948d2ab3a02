// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/dispatch.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace yoke::backup {

void Dispatch::follow(const std::string& to, std::size_t keep) {
  keep_ = keep;
  place_.reset();
  bad_place_.reset();
  if (to.empty()) return;
  if (auto place = model::Place::parse(to)) {
    place_ = std::move(*place);
  } else {
    bad_place_ = place.error();
  }
}

void Dispatch::start() {
  if (round_) {
    again_ = true;
    return;
  }
  if (!place_) {
    if (bad_place_) ended_(bad_place_);
    return;
  }
  round_ = Round{.place = *place_};
  const std::string url = place_->url();
  for (const Kept& kept : folder_.kept()) {
    if (folder_.is_scheduled(kept.name) && !folder_.is_sent(kept.name, url)) {
      round_->unsent.push_back(kept.name);
    }
  }
  std::ranges::reverse(round_->unsent);
  send_next();
}

void Dispatch::send_next() {
  while (place_ == round_->place && !round_->unsent.empty()) {
    const std::string name = std::move(round_->unsent.back());
    round_->unsent.pop_back();
    const std::string file = folder_.path_of(name);
    if (::access(file.c_str(), F_OK) != 0) continue;  // its time was over
    carrier_.send(file, round_->place, name,
                  [this, name](Status status) { sent(name, std::move(status)); });
    return;
  }
  begin_removing();
}

void Dispatch::sent(const std::string& name, Status status) {
  if (status) status = folder_.note_sent(name, round_->place.url());
  if (!status && !round_->failure) round_->failure = status.error();
  send_next();
}

void Dispatch::begin_removing() {
  if (place_ == round_->place) {
    auto names = folder_.sent_to(round_->place.url());
    names.erase(names.begin(),
                names.begin() + static_cast<std::ptrdiff_t>(std::min(keep_, names.size())));
    round_->over = std::move(names);
  }
  remove_next();
}

void Dispatch::remove_next() {
  if (place_ != round_->place || round_->over.empty()) {
    end();
    return;
  }
  const std::string name = round_->over.back();
  carrier_.remove(round_->place, name, [this, name](Status removed) {
    round_->over.pop_back();
    if (removed) removed = folder_.note_removed(name, round_->place.url());
    if (!removed) {
      record_({events::Kind::kBackupNotRemoved, removed.error().text, {{"FILE", name}}});
      round_->over.clear();  // the next round tries again
    }
    remove_next();
  });
}

void Dispatch::end() {
  const Round round = *std::exchange(round_, std::nullopt);
  const bool elsewhere = place_ != round.place;
  const bool again = std::exchange(again_, false);
  if (!elsewhere) ended_(round.failure);
  if (again || elsewhere) start();
}

}  // namespace yoke::backup
