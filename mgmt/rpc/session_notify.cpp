// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <utility>

#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/message.h"
#include "mgmt/rpc/parameters.h"
#include "mgmt/rpc/session.h"

namespace yoke::rpc {

Session::Outcome Session::notify_test(const Json& params) {
  const auto name = text_in(params, "notify");
  if (!name) return tl::unexpected(name.error());
  const auto number = unit_.notifications.test(*name, peer_.user);
  if (!number) return tl::unexpected(number.error());
  return Json{{"test", *number}};
}

Session::Outcome Session::notify_tested(const Json& params) {
  const Json number = member(params, "test");
  if (!number.is_number_unsigned()) return bad_parameters("test is not the number of a test");
  const auto reports = unit_.notifications.tested(number.get<std::uint64_t>());
  if (!reports) {
    return fail(Errc::kNotFound, kNoSuchTest, fmt::format("there is no test {}", number.dump()));
  }
  Json rows = Json::array();
  bool is_done = true;
  for (const auto& [whom, how] : *reports) {
    is_done = is_done && how;
    const bool has_failed = how && !*how;
    rows.push_back({{"whom", whom},
                    {"outcome", !how         ? "running"
                                : has_failed ? "failed"
                                             : "told"},
                    {"text", has_failed ? how->error().text : ""}});
  }
  return Json{{"done", is_done}, {"rows", std::move(rows)}};
}

}  // namespace yoke::rpc
