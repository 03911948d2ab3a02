// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <utility>

#include "mgmt/commit/errors.h"
#include "mgmt/model/json.h"
#include "mgmt/model/rules.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/parameters.h"
#include "mgmt/rpc/session.h"
#include "mgmt/rpc/show_rows.h"

// Checks that a session asks for.
namespace yoke::rpc {

// As the candidate says where there is one: what is about to be committed can be tried before.
Session::Outcome Session::test(const Json& params) {
  const auto pool = text_in(params, "pool");
  if (!pool) return tl::unexpected(pool.error());
  const auto text = text_in(params, "server");
  if (!text) return tl::unexpected(text.error());
  model::Path path{{"pool", *pool}};
  std::optional<net::Endpoint> server;
  if (!text->empty()) {
    const auto endpoint = net::Endpoint::parse(*text);
    if (!endpoint) return tl::unexpected(endpoint.error());
    server = *endpoint;
    path = path.child("server", server->to_string());
  }
  if (candidate().find(path) == nullptr) {
    return fail(Errc::kNotFound, kNotThere, "there is no " + path.to_string());
  }
  if (candidate().keys("check", {{"pool", *pool}}).empty()) {
    return fail(Errc::kNotFound, kNotThere, fmt::format("pool {} has no check", *pool));
  }
  if (auto allowed = may_test(); !allowed) return tl::unexpected(allowed.error());
  const auto number = unit_.checks.test(candidate(), *pool, server);
  if (!number) return tl::unexpected(number.error());
  return Json{{"test", *number}};
}

// A probe sends the pool's passwords to the servers that the candidate names: nobody has them sent
// to a machine that he may not put there.
Status Session::may_test() {
  if (auto may = may_make(role(), model::diff(running(), candidate())); !may) return may;
  const auto wrong = unit_.committer.violations(candidate());
  if (wrong.empty()) return {};
  error_data_["violations"] = model::to_json(wrong);
  return fail(Errc::kFailed, commit::kRulesViolated,
              "nothing is tested: the candidate breaks rules");
}

Session::Outcome Session::tested(const Json& params) {
  const Json number = member(params, "test");
  if (!number.is_number_unsigned()) return bad_parameters("test is not the number of a test");
  const auto reports = unit_.checks.tested(number.get<std::uint64_t>());
  if (!reports) {
    return fail(Errc::kNotFound, kNoSuchTest, fmt::format("there is no test {}", number.dump()));
  }
  Json rows = Json::array();
  bool is_done = true;
  for (const ProbeReport& report : *reports) {
    is_done = is_done && report.outcome != "running";
    rows.push_back(probe_row(report, MonoClock::now()));
  }
  return Json{{"schema", model::kSchemaName},
              {"object", "probe"},
              {"done", is_done},
              {"rows", std::move(rows)}};
}

}  // namespace yoke::rpc
