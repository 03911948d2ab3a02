// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/config_store.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "mgmt/events/event.h"
#include "mgmt/model/unit_part.h"
#include "mgmt/store/digest.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/file.h"
#include "mgmt/store/records.h"
#include "mgmt/store/revisions.h"
#include "mgmt/store/transaction.h"
#include "mgmt/store/unit_file.h"
#include "mgmt/store/unit_lost.h"

namespace yoke::store {
namespace {

Result<model::Config> to_config(const Database& database, const Records& records) {
  model::Config config;
  for (const auto& [path, fields] : records) {
    if (auto set = config.set(path, fields); !set) {
      return fail(Errc::kRefused, kNewerVersion,
                  database.path() + ": the record " + path.to_string() + " is not understood (" +
                      set.error().text + "); run the release that wrote it");
    }
  }
  return config;
}

Result<std::array<std::uint8_t, 16>> load_hash_key(Database& database) {
  auto statement = database.prepare("SELECT value FROM setting WHERE name = 'hash_key'");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  const std::string bytes = *row ? statement->blob(0) : std::string();
  std::array<std::uint8_t, 16> key{};
  if (bytes.size() != key.size()) {
    return fail(Errc::kFailed, kCorrupt,
                database.path() + ": its hash key is damaged; restore a backup");
  }
  std::transform(bytes.begin(), bytes.end(), key.begin(),
                 [](char byte) { return static_cast<std::uint8_t>(byte); });
  return key;
}

}  // namespace

struct ConfigStore::State {
  explicit State(StoreFile opened) : file(std::move(opened)) {}

  [[nodiscard]] Database& database() const { return *file.database; }
  [[nodiscard]] Status open_unit_file();
  [[nodiscard]] Status load();
  [[nodiscard]] Status write(const Pending& next, const CommitInfo& info);
  [[nodiscard]] Status can_go_back(const Pending& next) const;
  [[nodiscard]] bool is_same_as(const State& other) const {
    return running.revision == other.running.revision && running.config == other.running.config &&
           hash_key == other.hash_key;
  }
  // What belongs to the unit, as the row says.
  [[nodiscard]] Result<Records> own_part(const UnitRow& row) const;
  // A person may have given up what belonged to the unit, in all revisions.
  [[nodiscard]] Status forget_given_up();
  // All is verified: what is read so far stays as it is, and both files can be written to.
  [[nodiscard]] Status begin_writing();
  [[nodiscard]] Result<model::Config> config_of(std::uint64_t id) const;
  // With the names of what this is a copy of.
  [[nodiscard]] Error named(Error error) const;
  // The row for what belongs to the unit in the revision `id`: the one that is there if that is
  // the same, else a new one, on the disk.
  [[nodiscard]] Result<UnitRow> prepare_own(std::uint64_t id, const Records& part);
  [[nodiscard]] Result<std::unique_ptr<Database>> second_reader() const;
  [[nodiscard]] Result<Content> content_read_aside(std::uint64_t id) const;
  // Whether a COMMIT that reported an error has happened nevertheless.
  [[nodiscard]] bool turned_out_committed(std::uint64_t id) const;
  // That the file holds what we believe it holds; otherwise it is read again.
  [[nodiscard]] Status confirm_running();

  StoreFile file;
  std::unique_ptr<UnitFile> unit;  // none while there has been nothing to put into it
  bool gives_up = false;           // as long as it is not done
  Running running;
  std::optional<Unconfirmed> unconfirmed;
  std::optional<Scheduled> scheduled;
  Records records;                  // of running.config, as the tables hold them
  Records own;                      // and as unit.db does
  std::optional<UnitRow> unit_row;  // where; nothing: the tables hold all, as releases before wrote
  std::array<std::uint8_t, 16> hash_key{};
  std::optional<Transaction> transaction;  // of the one Pending

  // Of a store whose disk takes no writes.
  struct Original {
    std::string path;
    std::string scratch;
    std::optional<hal::LockFile> lock;
  };
  std::optional<Original> original;  // what this is a copy of...
  std::optional<Error> unwritable;   // ...and why
  Aside aside = in_place;
};

Status ConfigStore::State::load() {
  auto key = load_hash_key(database());
  if (!key) return tl::unexpected<Error>(key.error());
  auto latest = newest_revision(database());
  if (!latest) return tl::unexpected<Error>(latest.error());
  auto loaded = load_records(database());
  if (!loaded) return tl::unexpected<Error>(loaded.error());
  if (digest(*loaded) != latest->digest) {
    return fail(Errc::kFailed, kCorrupt,
                database().path() + ": its records are not those of revision " +
                    std::to_string(latest->revision) +
                    "; restore a backup, or move it away to begin with an empty configuration");
  }
  if (gives_up && latest->unit) latest->unit = UnitRow();
  auto part = own_part(latest->unit.value_or(UnitRow()));
  if (!part) return tl::unexpected<Error>(part.error());
  const Records whole = model::join(*loaded, *part);
  auto config = to_config(database(), whole);
  if (!config) return tl::unexpected<Error>(config.error());
  auto waits = load_unconfirmed(database());
  if (!waits) return tl::unexpected<Error>(waits.error());
  auto planned = load_scheduled(database());
  if (!planned && planned.error().id != kCorrupt) return tl::unexpected<Error>(planned.error());
  if (!planned) {
    // A plan that cannot be read is no reason not to run what is committed.
    events::write_to_journal({events::Kind::kScheduledCommitGivenUp,
                              planned.error().text,
                              {{"ERROR", planned.error().id}}});
    planned = std::optional<Scheduled>();
  }
  unconfirmed = std::move(*waits);
  scheduled = std::move(*planned);
  hash_key = *key;
  // Held once, where this release writes them as the one that committed them.
  records = std::move(*loaded);
  own = std::move(*part);
  unit_row = std::move(latest->unit);
  if (config->records() == whole) {
    Records held = unit_row ? model::split(config->records()).shared : config->records();
    if (held == records) records = std::move(held);
  }
  running = {latest->revision, std::move(*config), latest->committed_at};
  return {};
}

Status ConfigStore::State::open_unit_file() {
  const std::string path = unit_path(database().path());
  gives_up = is_given_up(path);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  auto opened = UnitFile::open(path);
  if (!opened) return tl::unexpected<Error>(opened.error());
  unit = std::move(*opened);
  return {};
}

Result<Records> ConfigStore::State::own_part(const UnitRow& row) const {
  if (row.is_empty()) return Records();
  if (unit) return unit->part(row);
  return tl::unexpected<Error>(unit_file_missing(unit_path(database().path()), row.revision));
}

Status ConfigStore::State::forget_given_up() {
  if (!gives_up) return {};
  if (auto forgotten = forget_unit_rows(database()); !forgotten) return forgotten;
  gives_up = false;
  return {};
}

Status ConfigStore::State::begin_writing() {
  if (auto forgotten = forget_given_up(); !forgotten) return forgotten;
  if (auto ready = store::begin_writing(database()); !ready) return ready;
  if (unit) {
    if (auto ready = unit->begin_writing(); !ready) return ready;
  }
  put_away(unit_path(database().path()));
  return {};
}

Error ConfigStore::State::named(Error error) const {
  if (!original) return error;
  error = renamed(std::move(error), database().path(), original->path);
  return renamed(std::move(error), unit_path(database().path()), unit_path(original->path));
}

Result<UnitRow> ConfigStore::State::prepare_own(std::uint64_t id, const Records& part) {
  if (unit_row && part == own) return *unit_row;
  if (part.empty()) return UnitRow();
  const auto needed = unit_rows(database());
  if (!needed) return tl::unexpected<Error>(needed.error());
  if (!unit) {
    Result<std::unique_ptr<UnitFile>> made;
    aside([&] { made = UnitFile::make(unit_path(database().path())); });
    if (!made) return tl::unexpected<Error>(made.error());
    unit = std::move(*made);
    unit->wait_aside(aside);
  }
  return unit->prepare(id, part, *needed);
}

// What an unconfirmed commit goes back to must be there to be read, before it is made.
Status ConfigStore::State::can_go_back(const Pending& next) const {
  const auto& waits = next.unconfirmed_;
  if (!waits || waits->back_to == 0) return {};
  const auto before = content_of(database(), waits->back_to, next.shared_);
  if (!before) return tl::unexpected<Error>(before.error());
  const auto part = own_part(before->unit.value_or(UnitRow()));
  if (!part) return tl::unexpected<Error>(part.error());
  if (before->records == records && *part == own) return {};
  return fail(Errc::kFailed, kCorrupt,
              database().path() + ": what leads back to revision " +
                  std::to_string(waits->back_to) + " is not as it was written; look at the disk");
}

Status ConfigStore::State::write(const Pending& next, const CommitInfo& info) {
  if (auto saved = save_records(database(), records, next.shared_); !saved) return saved;
  auto added =
      add_revision(database(), next.revision(), info, records, next.shared_, next.unit_row_);
  if (!added) return added;
  if (auto kept = can_go_back(next); !kept) return kept;
  if (auto saved = save_unconfirmed(database(), next.unconfirmed_); !saved) return saved;
  if (!info.is_scheduled) return {};
  return save_scheduled(database(), std::nullopt);
}

// While the first connection waits for the disk: sees what is committed so far.
Result<std::unique_ptr<Database>> ConfigStore::State::second_reader() const {
  auto reader = Database::open(database().path(), false);
  if (!reader) return reader;
  if (auto begun = (*reader)->execute("BEGIN"); !begun) return tl::unexpected(begun.error());
  return reader;
}

// The commit under way may have come about without our knowing yet: then its records are where the
// way back begins.
Result<Content> ConfigStore::State::content_read_aside(std::uint64_t id) const {
  const auto reader = second_reader();
  if (!reader) return tl::unexpected<Error>(reader.error());
  const auto newest = newest_revision(**reader);
  if (!newest) return tl::unexpected<Error>(newest.error());
  if (newest->revision == running.revision) return content_of(**reader, id, records);
  const auto loaded = load_records(**reader);
  if (!loaded) return tl::unexpected<Error>(loaded.error());
  return content_of(**reader, id, *loaded);
}

bool ConfigStore::State::turned_out_committed(std::uint64_t id) const {
  const auto latest = newest_revision(database());
  return latest && latest->revision == id;
}

Status ConfigStore::State::confirm_running() {
  const auto latest = newest_revision(database());
  if (!latest) return tl::unexpected<Error>(latest.error());
  if (latest->revision == running.revision) return {};
  if (auto loaded = load(); !loaded) return loaded;
  return fail(Errc::kConflict, kStoreFailed,
              database().path() + ": holds revision " + std::to_string(running.revision) +
                  ", whose commit seemed to have failed; look at it and commit again");
}

ConfigStore::ConfigStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
ConfigStore::~ConfigStore() = default;

Result<std::unique_ptr<ConfigStore::State>> ConfigStore::open_state(const std::string& path,
                                                                    Missing missing) {
  auto file = open_store_file(path, missing);
  if (!file) return tl::unexpected<Error>(file.error());
  auto state = std::make_unique<State>(std::move(*file));
  if (auto opened = state->open_unit_file(); !opened) {
    return tl::unexpected<Error>(opened.error());
  }
  if (auto loaded = state->load(); !loaded) {
    return tl::unexpected<Error>(while_opening(path, loaded.error()));
  }
  return state;
}

Result<std::unique_ptr<ConfigStore::State>> ConfigStore::open_copy(const std::string& path,
                                                                   const std::string& scratch,
                                                                   Error why) {
  auto copy = open_store_copy(path, scratch);
  if (!copy) return tl::unexpected<Error>(std::move(why));
  auto state = std::make_unique<State>(std::move(copy->file));
  state->original = {path, scratch, std::move(copy->lock)};
  Status ready = state->open_unit_file();
  if (ready) ready = state->load();
  if (ready) ready = state->forget_given_up();
  if (!ready) return tl::unexpected<Error>(state->named(ready.error()));
  state->unwritable = std::move(why);
  return state;
}

Result<std::unique_ptr<ConfigStore>> ConfigStore::open(const std::string& path,
                                                       const std::string& scratch) {
  auto state = open_state(path, Missing::kIsMade);
  if (state) {
    if (auto ready = (*state)->begin_writing(); !ready) state = tl::unexpected(ready.error());
  }
  const bool takes_no_writes =
      !state && (state.error().id == kReadOnly || state.error().id == kDiskFull);
  if (takes_no_writes && !scratch.empty()) state = open_copy(path, scratch, state.error());
  if (!state) return tl::unexpected<Error>(told_at_start(state.error(), unit_path(path)));
  return std::unique_ptr<ConfigStore>(new ConfigStore(std::move(*state)));
}

// The disk may have been mended since. What is forwarded by comes from the copy: a file that holds
// something else, or a mount point with nothing on it, is not slipped in under it.
Status ConfigStore::make_writable() {
  if (!state_->original) return {};
  const std::string path = state_->original->path;
  state_->original->lock.reset();  // a process cannot take what it has
  auto state = open_state(path, Missing::kIsRefused);
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
  state_ = std::move(*state);
  wait_aside(aside);
  return {};
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

Result<ConfigStore::Pending> ConfigStore::begin(const model::Config& config,
                                                const CommitInfo& info) {
  if (state_->transaction) {
    return fail(Errc::kConflict, kStoreFailed, "another commit is under way; try again");
  }
  if (auto writable = make_writable(); !writable) return tl::unexpected<Error>(writable.error());
  if (auto ended = Transaction::end_any(state_->database()); !ended) {
    return tl::unexpected<Error>(ended.error());
  }
  // Before there is a transaction here: meanwhile others read through this connection.
  model::Parts parts = model::split(config.records());
  auto row = state_->prepare_own(state_->running.revision + 1, parts.own);
  if (!row) return tl::unexpected<Error>(told_writing(row.error()));
  auto transaction = Transaction::begin(state_->database());
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  if (auto confirmed = state_->confirm_running(); !confirmed) {
    return tl::unexpected<Error>(told_writing(confirmed.error()));
  }
  Pending pending(*state_);
  pending.running_ = {state_->running.revision + 1, config, info.at};
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
  if (auto committed = transaction->commit(); !committed) {
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
  if (auto committed = transaction->commit(); !committed) {
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

Result<model::Config> ConfigStore::State::config_of(std::uint64_t id) const {
  const auto held =
      database().is_committing() ? content_read_aside(id) : content_of(database(), id, records);
  if (!held) return tl::unexpected<Error>(held.error());
  const auto part = own_part(held->unit.value_or(UnitRow()));
  if (!part) return tl::unexpected<Error>(part.error());
  return to_config(database(), model::join(held->records, *part));
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
  if (!state_->database().is_committing()) return store::history(state_->database(), count);
  const auto reader = state_->second_reader();
  if (!reader) return tl::unexpected<Error>(reader.error());
  return store::history(**reader, count);
}

ConfigStore::Pending::Pending(Pending&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)),
      running_(std::move(other.running_)),
      shared_(std::move(other.shared_)),
      own_(std::move(other.own_)),
      unit_row_(std::move(other.unit_row_)),
      unconfirmed_(std::move(other.unconfirmed_)),
      is_scheduled_(other.is_scheduled_) {}

ConfigStore::Pending::~Pending() {
  if (state_ != nullptr) state_->transaction.reset();
}

Status ConfigStore::Pending::finish() {
  State& state = *std::exchange(state_, nullptr);
  auto committed = state.transaction->commit();
  state.transaction.reset();
  if (!committed && !state.turned_out_committed(revision())) {
    // Frames of it may lie in the log, to be found after a crash: empty the log while we can.
    (void)state.database().checkpoint();
    return committed;
  }
  state.records = std::move(shared_);
  state.own = std::move(own_);
  state.unit_row = std::move(unit_row_);
  state.running = std::move(running_);
  state.unconfirmed = std::move(unconfirmed_);
  if (is_scheduled_) state.scheduled.reset();
  return {};
}

}  // namespace yoke::store
