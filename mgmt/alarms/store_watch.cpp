// SPDX-License-Identifier: Apache-2.0
#include "mgmt/alarms/store_watch.h"

#include <fmt/format.h>

#include <utility>

#include "mgmt/store/errors.h"
#include "mgmt/store/unit_file.h"

namespace yoke::alarms {
namespace {

bool is_damage(const Error& error) {
  return error.id == store::kCorrupt || error.id == store::kNotADatabase ||
         error.id == store::kUnitPartLost;
}

}  // namespace

StoreWatch::StoreWatch(sd_event* event, Settings settings)
    : settings_(std::move(settings)), next_(event, [this] { look(); }) {}

void StoreWatch::start() { next_.start(settings_.interval); }

void StoreWatch::look_soon() {
  if (!is_looking_) next_.start(std::chrono::milliseconds(0));
}

void StoreWatch::look() {
  is_looking_ = true;
  settings_.later([this] {
    Result<bool> complete = false;
    settings_.aside([&] { complete = look_on(); });
    follow(complete);
  });
}

// One slice. True: there is no more.
Result<bool> StoreWatch::look_on() {
  if (inspection_) return inspection_->step();
  auto begun = store::Inspection::begin(settings_.path);
  if (!begun) return tl::unexpected<Error>(begun.error());
  inspection_ = std::move(*begun);
  return false;
}

void StoreWatch::follow(const Result<bool>& complete) {
  if (complete && !*complete) {
    next_.start(settings_.pause);
    return;
  }
  inspection_.reset();
  is_looking_ = false;
  if (complete) {
    damage_.reset();
  } else if (is_damage(complete.error())) {
    damage_ = complete.error();
  }
  next_.start(settings_.interval);
}

std::vector<Condition> StoreWatch::conditions() const {
  if (!damage_) return {};
  // What the store says to do about it is for one that does not start.
  const std::string what = damage_->text.substr(0, damage_->text.find("; "));
  return {
      {events::Kind::kStoreDamaged,
       "",
       fmt::format("{}; what runs is whole in memory: now, yoke export set secrets > FILE; then "
                   "stop yoke-mgmt, move {}* and {}* to another folder, start it, and yoke apply "
                   "FILE, or restore a backup, which has its history (packets flow meanwhile)",
                   what, settings_.path, store::unit_path(settings_.path)),
       {{"ERROR", damage_->id}}}};
}

}  // namespace yoke::alarms
