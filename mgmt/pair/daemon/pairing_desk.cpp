// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/pairing_desk.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hal/base/log.h"
#include "mgmt/pair/daemon/errors.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;
using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr std::size_t kNewsMost = 32;
constexpr std::uint8_t kFirstKey = 1;

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= Pairing::kNameMost &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// Until somebody says better.
std::string host_name() {
  std::array<char, Pairing::kNameMost + 1> text{};
  (void)::gethostname(text.data(), text.size() - 1);
  const std::string name(text.data());
  return is_name(name) ? name : "unit";
}

bool draw(std::span<std::uint8_t> bytes) {
  return ::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

std::string_view text_of(PairingFailure failure) {
  switch (failure) {
    case PairingFailure::kNewerVersion:
      return "the other unit speaks a newer version of pairing: bring both to one release";
    case PairingFailure::kBothAsked:
      return "both units asked: ask on one of them";
    case PairingFailure::kReflected:
      return "this unit was asked to pair with itself";
    case PairingFailure::kBadCommitment:
    case PairingFailure::kWeakKey:
      return "the other end tried to choose the code: somebody may sit between the units";
    case PairingFailure::kBadConfirmation:
      return "the other end does not have the same secret: somebody may sit between the units";
    case PairingFailure::kRejectedHere:
      return "it was rejected here";
    case PairingFailure::kRejectedThere:
      return "the other unit has ended it";
    case PairingFailure::kBusyThere:
      return "the other unit has to do with another try, or has just had one that failed: see show "
             "ha pairing there, or ask again in a moment";
    case PairingFailure::kNone:
    case PairingFailure::kMalformed:
    case PairingFailure::kWrongOrder:
      break;
  }
  return "what the other end says makes no sense: it may be no unit at all";
}

std::string_view stage_of(const PairingTalk& talk) {
  if (talk.is_connecting()) return "connecting";
  switch (talk.pairing().state()) {
    case PairingState::kComparing:
      return "comparing";
    case PairingState::kAwaitsOther:
      return "awaits-other";
    case PairingState::kPaired:
      return "paired";
    case PairingState::kFailed:
      return "failed";
    case PairingState::kIdle:
    case PairingState::kExchanging:
      break;
  }
  return "exchanging";
}

}  // namespace

PairingDesk::PairingDesk(sd_event* event, const Settings& settings, Keep keep)
    : event_(event), settings_(settings), keep_(std::move(keep)), name_(host_name()) {}

Status PairingDesk::introduce(const std::string& name) {
  if (!is_name(name)) {
    return fail(Errc::kInvalid, kBadSettings,
                fmt::format("the name is not 1 to {} printable characters without spaces",
                            Pairing::kNameMost));
  }
  name_ = name;
  return {};
}

void PairingDesk::set_key(std::optional<Unit> unit) {
  unit_ = unit;
  one_sided_ = false;
  follow_port();
}

void PairingDesk::follow_port() {
  if (!may_pair() || settings_.port == 0) {
    callers_.reset();
    listening_.reset();
    trouble_.clear();
    return;
  }
  if (listening_) return;
  auto listening = listen_for_pairing(settings_.port);
  trouble_ = listening ? "" : listening.error().text;
  if (!listening) return log::error("pairing-deaf", trouble_ + " [E-747]");
  listening_ = std::move(*listening);
  callers_.emplace(event_, listening_.get(), EPOLLIN, [this](std::uint32_t) { on_caller(); });
}

void PairingDesk::on_caller() {
  if (auto caller = next_caller(listening_.get()); caller.connected) take(std::move(caller));
}

bool PairingDesk::is_under_way() const noexcept { return try_ && !try_->talk->has_ended(); }

Status PairingDesk::may_begin() const {
  if (!may_pair()) {
    return fail(Errc::kConflict, kAlreadyPaired,
                "this unit is paired already; request pair forget ends that");
  }
  if (!is_under_way()) return {};
  return fail(Errc::kConflict, kTryUnderWay,
              fmt::format("a try with {} is under way: see show ha pairing, or request pair reject",
                          try_->address));
}

void PairingDesk::take(Caller caller) {
  if (!may_pair()) return;
  if (is_under_way() || MonoClock::now() < deaf_until_) {
    ++turned_away_;
    const auto busy = Pairing::busy();
    (void)::send(caller.connected.get(), busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  open(std::move(caller.connected), caller.address, false);
}

Status PairingDesk::ask(const std::string& address) {
  if (auto may = may_begin(); !may) return may;
  auto connected = connect_for_pairing(address, settings_.port);
  if (!connected) return tl::unexpected(connected.error());
  return ask_by(std::move(*connected), address);
}

Status PairingDesk::ask_by(FileDescriptor connected, const std::string& address) {
  if (auto may = may_begin(); !may) return may;
  open(std::move(connected), address, true);
  if (try_->failure) return tl::unexpected(*try_->failure);
  try_->talk->begin();
  return {};
}

void PairingDesk::open(FileDescriptor connected, const std::string& address, bool asked_here) {
  Pairing::Random random;
  const bool drawn = draw(random.private_key) && draw(random.number);
  try_ = std::make_unique<Try>();
  try_->number = ++tries_;
  try_->asked_here = asked_here;
  try_->address = address;
  try_->talk = std::make_unique<PairingTalk>(event_, std::move(connected), settings_.limits, random,
                                             name_, [this] { on_changed(); });
  wipe(random.private_key);
  if (drawn) return;
  try_->talk->close();
  fail_try("the kernel gives no random numbers");
}

void PairingDesk::on_changed() {
  const PairingTalk& talk = *try_->talk;
  const Pairing& pairing = talk.pairing();
  if (pairing.state() == PairingState::kPaired) return keep();
  if (pairing.state() == PairingState::kComparing && !std::exchange(try_->shown, true)) {
    tell("attempt", fmt::format("{} the unit {} at {}: compare the code {} on both",
                                try_->asked_here ? "This unit asks" : "This unit is asked by",
                                pairing.other(), try_->address, pairing.code()));
  }
  if (talk.broken() == PairingTalk::Broken::kConnection) {
    return fail_try(!talk.has_connected()
                        ? fmt::format("nobody answers at {}, TCP port {} ({}): the other unit "
                                      "listens while yoke-pair runs there and it has no key",
                                      try_->address, settings_.port, talk.why())
                        : fmt::format("the connection to {} broke ({}): nothing has changed here, "
                                      "ask again",
                                      try_->address, talk.why()));
  }
  if (talk.broken() == PairingTalk::Broken::kTimedOut) {
    return fail_try(try_->shown ? "the code was not confirmed on both units in time: ask again"
                                : fmt::format("{} does not answer in time", try_->address));
  }
  if (pairing.state() == PairingState::kFailed) fail_try(std::string(text_of(pairing.failure())));
}

// Called again once the other unit has told that it has it, or nothing more will come of it.
void PairingDesk::keep() {
  PairingTalk& talk = *try_->talk;
  if (try_->failure || try_->is_kept) {
    one_sided_ = one_sided_ && !talk.pairing().other_has_kept();
    return follow_port();
  }
  const Pairing::Secrets& secrets = *talk.pairing().secrets();
  const Status kept = keep_(first_key(secrets.unit, {kFirstKey, secrets.pair_key}));
  if (!kept) {
    talk.close();
    return fail_try(kept.error().text);
  }
  try_->is_kept = true;
  unit_ = secrets.unit;
  one_sided_ = true;
  tell("paired", fmt::format("This unit is {} of two, with the unit {}",
                             secrets.unit == Unit::kA ? 'a' : 'b', secrets.other));
  talk.tell_kept();
  one_sided_ = !talk.pairing().other_has_kept();
  follow_port();
}

void PairingDesk::fail_try(std::string why) {
  ++failed_;
  if (!try_->asked_here) deaf_until_ = MonoClock::now() + settings_.pause;
  tell("failed",
       fmt::format("With {} at {}: {}", try_->shown ? try_->talk->pairing().other() : "a unit",
                   try_->address, why));
  try_->failure = Error{Errc::kFailed, std::string(kTryFailed), std::move(why)};
}

Status PairingDesk::confirm(std::string_view code) {
  if (!is_under_way() || try_->talk->pairing().state() != PairingState::kComparing) {
    return fail(Errc::kNotFound, kNoTry,
                "there is no code to confirm: see show ha pairing, or request pair with ADDRESS");
  }
  if (code != try_->talk->pairing().code()) {
    return fail(Errc::kRefused, kWrongCode,
                "this unit has another code: if the other unit shows the one that was typed, "
                "somebody sits between them: request pair reject");
  }
  try_->talk->confirm();
  return {};
}

Status PairingDesk::reject() {
  const bool is_paired = is_under_way() && try_->talk->pairing().state() == PairingState::kPaired;
  if (!is_under_way() || is_paired) {
    return fail(Errc::kNotFound, kNoTry, "there is nothing to reject");
  }
  try_->talk->reject();
  return {};
}

Status PairingDesk::may_forget(bool force) const {
  if (!unit_) return fail(Errc::kNotFound, kNotPaired, "this unit is not paired");
  if (force || one_sided_) return {};
  return fail(Errc::kRefused, kNeedsForce,
              "this unit would let go of its VIPs and of the other unit, which has to forget the "
              "key as well: request pair forget force");
}

void PairingDesk::tell_forgotten() {
  try_.reset();
  tell("forgotten", "The pair's key was forgotten");
}

void PairingDesk::tell(std::string_view what, std::string text) {
  log::notice("pairing", text, {{"WHAT", std::string(what)}});
  news_.push_back({{"number", ++told_},
                   {"what", what},
                   {"text", std::move(text)},
                   {"address", try_ ? try_->address : ""},
                   {"other", try_ ? try_->talk->pairing().other() : ""}});
  if (news_.size() > kNewsMost) news_.pop_front();
}

Json PairingDesk::describe_try() const {
  const PairingTalk& talk = *try_->talk;
  Json told{{"number", try_->number},
            {"asked_here", try_->asked_here},
            {"address", try_->address},
            {"stage", try_->failure ? "failed" : stage_of(talk)},
            {"other", talk.pairing().other()},
            {"code", is_under_way() ? talk.pairing().code() : ""},
            {"left_s", duration_cast<seconds>(talk.left()).count()},
            {"failure", nullptr}};
  if (try_->failure) told["failure"] = {{"id", try_->failure->id}, {"text", try_->failure->text}};
  return told;
}

Json PairingDesk::status() const {
  Json unit = nullptr;
  if (unit_) unit = *unit_ == Unit::kA ? "a" : "b";
  return {{"name", name_},
          {"paired", unit_.has_value()},
          {"unit", std::move(unit)},
          {"one_sided", one_sided_},
          {"listens", static_cast<bool>(listening_)},
          {"port", settings_.port},
          {"trouble", trouble_},
          {"try", try_ ? describe_try() : Json(nullptr)},
          {"tries", tries_},
          {"failed", failed_},
          {"turned_away", turned_away_},
          {"news", news_}};
}

}  // namespace yoke::pair
