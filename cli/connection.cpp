// SPDX-License-Identifier: Apache-2.0
#include "cli/connection.h"

#include <chrono>

namespace yoke::cli {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// A commit waits for a disk, for the data plane, and on the standby for the writer, which it gives
// up before (carry_patience in mgmt/replication).
constexpr auto kTimeout = 30s;
constexpr int kProtocolVersion = 1;

// The client is of no use after these (mgmt/rpc/client.h); E-607 is what a connection hears that
// has made room for another, whatever it asks next.
bool ends_connection(const Error& error) {
  return error.id == "E-603" || error.id == "E-604" || error.id == "E-605" || error.id == "E-607";
}

// Nothing of the request was done.
bool was_gone_before(const Error& error) { return error.id == "E-604" || error.id == "E-607"; }

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string socket_below(const std::string& root) {
  std::string folder = root;
  while (!folder.empty() && folder.back() == '/') folder.pop_back();
  return folder + "/run/yoke/mgmt.sock";
}

json part_of(const json& answer, const char* key) {
  return answer.is_object() ? answer.value(key, json()) : json();
}

Status Connection::greet() {
  if (client_) return {};
  auto client = rpc::Client::connect(path_, kTimeout);
  if (!client) {
    Error error = client.error();
    if (error.kind == Errc::kUnavailable) {
      error.text += "; start it, or name the unit's folder with --root";
    }
    return tl::unexpected(std::move(error));
  }
  client_.emplace(std::move(*client));
  client_->when_late(late_after_, late_);
  const auto hello = client_->call("hello", {{"version", kProtocolVersion}, {"from", from_}});
  if (!hello) {
    error_data_ = client_->error_data();
    client_.reset();
    return tl::unexpected(hello.error());
  }
  unit_ = hello->is_object() ? text_of(*hello, "unit") : "";
  banner_ = hello->is_object() ? text_of(*hello, "banner") : "";
  return {};
}

Result<json> Connection::call_once(const std::string& method, const json& params) {
  if (auto greeted = greet(); !greeted) return tl::unexpected(greeted.error());
  auto result = client_->call(method, params);
  error_data_ = client_->error_data();
  if (!result && ends_connection(result.error())) client_.reset();
  return result;
}

Result<json> Connection::commit(const json& params) {
  auto result = call("commit", params);
  if (!result) return result;
  has_edits_ = false;
  if (result->is_object()) return result;
  return fail(Errc::kFailed, "E-605", "the answer does not tell what became of the commit");
}

Result<json> Connection::call(const std::string& method, const json& params) {
  const bool was_connected = client_.has_value();
  auto result = call_once(method, params);
  if (result || client_) return result;
  if (has_edits_ || is_alone_) {
    result.error().text += has_edits_ ? "; the uncommitted edits are lost with it"
                                      : "; others may edit again: configure exclusive ended";
    has_edits_ = is_alone_ = false;
    return result;
  }
  // yoke-mgmt may have been restarted since the last call, or have given our place to another;
  // without edits nothing is lost by that.
  if (was_connected && was_gone_before(result.error())) return call_once(method, params);
  return result;
}

}  // namespace yoke::cli
