// SPDX-License-Identifier: Apache-2.0
// Replica where a commit is typed on one unit and made by the other.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "mgmt/commit/errors.h"
#include "mgmt/model/json.h"
#include "mgmt/peer/replica.h"
#include "mgmt/peer/writing.h"
#include "mgmt/store/chain.h"

namespace yoke::peer {
namespace {

using nlohmann::json;
using replication::CarryAnswer;

// For what the other unit has made to come here as well, so that who typed it finds it.
constexpr std::chrono::seconds kSeen{2};
constexpr std::size_t kUnitMost = 10;

// What was edited, and by whom; the request is mgmt/rpc's.
struct Typed {
  std::uint64_t revision = 0;
  std::string hash;
  std::uint64_t schema = 0;
  std::string unit;
  std::string request;
};

std::string text_of(const Typed& typed) {
  return json{{"version", 1},           {"revision", typed.revision}, {"hash", typed.hash},
              {"schema", typed.schema}, {"unit", typed.unit},         {"request", typed.request}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Typed> typed_in(const std::string& text) {
  const auto body = model::parse_json(text);
  if (!body || !body->is_object()) return std::nullopt;
  const auto number = [&](const char* key) {
    const auto found = body->find(key);
    return found != body->end() && found->is_number_unsigned()
               ? std::optional(found->get<std::uint64_t>())
               : std::nullopt;
  };
  const auto word = [&](const char* key) {
    const auto found = body->find(key);
    return found != body->end() && found->is_string() ? std::optional(found->get<std::string>())
                                                      : std::nullopt;
  };
  const auto revision = number("revision"), schema = number("schema");
  auto hash = word("hash"), unit = word("unit"), request = word("request");
  const bool whole = revision && schema && hash && unit && unit->size() <= kUnitMost && request;
  if (!whole) return std::nullopt;
  return Typed{*revision, std::move(*hash), *schema, std::move(*unit), std::move(*request)};
}

}  // namespace

bool Replica::carries() {
  if (!is_live_) return false;
  around_.look();
  return !may_write(knowledge());
}

Error Replica::other_commits() const {
  const char* const unit = election_.unit == "a" ? "b" : "a";
  return {Errc::kConflict, std::string(commit::kOtherWrites),
          fmt::format("commits are made by the unit that is active, unit {}, which {}: try again, "
                      "or commit there (show ha)",
                      unit,
                      !peer_is_there() ? "does not answer over the dedicated link"
                                       : "does not know yet that it is"),
          -1};
}

Result<std::string> Replica::carry(const std::string& request) {
  if (!is_live_ || !peer_is_there()) return tl::unexpected<Error>(other_commits());
  if (state_.peer.hello->schema != setup_.schema) {
    return fail(Errc::kConflict, commit::kOtherWrites,
                "the units are of different releases: commit on the one that is active (show ha)");
  }
  const auto tip = state_.tip();
  carried_.reset();
  happen(replication::Carry{++commits_, text_of({tip.revision, store::to_text(tip.hash),
                                                 setup_.schema, election_.unit, request})});
  wait_until([this] { return carried_.has_value(); });
  auto answer = answer_of(carried_.value_or(CarryAnswer{}));
  carried_.reset();
  if (task_ || look_) work_soon();
  return answer;
}

Result<std::string> Replica::answer_of(const CarryAnswer& answer) {
  if (answer.how == CarryAnswer::How::kRefused) return tl::unexpected<Error>(other_commits());
  if (answer.how == CarryAnswer::How::kUnknown) {
    return fail(Errc::kTimeout, commit::kMaybeCommitted,
                "the other unit, which commits, has not said what became of it: it may be made or "
                "not, and never twice (show ha config, show history)");
  }
  const auto made = json::parse(answer.body, nullptr, false);
  const auto result = made.is_object() ? made.find("result") : made.end();
  const json number = made.is_object() && result != made.end() && result->is_object()
                          ? result->value("revision", json())
                          : json();
  if (number.is_number_unsigned()) {
    const auto late = MonoClock::now() + kSeen;
    wait_until([&, revision = number.get<std::uint64_t>()] {
      return state_.tip().revision >= revision || !peer_is_there() || MonoClock::now() >= late;
    });
  }
  return answer.body;
}

// Only what this unit has had as well can be told apart from what was done since.
void Replica::make_carried(const replication::Carried& carried) {
  const auto typed = typed_in(carried.body);
  const bool known =
      typed && typed->schema == setup_.schema &&
      std::ranges::any_of(state_.chain, [&](const auto& at) {
        return at.revision == typed->revision && store::to_text(at.hash) == typed->hash;
      });
  std::string answer;  // nothing: it is not taken
  if (is_live_ && around_.make_carried && (known || (typed && typed->revision == 0))) {
    typed_on_ = typed->unit;
    answer = around_.make_carried(typed->revision, typed->request);
    typed_on_.clear();
  }
  if (is_live_) happen(replication::CarriedDone{carried.boot, carried.number, std::move(answer)});
}

}  // namespace yoke::peer
