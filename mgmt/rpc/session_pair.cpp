// SPDX-License-Identifier: Apache-2.0
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

}  // namespace yoke::rpc
