// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "mgmt/model/words.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/parameters.h"
#include "mgmt/rpc/session.h"

// What a session asks of the pair.
namespace yoke::rpc {
namespace {

// In the words of the command line, and in those of yoke-pair.
struct Word {
  std::string_view request, method;
};
constexpr std::array kWords{Word{"failover", "failover"}, Word{"standby", "maintenance"},
                            Word{"resume", "resume"}};

constexpr std::size_t kPairTextMax = 100;

// Of pairing, with the one parameter that each has.
struct PairWord {
  std::string_view request, method;
  const char* key;
};
constexpr std::array kPairWords{
    PairWord{"with", "pair_with", "address"},   PairWord{"confirm", "pair_confirm", "code"},
    PairWord{"reject", "pair_reject", nullptr}, PairWord{"forget", "pair_forget", nullptr},
    PairWord{"rotate", "pair_rotate", nullptr}, PairWord{"state", "pairing", nullptr}};

}  // namespace

Session::Outcome Session::ha(const Json& params) {
  const auto request = text_in(params, "request");
  if (!request) return tl::unexpected(request.error());
  const auto* const found = std::ranges::find(kWords, *request, &Word::request);
  if (found == kWords.end()) {
    return bad_parameters("request is " + model::shown(*request) +
                          "; expected failover, standby or resume");
  }
  const auto name = text_in(params, "group");
  if (!name) return tl::unexpected(name.error());
  std::optional<std::string> group;
  if (!member(params, "group").is_null()) group = *name;
  if (group && !group->empty() && running().find({{"group", *group}}) == nullptr) {
    return fail(Errc::kNotFound, kNotThere, "there is no group " + model::shown(*group));
  }
  const auto force = flag_in(params, "force");
  if (!force) return tl::unexpected(force.error());
  return unit_.pair.command(found->method, group, *force);
}

// A history that gave way is seen, or dropped for good, which takes an admin.
Session::Outcome Session::branch(const Json& params) {
  const auto name = text_in(params, "name", kPairTextMax);
  if (!name) return tl::unexpected(name.error());
  const auto drop = flag_in(params, "drop");
  if (!drop) return tl::unexpected(drop.error());
  if (*drop && role() < Role::kAdmin) {
    return fail(Errc::kDenied, kNotPermitted, "only an admin drops what had been committed");
  }
  if (auto done = unit_.pair.branch(*name, *drop); !done) return tl::unexpected(done.error());
  const std::string what = fmt::format("request ha branch {} {}", *name, *drop ? "drop" : "keep");
  unit_.record({events::Kind::kPairRequest,
                peer_.user + ": " + what,
                {{"USER", peer_.user}, {"FROM", from()}, {"REQUEST", what}}});
  return Json::object();
}

// What changes anything is told of, also where it is refused: who typed which code may matter.
Session::Outcome Session::pair(const Json& params) {
  const auto request = text_in(params, "request");
  if (!request) return tl::unexpected(request.error());
  const auto* const found = std::ranges::find(kPairWords, *request, &PairWord::request);
  if (found == kPairWords.end()) {
    return bad_parameters("request is " + model::shown(*request) +
                          "; expected with, confirm, reject, forget, rotate or state");
  }
  Json asked = Json::object();
  if (found->key != nullptr) {
    const auto value = text_in(params, found->key, kPairTextMax);
    if (!value) return tl::unexpected(value.error());
    asked[found->key] = *value;
  }
  const auto force = flag_in(params, "force");
  if (!force) return tl::unexpected(force.error());
  if (*force) asked["force"] = true;
  auto answer = unit_.pair.pairing(found->method, asked);
  if (found->method != "pairing") {
    const std::string what =
        "request pair " + *request +
        (found->key == nullptr ? "" : " " + text_in(asked, found->key).value());
    unit_.record({events::Kind::kPairRequest,
                  peer_.user + ": " + what + (answer ? "" : ", refused: " + answer.error().text),
                  {{"USER", peer_.user}, {"FROM", from()}, {"REQUEST", what}}});
  }
  if (answer && answer->is_object()) answer->erase("news");
  return answer;
}

}  // namespace yoke::rpc
