// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/parameters.h"

#include <fmt/format.h>

#include <utility>

#include "mgmt/rpc/errors.h"

namespace yoke::rpc {

using nlohmann::json;

tl::unexpected<Error> bad_parameters(std::string what) {
  return fail(Errc::kInvalid, kBadParameters, std::move(what));
}

json member(const json& params, const char* key) {
  const auto found = params.find(key);
  return found == params.end() ? json() : *found;
}

Result<std::string> text_in(const json& params, const char* key, std::size_t bytes_max) {
  const auto found = params.find(key);
  if (found == params.end()) return std::string();
  if (!found->is_string()) return bad_parameters(fmt::format("{} is not a string", key));
  auto text = found->get<std::string>();
  if (text.size() > bytes_max) {
    return bad_parameters(fmt::format("{} is longer than {} bytes", key, bytes_max));
  }
  return text;
}

Result<bool> flag_in(const json& params, const char* key) {
  const auto found = params.find(key);
  if (found == params.end()) return false;
  if (found->is_boolean()) return found->get<bool>();
  return bad_parameters(fmt::format("{} is neither true nor false", key));
}

}  // namespace yoke::rpc
