// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/config_state.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "mgmt/events/event.h"
#include "mgmt/model/unit_part.h"
#include "mgmt/store/branches.h"
#include "mgmt/store/digest.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/records.h"
#include "mgmt/store/tentative.h"
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
                database.path() + ": its hash key is damaged; " + to_begin_anew(database.path()));
  }
  std::transform(bytes.begin(), bytes.end(), key.begin(),
                 [](char byte) { return static_cast<std::uint8_t>(byte); });
  return key;
}

// One a line. None in what a release before wrote.
Result<std::set<std::string>> load_left_alone(Database& database) {
  auto statement = database.prepare("SELECT value FROM setting WHERE name = 'left_alone'");
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  std::set<std::string> digests;
  if (!*row) return digests;
  std::istringstream lines(statement->blob(0));
  for (std::string line; std::getline(lines, line);) digests.insert(line);
  return digests;
}

}  // namespace

Result<std::unique_ptr<ConfigStore::State>> ConfigStore::State::open(const std::string& path,
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

Result<std::unique_ptr<ConfigStore::State>> ConfigStore::State::open_copy(
    const std::string& path, const std::string& scratch, Error why) {
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

Status ConfigStore::State::load() {
  auto key = load_hash_key(database());
  if (!key) return tl::unexpected<Error>(key.error());
  auto alone = load_left_alone(database());
  if (!alone) return tl::unexpected<Error>(alone.error());
  auto latest = newest_revision(database());
  if (!latest) return tl::unexpected<Error>(latest.error());
  auto loaded = load_records(database());
  if (!loaded) return tl::unexpected<Error>(loaded.error());
  if (digest(*loaded) != latest->digest) {
    return fail(Errc::kFailed, kCorrupt,
                database().path() + ": its records are not those of revision " +
                    std::to_string(latest->revision) + "; " + to_begin_anew(database().path()));
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
  left_alone = std::move(*alone);
  // Held once, where this release writes them as the one that committed them.
  records = std::move(*loaded);
  own = std::move(*part);
  unit_row = std::move(latest->unit);
  if (config->records() == whole) {
    Records held = unit_row ? model::split(config->records()).shared : config->records();
    if (held == records) records = std::move(held);
  }
  position = latest->position;
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
  if (next.parts_with_) {
    const Parting parting{running.revision, position.epoch, next.parts_with_->common,
                          next.parts_with_->as_branch, info.at};
    if (auto parted = part_with(database(), parting, records); !parted) return parted;
  }
  if (auto saved = save_records(database(), records, next.shared_); !saved) return saved;
  const Addition addition{next.position_, info, next.unit_row_, !next.parts_with_};
  if (auto added = add_revision(database(), addition, records, next.shared_); !added) {
    return added;
  }
  if (auto saved = save_proposed(database(), std::nullopt); !saved) return saved;
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

Result<model::Config> ConfigStore::State::config_of(std::uint64_t id) const {
  const auto held =
      database().is_committing() ? content_read_aside(id) : content_of(database(), id, records);
  if (!held) return tl::unexpected<Error>(held.error());
  const auto part = own_part(held->unit.value_or(UnitRow()));
  if (!part) return tl::unexpected<Error>(part.error());
  return to_config(database(), model::join(held->records, *part));
}

}  // namespace yoke::store
