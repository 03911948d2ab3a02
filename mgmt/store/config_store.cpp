// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/config_store.h"

#include <fmt/format.h>

#include <utility>

#include "mgmt/model/unit_part.h"
#include "mgmt/store/chain.h"
#include "mgmt/store/config_state.h"
#include "mgmt/store/digest.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/unit_lost.h"
#include "mgmt/store/writable.h"

namespace yoke::store {

ConfigStore::ConfigStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
ConfigStore::~ConfigStore() = default;

Result<std::unique_ptr<ConfigStore>> ConfigStore::open(const std::string& path,
                                                       const std::string& scratch) {
  auto state = State::open(path, Missing::kIsMade);
  if (state) {
    if (auto ready = (*state)->begin_writing(); !ready) state = tl::unexpected(ready.error());
  }
  const bool takes_no_writes =
      !state && (state.error().id == kReadOnly || state.error().id == kDiskFull ||
                 state.error().id == kDiskFailed);
  if (takes_no_writes && !scratch.empty()) state = State::open_copy(path, scratch, state.error());
  if (!state) return tl::unexpected<Error>(told_at_start(state.error(), unit_path(path)));
  return std::unique_ptr<ConfigStore>(new ConfigStore(std::move(*state)));
}

// The disk may have been mended since. What is forwarded by comes from the copy: a file that holds
// something else, or a mount point with nothing on it, is not slipped in under it.
Status ConfigStore::make_writable() {
  if (!state_->original) return {};
  const std::string path = state_->original->path;
  state_->original->lock.reset();  // a process cannot take what it has
  auto state = State::open(path, Missing::kIsRefused);
  if (state && !(*state)->is_same_as(*state_)) {
    state = fail(Errc::kConflict, kStoreFailed,
                 path + ": takes writes again, but is not what it was: it holds revision " +
                     std::to_string((*state)->running.revision) + ", not " +
                     std::to_string(state_->running.revision) +
                     " as it runs; put it back, or restart yoke-mgmt to run what it holds");
  }
  if (state) {
    if (auto ready = (*state)->begin_writing(); !ready) state = tl::unexpected(ready.error());
  }
  if (!state) {
    if (auto lock = lock_store(path)) state_->original->lock = std::move(*lock);
    state_->unwritable = told_writing(state.error());
    return tl::unexpected<Error>(*state_->unwritable);
  }
  const Aside aside = state_->aside;
  (*state)->left_alone.merge(state_->left_alone);
  state_ = std::move(*state);
  wait_aside(aside);
  return {};
}

void ConfigStore::look() {
  if (state_->original) {
    (void)make_writable();
    return;
  }
  const auto takes = takes_writes(state_->database().path());
  state_->unwritable = takes ? std::nullopt : std::optional(takes.error());
}

void ConfigStore::wait_aside(const Aside& aside) {
  state_->aside = aside;
  state_->database().wait_aside(aside);
  if (state_->unit) state_->unit->wait_aside(aside);
}

const std::optional<Error>& ConfigStore::unwritable() const noexcept { return state_->unwritable; }

const Running& ConfigStore::running() const noexcept { return state_->running; }

const std::array<std::uint8_t, 16>& ConfigStore::hash_key() const noexcept {
  return state_->hash_key;
}

Status ConfigStore::set_hash_key(const std::array<std::uint8_t, 16>& key) {
  if (auto writable = make_writable(); !writable) return writable;
  std::string digits;
  for (const auto byte : key) digits += fmt::format("{:02x}", byte);
  auto transaction = Transaction::begin(state_->database());
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  auto set = state_->database().execute("UPDATE setting SET value = x'" + digits +
                                        "' WHERE name = 'hash_key'");
  if (!set) return set;
  if (auto done = transaction->commit_or_leave_no_trace(); !done) return done;
  state_->hash_key = key;
  return {};
}

const std::set<std::string>& ConfigStore::left_alone() const noexcept { return state_->left_alone; }

Status ConfigStore::leave_alone(const std::set<std::string>& digests) {
  if (digests == state_->left_alone) return {};
  state_->left_alone = digests;
  if (auto writable = make_writable(); !writable) return writable;
  auto transaction = Transaction::begin(state_->database());
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  auto statement = state_->database().prepare(
      "INSERT INTO setting VALUES ('left_alone', CAST(?1 AS BLOB))"
      " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto lines = fmt::format("{}", fmt::join(digests, "\n"));
  if (auto bound = statement->bind(1, lines); !bound) return bound;
  if (auto written = statement->run(); !written) {
    return tl::unexpected<Error>(written.error());
  }
  return transaction->commit_or_leave_no_trace();
}

Result<ConfigStore::Pending> ConfigStore::begin(const model::Config& config,
                                                const CommitInfo& info) {
  return begin_at(config, info, std::nullopt, std::nullopt);
}

Result<ConfigStore::Pending> ConfigStore::begin_at(
    const model::Config& config, const CommitInfo& info,
    const std::optional<replication::Position>& position,
    const std::optional<Pending::PartsWith>& parts_with) {
  if (state_->transaction) {
    return fail(Errc::kConflict, kStoreFailed, "another commit is under way; try again");
  }
  if (auto writable = make_writable(); !writable) return tl::unexpected<Error>(writable.error());
  if (auto ended = Transaction::end_any(state_->database()); !ended) {
    return tl::unexpected<Error>(ended.error());
  }
  // Before there is a transaction here: meanwhile others read through this connection.
  model::Parts parts = model::split(config.records());
  const auto place = position.value_or(
      position_after(state_->position, info.epoch, digest(parts.shared), info_text(info)));
  auto row = state_->prepare_own(place.revision, parts.own);
  if (!row) return tl::unexpected<Error>(told_writing(row.error()));
  auto transaction = Transaction::begin(state_->database());
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  if (auto confirmed = state_->confirm_running(); !confirmed) {
    return tl::unexpected<Error>(told_writing(confirmed.error()));
  }
  Pending pending(*state_);
  pending.position_ = place;
  pending.parts_with_ = parts_with;
  pending.running_ = {place.revision, config, info.at};
  pending.shared_ = std::move(parts.shared);
  pending.own_ = std::move(parts.own);
  pending.unit_row_ = std::move(*row);
  if (info.confirm_by) {
    pending.unconfirmed_ = {pending.revision(), state_->running.revision, *info.confirm_by};
  }
  pending.is_scheduled_ = info.is_scheduled;
  state_->transaction.emplace(std::move(*transaction));
  if (auto written = state_->write(pending, info); !written) {
    return tl::unexpected<Error>(told_writing(written.error()));
  }
  return pending;
}

const std::optional<Unconfirmed>& ConfigStore::unconfirmed() const noexcept {
  return state_->unconfirmed;
}

Status ConfigStore::confirm() {
  if (auto writable = make_writable(); !writable) return writable;
  auto transaction = Transaction::begin(state_->database());
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  if (auto saved = save_unconfirmed(state_->database(), std::nullopt); !saved) return saved;
  if (auto committed = transaction->commit_or_leave_no_trace(); !committed) {
    // It may have happened nevertheless; what the file says is what the next start will go by.
    const auto waits = load_unconfirmed(state_->database());
    if (!waits || *waits) return committed;
  }
  state_->unconfirmed.reset();
  return {};
}

const std::optional<Scheduled>& ConfigStore::scheduled() const noexcept {
  return state_->scheduled;
}

Status ConfigStore::schedule(std::optional<Scheduled> scheduled) {
  if (auto writable = make_writable(); !writable) return writable;
  auto transaction = Transaction::begin(state_->database());
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  if (auto saved = save_scheduled(state_->database(), scheduled); !saved) return saved;
  if (auto committed = transaction->commit_or_leave_no_trace(); !committed) {
    // It may have happened nevertheless; what the file says is what the next start will go by.
    auto stored = load_scheduled(state_->database());
    if (!stored) return committed;
    state_->scheduled = std::move(*stored);
    if (state_->scheduled.has_value() != scheduled.has_value()) return committed;
    return {};
  }
  state_->scheduled = std::move(scheduled);
  return {};
}

Result<model::Config> ConfigStore::config_of(std::uint64_t id) const {
  if (id == 0) return model::Config{};
  if (id == state_->running.revision) return state_->running.config;
  auto config = state_->config_of(id);
  if (!config) return tl::unexpected<Error>(state_->named(told_reading(config.error())));
  return config;
}

Result<std::unique_ptr<BackupWriter>> ConfigStore::begin_backup(BackupLabel label,
                                                                const std::string& file) {
  if (auto writable = make_writable(); !writable) return tl::unexpected<Error>(writable.error());
  const auto part = [state = state_.get()](const UnitRow& row) -> Result<std::string> {
    const auto path = unit_path(state->database().path());
    auto document = state->unit ? state->unit->document(row)
                                : tl::unexpected<Error>(unit_file_missing(path, row.revision));
    if (!document) return tl::unexpected<Error>(told_writing(document.error()));
    return document;
  };
  return BackupWriter::begin(state_->database(), part, std::move(label), file);
}

Result<std::vector<Revision>> ConfigStore::history(std::size_t count) const {
  return state_->read([&](Database& database) { return store::history(database, count); });
}

ConfigStore::Pending::Pending(Pending&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)),
      running_(std::move(other.running_)),
      shared_(std::move(other.shared_)),
      own_(std::move(other.own_)),
      unit_row_(std::move(other.unit_row_)),
      unconfirmed_(std::move(other.unconfirmed_)),
      is_scheduled_(other.is_scheduled_),
      position_(other.position_),
      parts_with_(other.parts_with_) {}

ConfigStore::Pending::~Pending() {
  if (state_ != nullptr) state_->transaction.reset();
}

Status ConfigStore::Pending::finish() {
  State& state = *std::exchange(state_, nullptr);
  auto committed = state.transaction->commit_or_leave_no_trace();
  state.transaction.reset();
  if (!committed && !state.turned_out_committed(revision())) return committed;
  state.unwritable.reset();
  state.records = std::move(shared_);
  state.own = std::move(own_);
  state.unit_row = std::move(unit_row_);
  state.position = position_;
  state.running = std::move(running_);
  state.unconfirmed = std::move(unconfirmed_);
  if (is_scheduled_) state.scheduled.reset();
  return {};
}

}  // namespace yoke::store
