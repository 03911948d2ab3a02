// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "hal/base/result.h"
#include "hal/linux/line_server.h"
#include "mgmt/commit/committer.h"
#include "mgmt/model/config.h"
#include "mgmt/model/merge.h"
#include "mgmt/rpc/message.h"
#include "mgmt/rpc/role.h"
#include "mgmt/rpc/unit.h"
#include "mgmt/store/backup.h"

namespace yoke::rpc {

// The methods of mgmt/README.md, for one client, with its candidate. A candidate begins with the
// first edit and ends with a commit, a discard or the session. Threads: the loop's.
class Session final : public hal::LineSession {
 public:
  Session(Unit& unit, hal::Peer peer) : unit_(unit), peer_(std::move(peer)) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() override;

  [[nodiscard]] Answer answer(const std::string& line) override;
  void take(const std::string& line, const Reply& reply) override;
  // A candidate, a backup half sent, the right to edit alone.
  [[nodiscard]] bool holds_work() const override {
    return candidate_ || restoring_ || unit_.lock.is_held_by(this);
  }
  // Of a session that stands for one on the other unit (carried.h): its one request.
  [[nodiscard]] std::string answer_carried(std::uint64_t base, const nlohmann::json& request);

 private:
  using Json = nlohmann::json;
  using Outcome = Result<Json>;
  struct Candidate {
    model::Config base;  // what was committed when the edits began
    std::uint64_t base_revision = 0;
    model::Config config;
    bool is_whole = false;  // of a document: meant as it is, whatever else is committed
    std::string note = {};  // of the commit, unless it has one of its own
  };
  struct Method {
    std::string_view name;
    Outcome (Session::*call)(const Json& params);
    Role least;          // that may call it
    bool waits = false;  // for the disk, or for those who do; others go on meanwhile
  };
  static const Method kMethods[];
  [[nodiscard]] static const Method* method_named(const std::string& name);  // null: there is none

  [[nodiscard]] Outcome hello(const Json& params);
  [[nodiscard]] Outcome lock(const Json& params);
  [[nodiscard]] Outcome unlock(const Json& params);
  [[nodiscard]] Outcome edit(const Json& params);
  [[nodiscard]] Outcome load(const Json& params);
  [[nodiscard]] Outcome check(const Json& params);
  [[nodiscard]] Outcome diff(const Json& params);
  [[nodiscard]] Outcome update(const Json& params);
  [[nodiscard]] Outcome discard(const Json& params);
  [[nodiscard]] Outcome commit(const Json& params);
  [[nodiscard]] Outcome commit_there(const Json& params, const commit::Request& request,
                                     bool is_planned);
  [[nodiscard]] Outcome schedule(const Json& params, const commit::Request& request);
  [[nodiscard]] Outcome cancel(const Json& params);
  [[nodiscard]] Outcome confirm(const Json& params);
  [[nodiscard]] Outcome reject(const Json& params);
  [[nodiscard]] Outcome rollback(const Json& params);
  [[nodiscard]] Outcome unconfirmed(const Json& params);
  [[nodiscard]] Outcome config(const Json& params);
  [[nodiscard]] Outcome ha(const Json& params);
  [[nodiscard]] Outcome branch(const Json& params);
  [[nodiscard]] Outcome pair(const Json& params);
  [[nodiscard]] Outcome notify_test(const Json& params);
  [[nodiscard]] Outcome notify_tested(const Json& params);
  [[nodiscard]] Outcome backup(const Json& params);
  [[nodiscard]] Outcome backup_state(const Json& params);
  [[nodiscard]] Outcome restore(const Json& params);
  [[nodiscard]] Outcome show(const Json& params);
  [[nodiscard]] Outcome test(const Json& params);
  [[nodiscard]] Outcome tested(const Json& params);

  [[nodiscard]] Answer answer_to(const Result<Request>& request);
  [[nodiscard]] Outcome call(const std::string& method, const Json& params);
  [[nodiscard]] Status may_send_to(const std::string& to) const;
  [[nodiscard]] const model::Config& running() const { return unit_.committer.running().config; }
  [[nodiscard]] const model::Config& candidate() const {
    return candidate_ ? candidate_->config : running();
  }
  void begin_candidate();
  [[nodiscard]] Json impact_of(const model::Config& config) const;
  [[nodiscard]] std::vector<model::Conflict> rebase(std::optional<model::Side> preferred = {});
  [[nodiscard]] Role role() const {
    return carried_role_ ? *carried_role_ : role_of(peer_, running());
  }
  [[nodiscard]] std::string from() const;
  [[nodiscard]] Status may_edit() const;
  [[nodiscard]] Status may_replace_running();
  [[nodiscard]] Status may_test();
  [[nodiscard]] Status may_commit(const model::Config& config) const;
  [[nodiscard]] Status may_end_waiting() const;
  [[nodiscard]] Status is_meant(const Json& params) const;
  [[nodiscard]] Result<commit::Request> request_in(const Json& params) const;
  [[nodiscard]] Result<model::Config> config_in(const Json& params, const char* key,
                                                const model::Config& otherwise) const;
  [[nodiscard]] commit::Author author(std::string how) const;
  // Whether changes typed here are made by the other unit, and by it.
  [[nodiscard]] bool goes_to_other() const;
  [[nodiscard]] Outcome carry(const char* method, const Json& params);
  [[nodiscard]] Status may_be_carried() const;
  [[nodiscard]] Error told_of_unknown(Error error);
  [[nodiscard]] Status begin_carried(std::uint64_t base, const Json& request);
  [[nodiscard]] Outcome told(const tl::expected<commit::Committed, commit::Refusal>& done);
  [[nodiscard]] Outcome restore_kept(const std::string& name);
  [[nodiscard]] std::unique_ptr<store::BackupReader> make_reader();
  [[nodiscard]] Outcome restored(std::unique_ptr<store::BackupReader> reader);

  Unit& unit_;
  hal::Peer peer_;
  std::string from_;  // where he comes from, as his own program says: "10.1.1.9 ssh"
  std::optional<Candidate> candidate_;
  std::optional<Role> carried_role_;  // of somebody on the other unit, as that says
  std::unique_ptr<store::BackupReader> restoring_;
  Json error_data_;  // beside the error of the call under way
};

}  // namespace yoke::rpc
