// SPDX-License-Identifier: Apache-2.0
// ConfigStore, as far as it has a peer's history: revisions that travel.
#include <algorithm>
#include <utility>

#include "mgmt/model/unit_part.h"
#include "mgmt/store/chain.h"
#include "mgmt/store/changes.h"
#include "mgmt/store/config_state.h"
#include "mgmt/store/config_store.h"
#include "mgmt/store/digest.h"
#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

using replication::Position;

Status refused(const std::string& why) {
  return fail(Errc::kRefused, kNotTheNext, "what the peer sends is not taken: " + why);
}

// What the records are is the peer's word: whatever this release does not understand, or holds in
// another way, is refused.
Result<model::Config> understood(const Records& records, const Records& own) {
  const Records whole = model::join(records, own);
  model::Config config;
  for (const auto& [path, fields] : whole) {
    if (auto set = config.set(path, fields); !set) {
      return tl::unexpected<Error>(refused("the record " + path.to_string() +
                                           " is not understood (" + set.error().text +
                                           "); are both units of one release?")
                                       .error());
    }
  }
  if (config.records() == whole && model::split(whole).shared == records) return config;
  return tl::unexpected<Error>(
      refused("this release would hold it in another way, or it has what belongs to one unit alone")
          .error());
}

}  // namespace

const Position& ConfigStore::position() const noexcept { return state_->position; }

Result<std::vector<Position>> ConfigStore::positions() const {
  return state_->read([](Database& database) { return store::positions(database); });
}

replication::Revision ConfigStore::draft(const model::Config& config,
                                         const CommitInfo& info) const {
  const Records shared = model::split(config.records()).shared;
  const Records before = model::split(state_->running.config.records()).shared;
  const std::string said = info_text(info);
  return {state_->position, position_after(state_->position, info.epoch, digest(shared), said),
          said, changes_text(before, shared)};
}

Result<model::Config> ConfigStore::State::successor(const replication::Revision& revision) const {
  const auto no = [](const std::string& why) {
    return tl::unexpected<Error>(refused(why).error());
  };
  if (revision.parent != position) return no("it does not follow the newest revision");
  Records next = model::split(running.config.records()).shared;
  if (!apply_changes(revision.changes, next)) return no("its changes make no sense");
  const auto place = position_after(position, revision.position.epoch, digest(next), revision.info);
  if (place != revision.position) return no("it does not become what the peer says it is");
  return understood(next, own);
}

Result<ConfigStore::Pending> ConfigStore::begin(const replication::Revision& revision) {
  auto config = state_->successor(revision);
  if (!config) return tl::unexpected<Error>(config.error());
  auto said = info_in(revision.info);
  if (!said) return tl::unexpected<Error>(refused("nothing is said of it").error());
  said->epoch = revision.position.epoch;
  return begin_at(*config, *said, revision.position, std::nullopt);
}

Result<ConfigStore::Pending> ConfigStore::begin(const replication::Snapshot& snapshot,
                                                std::uint64_t common, bool as_branch) {
  const auto no = [](const std::string& why) {
    return tl::unexpected<Error>(refused(why).error());
  };
  Records records;
  if (!apply_changes(snapshot.document, records)) return no("it makes no sense");
  if (digest_number(digest(records)) != snapshot.position.digest) return no("it is damaged");
  if (snapshot.position.revision <= common || common > state_->running.revision) {
    return no("it is not newer than what both have");
  }
  auto said = info_in(snapshot.info);
  if (!said) return no("nothing is said of it");
  said->epoch = snapshot.position.epoch;
  auto config = understood(records, state_->own);
  if (!config) return tl::unexpected<Error>(config.error());
  return begin_at(*config, *said, snapshot.position, Pending::PartsWith{common, as_branch});
}

Status ConfigStore::keep(const Proposed& proposed) {
  if (auto can = state_->successor(proposed.revision); !can) {
    return tl::unexpected<Error>(can.error());
  }
  if (auto writable = make_writable(); !writable) return writable;
  auto transaction = Transaction::begin(state_->database());
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  if (auto saved = save_proposed(state_->database(), proposed); !saved) return saved;
  return transaction->commit_or_leave_no_trace();
}

Status ConfigStore::forget_proposed() {
  if (auto writable = make_writable(); !writable) return writable;
  auto transaction = Transaction::begin(state_->database());
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  if (auto saved = save_proposed(state_->database(), std::nullopt); !saved) return saved;
  return transaction->commit_or_leave_no_trace();
}

Result<std::optional<Proposed>> ConfigStore::proposed() const {
  return load_proposed(state_->database());
}

Result<replication::Revision> ConfigStore::revision_after(std::uint64_t id) const {
  auto& database = state_->database();
  const auto places = store::positions(database);
  if (!places) return tl::unexpected<Error>(places.error());
  Position parent;
  const auto found = std::ranges::find(*places, id, &Position::revision);
  const auto next = std::ranges::find(*places, id + 1, &Position::revision);
  if (next == places->end() || (found == places->end() && id != 0)) {
    return fail(Errc::kNotFound, "E-404", "revision " + std::to_string(id) + " is not kept");
  }
  if (id != 0) parent = *found;
  const auto before =
      id == 0 ? Result<Content>(Content{}) : content_of(database, id, state_->records);
  const auto after = content_of(database, id + 1, state_->records);
  if (!before) return tl::unexpected<Error>(before.error());
  if (!after) return tl::unexpected<Error>(after.error());
  const auto said = store::info_of(database, id + 1);
  if (!said) return tl::unexpected<Error>(said.error());
  return replication::Revision{
      parent, *next, info_text(*said),
      changes_text(model::split(before->records).shared, model::split(after->records).shared)};
}

Result<replication::Snapshot> ConfigStore::snapshot() const {
  const auto places = positions();
  if (!places) return tl::unexpected<Error>(places.error());
  const auto said = store::info_of(state_->database(), state_->running.revision);
  if (!said) return tl::unexpected<Error>(said.error());
  const Records shared = model::split(state_->running.config.records()).shared;
  replication::Snapshot all{
      state_->position, {}, info_text(*said), changes_text(Records(), shared)};
  for (const Position& place : *places) all.marks.push_back({place.revision, place.hash});
  return all;
}

Result<std::vector<Branch>> ConfigStore::branches() const {
  return state_->read([](Database& database) { return store::branches(database); });
}

Result<model::Config> ConfigStore::branch(const std::string& name) const {
  const auto records =
      state_->read([&](Database& database) { return records_of_branch(database, name); });
  if (!records) return tl::unexpected<Error>(records.error());
  return understood(model::split(*records).shared, state_->own);
}

Status ConfigStore::drop_branch(const std::string& name) {
  if (auto writable = make_writable(); !writable) return writable;
  auto transaction = Transaction::begin(state_->database());
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  if (auto gone = store::drop_branch(state_->database(), name); !gone) return gone;
  return transaction->commit_or_leave_no_trace();
}

namespace {

Result<std::string> note_in(Database& database, const std::string& name) {
  auto statement = database.prepare("SELECT value FROM setting WHERE name = 'note ' || ?");
  if (!statement) return tl::unexpected<Error>(statement.error());
  if (auto bound = statement->bind(1, std::string_view(name)); !bound) {
    return tl::unexpected<Error>(bound.error());
  }
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  return *row ? std::string(statement->blob(0)) : std::string();
}

}  // namespace

Result<std::string> ConfigStore::note(const std::string& name) const {
  return state_->read([&](Database& database) { return note_in(database, name); });
}

Status ConfigStore::set_note(const std::string& name, const std::string& text) {
  if (auto writable = make_writable(); !writable) return writable;
  auto transaction = Transaction::begin(state_->database());
  if (!transaction) return tl::unexpected<Error>(transaction.error());
  auto statement = state_->database().prepare(
      "INSERT INTO setting VALUES ('note ' || ?1, CAST(?2 AS BLOB))"
      " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
  if (!statement) return tl::unexpected<Error>(statement.error());
  Status done = statement->bind(1, std::string_view(name));
  if (done) done = statement->bind(2, std::string_view(text));
  if (!done) return done;
  if (auto written = statement->run(); !written) return tl::unexpected<Error>(written.error());
  return transaction->commit_or_leave_no_trace();
}

}  // namespace yoke::store
