// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/notifier.h"

#include <algorithm>
#include <utility>

#include "mgmt/notify/errors.h"

namespace yoke::notify {
namespace {

std::size_t bytes_of(const events::Entry& event) {
  std::size_t bytes = sizeof event + event.text.size() + event.command.size();
  for (const auto& [name, value] : event.fields) bytes += name.size() + value.size();
  return bytes;
}

// So many that are refused one after another, and it is not the news.
constexpr std::size_t kSuspectsMax = 3;

// A person reads what a mail sums up, a program wants each.
std::size_t at_once(Way way) {
  return way == Way::kMail ? Notifier::kWaitingMax : Notifier::kAtOnceMax;
}

}  // namespace

Notifier::Notifier(sd_event* event, Target target, std::string unit, MakeCarrier make, Lost lost,
                   Pace pace)
    : target_(std::move(target)),
      unit_(std::move(unit)),
      make_(std::move(make)),
      told_lost_(std::move(lost)),
      pace_(pace),
      pause_(pace.pause_min),
      part_max_(at_once(target_.way)),
      carrier_(make_(target_)),
      next_(event, [this] { hand_over(); }) {}

void Notifier::follow(const Target& target, const std::string& unit) {
  unit_ = unit;
  if (target == target_) return;
  const log::Level before = std::exchange(target_.level, target.level);
  if (before != target.level) keep_what_concerns();
  if (target == target_) return;
  target_ = target;
  carrier_ = make_(target_);
  is_under_way_ = false;
  suspects_ = 0;
  is_proven_ = false;
  part_max_ = at_once(target_.way);
  pause_ = pace_.pause_min;
  next_.stop();
  go_on();
}

// Of what was gathered under another level; what is under way is not called back.
void Notifier::keep_what_concerns() {
  const auto is_nothing = [this](const Item& item) { return item.concern > target_.level; };
  std::erase_if(waiting_, is_nothing);
  waiting_bytes_ = 0;
  for (const Item& item : waiting_) waiting_bytes_ += bytes_of(*item.event);
  if (is_under_way_) return;
  if (std::erase_if(batch_, is_nothing) > 0) suspects_ = part_ = 0;
  if (waiting() == 0) next_.stop();
}

void Notifier::send(const Told& event, log::Level concern) {
  if (concern > target_.level) return;
  waiting_.push_back({event, concern});
  waiting_bytes_ += bytes_of(*event);
  while (waiting_.size() > kWaitingMax || waiting_bytes_ > kWaitingBytesMax) drop_oldest();
  if (!is_under_way_ && !next_.running()) next_.start(gathers());
}

// How it began is told rather than the middle of it: the oldest become what is handed over next.
void Notifier::drop_oldest() {
  if (batch_.empty()) return begin_batch();
  waiting_bytes_ -= bytes_of(*waiting_.front().event);
  waiting_.pop_front();
  ++lost_before_waiting_;
  ++untold_;
  why_lost_ = "more came than are held";
}

void Notifier::begin_batch() {
  lost_before_batch_ += std::exchange(lost_before_waiting_, 0);
  constexpr std::size_t kBytesMax = kWaitingBytesMax / 2;
  std::size_t bytes = 0;
  while (!waiting_.empty() && batch_.size() < at_once(target_.way) && bytes < kBytesMax) {
    bytes += bytes_of(*waiting_.front().event);
    waiting_bytes_ -= bytes_of(*waiting_.front().event);
    batch_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  part_ = 0;
}

void Notifier::hand_over() {
  tell_losses();
  if (batch_.size() <= suspects_) begin_batch();
  if (batch_.empty()) return;
  if (part_ == 0) {
    part_ = std::min(part_max_, batch_.size() - suspects_);
    news_ = {.unit = unit_,
             .id = new_id(),
             .at = std::chrono::system_clock::now(),
             .events = {},
             .lost = lost_before_batch_};
    for (std::size_t i = 0; i < part_; ++i) news_.events.push_back(batch_[suspects_ + i].event);
  }
  is_under_way_ = true;
  carrier_->carry(news_, [this](const Status& how) { handed_over(how); });
}

void Notifier::handed_over(const Status& how) {
  is_under_way_ = false;
  if (how) return arrived();
  failure_ = how.error().text;
  if (how.error().id == kRefusedForGood) return refused(failure_);
  next_.start(std::exchange(pause_, std::min(pause_ * 2, pace_.pause_max)));
}

void Notifier::arrived() {
  failure_.clear();
  pause_ = pace_.pause_min;
  part_max_ = std::min(part_max_ * 2, at_once(target_.way));
  const auto first = batch_.begin() + static_cast<std::ptrdiff_t>(suspects_);
  batch_.erase(first, first + static_cast<std::ptrdiff_t>(part_));
  part_ = 0;
  lost_before_batch_ = 0;
  is_proven_ = std::exchange(suspects_, 0) > 0;
  if (is_proven_) part_max_ = 1;
  go_on();
}

// It may be the news that is refused, and that stands before all that comes after it; or a target
// that refuses whatever it is, of which nothing is to be lost.
void Notifier::refused(const std::string& why) {
  why_lost_ = why;
  if (part_ == 1 && std::exchange(is_proven_, false)) {
    batch_.pop_front();
    ++lost_before_batch_;
    ++untold_;
  } else if (part_ == 1) {
    ++suspects_;
  }
  part_max_ = std::max(part_ / 2, std::size_t{1});
  part_ = 0;
  if (waiting() == 0) return;
  if (suspects_ < std::min(kSuspectsMax, waiting())) return next_.start(pace_.pause_min);
  suspects_ = 0;
  next_.start(std::exchange(pause_, std::min(pause_ * 2, pace_.pause_max)));
}

void Notifier::go_on() {
  if (waiting() > 0) next_.start(batch_.empty() ? gathers() : std::chrono::milliseconds(0));
}

void Notifier::tell_losses() {
  if (const std::uint64_t count = std::exchange(untold_, 0); count > 0) {
    told_lost_(count, why_lost_);
  }
}

// A mail is read by a person, who wants one for what happened at once.
std::chrono::milliseconds Notifier::gathers() const {
  return target_.way == Way::kMail ? pace_.mail_gathers : pace_.others_gather;
}

}  // namespace yoke::notify
