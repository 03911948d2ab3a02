// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "hal/base/log.h"
#include "hal/linux/durable_file.h"
#include "mgmt/pair/daemon/errors.h"
#include "mgmt/pair/daemon/service.h"

// How a unit comes to be one of two, and to stand alone again, while it runs.
namespace yoke::pair {
namespace {

using Json = nlohmann::json;

// The data plane sees that the lease is gone long before.
constexpr std::chrono::milliseconds kStopWithin{1000};

}  // namespace

Status Service::keep_key(const UnitKey& key) {
  if (when_stopped_ != nullptr) return fail(Errc::kConflict, kBusy, "the key is being forgotten");
  if (auto stored = store_key(paths_.key, key); !stored) return stored;
  // One is there already where the other unit never got it.
  stop_pair([this] { take_up_key(); });
  return {};
}

// What fails here is tried again with the next settings, or when the process starts anew.
void Service::take_up_key() {
  auto settings = read_settings(paths_.settings);
  const auto key = read_key(paths_.key);
  if (!settings || !key) {
    const Error& error = settings ? key.error() : settings.error();
    return log::error("pair-idle", error.text + " [" + error.id + "]");
  }
  if (!*settings || !*key) return;
  if (auto going = set_going(std::move(**settings), **key); !going) {
    log::error("pair-idle", going.error().text + " [" + going.error().id + "]");
  }
}

void Service::forget(bool force, Answered answered) {
  if (when_stopped_ != nullptr) {
    return answered(fail(Errc::kConflict, kBusy, "the unit is being paired or unpaired"));
  }
  if (auto may = pairing_.may_forget(force); !may) return answered(tl::unexpected(may.error()));
  if (auto removed = hal::remove_durably(paths_.key, kNoDisk); !removed) {
    return answered(tl::unexpected(removed.error()));
  }
  stop_pair([this, answered = std::move(answered)] {
    pairing_.set_key(std::nullopt);
    pairing_.tell_forgotten();
    answered(Json{{"forgotten", true}});
  });
}

// Lets go of all groups, and ends the real-time thread; `then` may start another.
void Service::stop_pair(std::function<void()> then) {
  if (loop_ == nullptr) return then();
  when_stopped_ = std::move(then);
  stop_.start(kStopWithin);
  command(std::nullopt, {.what = Command::What::kShutdown},
          [this](const auto&) { stop_.start(std::chrono::milliseconds(0)); });
}

void Service::finish_stopping() {
  look_.stop();
  data_plane_.reset();
  flow_watch_.reset();
  relay_.reset();
  flows_.reset();
  hash_key_.reset();
  rotation_.set_key(std::nullopt);
  feeder_.end();
  loop_.reset();
  leases_.reset();
  page_.reset();
  const auto gone = fail(Errc::kUnavailable, kNotPaired, "this unit is no longer one of two");
  for (const auto& [ticket, pending] : std::exchange(pending_, {})) pending.answered(gone);
  if (const auto change = std::exchange(pending_change_, std::nullopt)) change->answered(gone);
  std::exchange(when_stopped_, nullptr)();
}

}  // namespace yoke::pair
