// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/envelope.h"

#include <fmt/format.h>

#include "dataplane/api/json_reader.h"

namespace yoke::api {
namespace {

// Text that is not UTF-8 can only be a name that was never valid: replaced, not thrown at.
std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

// Errc as a number; one that this side does not know is a plain failure.
Errc errc_of(const Json& code) {
  if (!code.is_number_integer()) return Errc::kFailed;
  const auto number = code.get<std::int64_t>();
  const bool known = number >= 0 && number <= static_cast<std::int64_t>(Errc::kTimeout);
  return known ? static_cast<Errc>(number) : Errc::kFailed;
}

Error error_of(const Json& error) {
  Error out;
  out.kind = errc_of(error.value("code", Json()));
  const Json message = error.value("message", Json());
  out.text = message.is_string() ? message.get<std::string>() : "the data plane gave no reason";
  const Json data = error.value("data", Json());
  const Json id = data.is_object() ? data.value("id", Json()) : Json();
  out.id = id.is_string() ? id.get<std::string>() : std::string(kStrangeAnswer);
  return out;
}

tl::unexpected<Error> strange(std::string_view what) {
  return fail(Errc::kFailed, kStrangeAnswer,
              fmt::format("the data plane's answer cannot be understood: {}", what));
}

}  // namespace

std::string encode_request(std::uint64_t id, std::string_view method, Json params) {
  return line_of(
      {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}});
}

std::string encode_result(const Json& id, Json result) {
  return line_of({{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}});
}

std::string encode_error(const Json& id, const Error& error) {
  return line_of({{"jsonrpc", "2.0"},
                  {"id", id},
                  {"error",
                   {{"code", static_cast<int>(error.kind)},
                    {"message", error.text},
                    {"data", {{"id", error.id}}}}}});
}

Result<Request> decode_request(std::string_view line) {
  auto document = parse_object(line);
  if (!document) return tl::unexpected<Error>(document.error());
  auto request = read(*document, [](const Reader& at) {
    return Request{.id = nullptr, .method = at["method"].string(), .params = Json::object()};
  });
  if (!request) return request;
  request->id = document->value("id", Json());
  if (document->contains("params")) request->params = std::move((*document)["params"]);
  return request;
}

Result<Json> decode_response(std::string_view line, std::uint64_t id) {
  auto document = parse_object(line);
  if (!document) return strange(document.error().text);
  const auto error = document->find("error");
  if (error != document->end() && error->is_object())
    return tl::unexpected<Error>(error_of(*error));
  if (document->value("id", Json()) != Json(id)) return strange("it answers another question");
  const auto result = document->find("result");
  if (result == document->end()) return strange("it has neither result nor error");
  return std::move(*result);
}

}  // namespace yoke::api
