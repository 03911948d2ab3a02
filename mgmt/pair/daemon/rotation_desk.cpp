// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/rotation_desk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "hal/base/log.h"
#include "mgmt/pair/daemon/errors.h"
#include "mgmt/pair/wire/agreement.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;
using News = Rotation::News;
using Phase = Rotation::Phase;

// For people alone.
std::int64_t wall_clock() {
  using std::chrono::system_clock;
  return std::chrono::duration_cast<std::chrono::seconds>(system_clock::now().time_since_epoch())
      .count();
}

// What two units may be compared by: it tells nothing of the key.
std::string name_of(const Key& key) {
  std::array<std::uint8_t, 4> octets{};
  hkdf(key.bytes, Bits256{}, "yoke pair key name 1", octets);
  return fmt::format("{}-{:02x}", key.id, fmt::join(octets, ""));
}

std::string_view word_of(Phase phase) {
  constexpr std::array<std::string_view, 4> kWords{"none", "asking", "asked", "exchanged"};
  return kWords[static_cast<std::size_t>(phase)];
}

// No age where the clock was not set at one of the two times.
Json age_of(std::int64_t made_s) {
  const std::int64_t age = wall_clock() - made_s;
  return made_s == 0 || age < 0 ? Json(nullptr) : Json(age);
}

struct Told {
  News news;
  std::string_view what, text;
};
constexpr std::array kFailures{
    Told{News::kNoAnswer, "rotation-failed",
         "the other unit did not answer: it may run a release that knows no rotation"},
    Told{News::kRefused, "rotation-failed",
         "the other unit refused: the rotation before is not over there, or its disk takes "
         "nothing; ask again in a minute"},
    Told{News::kForged, "rotation-failed",
         "what the other unit answered does not fit: somebody may have the key; pair anew"},
    Told{News::kNotStored, "rotation-failed", "the new key cannot be stored here"},
    Told{News::kWithdrawn, "rotation-failed", "the other unit has given up what it asked for"}};

}  // namespace

RotationDesk::RotationDesk(std::filesystem::path path, Ways ways)
    : path_(std::move(path)), ways_(std::move(ways)) {}

void RotationDesk::set_key(const std::optional<UnitKey>& key) {
  rotation_.reset();
  wipe(key_.keys.current.bytes);
  key_ = key.value_or(UnitKey{});
  Rotation::Outlet& outlet = *this;
  if (key) rotation_.emplace(key->unit, key->keys, outlet);
}

std::optional<Rotation::Fresh> RotationDesk::draw() {
  Rotation::Fresh fresh;
  const auto fill = [](auto& octets) {
    return ::getrandom(octets.data(), octets.size(), 0) == static_cast<ssize_t>(octets.size());
  };
  if (!fill(fresh.private_key) || !fill(fresh.number)) return std::nullopt;
  fresh.now_s = std::max<std::int64_t>(wall_clock(), 0);
  return fresh;
}

Status RotationDesk::begin(bool hears_peer) {
  if (!rotation_) {
    return fail(Errc::kUnavailable, kNothingToRotate,
                "this unit is not one of two: request pair with ADDRESS makes it so, and "
                "\"set ha\" lets it run as one");
  }
  if (rotation_->phase() != Phase::kIdle) {
    return fail(Errc::kConflict, kRotationGoesOn,
                "the key is being replaced already: show ha pairing tells how far it is");
  }
  if (!hears_peer) {
    return fail(Errc::kUnavailable, kPeerNotHeard,
                "the other unit is not heard, and both must have the new key: see show ha, and ask "
                "again once it is there");
  }
  auto fresh = draw();
  if (!fresh) return fail(Errc::kFailed, kNoDisk, "the kernel gives no random numbers");
  const bool begun = rotation_->begin(*fresh, MonoClock::now());
  wipe(fresh->private_key);
  if (begun) return {};
  return fail(Errc::kConflict, kRotationGoesOn,
              "the one before could not be stored, and may be there: see journalctl -u yoke-pair");
}

void RotationDesk::hear(Bytes body) {
  const auto message = decode_rotation(body);
  if (!rotation_ || !message) return;
  auto fresh = draw();
  if (!fresh) return;
  rotation_->hear(*message, *fresh, MonoClock::now());
  wipe(fresh->private_key);
}

void RotationDesk::look(bool settled) {
  if (rotation_) rotation_->tick(settled, MonoClock::now());
}

bool RotationDesk::store(const PairKeys& keys) {
  UnitKey all = key_;
  all.keys = keys;
  const auto stored = store_key(path_, all);
  if (!stored) log::error("pair-key-not-stored", stored.error().text + " [E-722]");
  return stored.has_value();
}

void RotationDesk::send(const RotationMessage& message) {
  std::array<std::uint8_t, kRotationMessageMost> body{};
  const std::size_t size = encode(message, body);
  if (size != 0) ways_.say({body.data(), size});
}

void RotationDesk::tell(News news) {
  const PairKeys& keys = rotation_->keys();
  if (news == News::kExchanged) {
    return ways_.tell(
        "rotating", fmt::format("Both units have the key {}; the one before, {}, is read for {} s "
                                "more",
                                name_of(keys.next->key), name_of(keys.current),
                                std::chrono::seconds(Rotation::kBothLeast).count()));
  }
  if (news == News::kFinished) {
    return ways_.tell("rotated", fmt::format("The pair's key is {}", name_of(keys.current)));
  }
  if (news == News::kBegun) return log::notice("pair-rotation", "another key is asked for here");
  if (news == News::kAsked) return log::notice("pair-rotation", "the other unit asks for a key");
  if (news == News::kYielded) {
    return log::notice("pair-rotation", "the other unit has asked as well: its rotation goes on");
  }
  const auto* const failure = std::ranges::find(kFailures, news, &Told::news);
  if (failure == kFailures.end()) return;
  ways_.tell(failure->what,
             fmt::format("The key {} stays: {}", name_of(keys.current), failure->text));
}

Json RotationDesk::status() const {
  if (!rotation_) return {{"key", nullptr}, {"rotation", "none"}};
  const PairKeys& keys = rotation_->keys();
  Json next = nullptr;
  if (keys.next) next = {{"name", name_of(keys.next->key)}, {"age_s", age_of(keys.next->made_s)}};
  return {{"key", {{"name", name_of(keys.current)}, {"age_s", age_of(keys.made_s)}}},
          {"next_key", std::move(next)},
          {"rotation", word_of(rotation_->phase())}};
}

}  // namespace yoke::pair
