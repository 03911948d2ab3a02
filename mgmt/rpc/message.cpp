// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/message.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace yoke::rpc {
namespace {

using nlohmann::json;

constexpr std::size_t kDepthMax = 64;

// The library reads any depth, but copies and writes by recursion: depth is bounded before it runs.
bool nests_too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDepthMax) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

json parse_bounded(std::string_view line) {
  if (nests_too_deep(line)) return json(json::value_t::discarded);
  return json::parse(line, nullptr, false);
}

std::string write(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Every Errc as a number, so that a number from outside becomes one of them or kFailed.
constexpr std::array kKinds{Errc::kFailed,   Errc::kInvalid, Errc::kDenied,      Errc::kNotFound,
                            Errc::kConflict, Errc::kRefused, Errc::kUnavailable, Errc::kTimeout};

Errc kind_of(const json& error) {
  const auto code = error.find("code");
  if (code == error.end() || !code->is_number_integer()) return Errc::kFailed;
  for (const Errc kind : kKinds) {
    if (*code == static_cast<int>(kind)) return kind;
  }
  return Errc::kFailed;
}

std::string text_of(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace

Result<Request> parse_request(std::string_view line) {
  json message = parse_bounded(line);
  if (message.is_discarded()) {
    return fail(Errc::kInvalid, "E-610", "not a line of JSON; expected one JSON-RPC 2.0 object");
  }
  const auto refuse = [](const char* what) { return fail(Errc::kInvalid, "E-611", what); };
  if (!message.is_object()) return refuse("not a request; expected one JSON-RPC 2.0 object");
  if (text_of(message, "jsonrpc") != "2.0") return refuse("not a request: jsonrpc is not \"2.0\"");
  Request request;
  request.method = text_of(message, "method");
  if (request.method.empty()) return refuse("not a request: it names no method");
  if (const auto id = message.find("id"); id != message.end()) request.id = *id;
  if (!request.id.is_null() && !request.id.is_number() && !request.id.is_string()) {
    return refuse("not a request: id is neither a number nor a string");
  }
  const auto params = message.find("params");
  request.params = params == message.end() ? json::object() : std::move(*params);
  if (!request.params.is_object()) return refuse("not a request: params is not an object");
  return request;
}

std::string request_line(std::uint64_t id, const std::string& method, const json& params) {
  return write({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
}

std::string result_line(const json& id, json result) {
  json message = {{"jsonrpc", "2.0"}, {"id", id}};
  message["result"] = std::move(result);
  return write(message);
}

std::string error_line(const json& id, const Error& error, json data) {
  data["id"] = error.id;
  if (error.column >= 0) data["column"] = error.column;
  json message = {{"jsonrpc", "2.0"}, {"id", id}};
  message["error"] = {{"code", static_cast<int>(error.kind)}, {"message", error.text}};
  message["error"]["data"] = std::move(data);
  return write(message);
}

Result<Answer> parse_answer(std::string_view line) {
  json message = parse_bounded(line);
  if (!message.is_object() || text_of(message, "jsonrpc") != "2.0") {
    return fail(Errc::kFailed, "E-605", "the answer is not JSON-RPC 2.0");
  }
  Answer answer{message.value("id", json()), json(), json::object()};
  if (const auto result = message.find("result"); result != message.end()) {
    answer.result = std::move(*result);
    return answer;
  }
  const auto error = message.find("error");
  if (error == message.end() || !error->is_object()) {
    return fail(Errc::kFailed, "E-605", "the answer holds neither a result nor an error");
  }
  if (const auto data = error->find("data"); data != error->end() && data->is_object()) {
    answer.error_data = *data;
  }
  Error told{kind_of(*error), text_of(answer.error_data, "id"), text_of(*error, "message"), -1};
  const auto column = answer.error_data.find("column");
  if (column != answer.error_data.end() && column->is_number_unsigned() && *column < 1 << 20) {
    told.column = column->get<int>();
  }
  answer.result = tl::unexpected<Error>(std::move(told));
  return answer;
}

}  // namespace yoke::rpc
