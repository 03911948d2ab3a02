// SPDX-License-Identifier: Apache-2.0
#include "cli/complaint.h"

#include <string_view>

#include "cli/outcome.h"

namespace yoke::cli {
namespace {

using nlohmann::json;

std::string_view word(Errc kind) noexcept {
  switch (kind) {
    case Errc::kFailed:
      return "failed";
    case Errc::kInvalid:
      return "invalid";
    case Errc::kDenied:
      return "denied";
    case Errc::kNotFound:
      return "not-found";
    case Errc::kConflict:
      return "conflict";
    case Errc::kRefused:
      return "refused";
    case Errc::kUnavailable:
      return "unavailable";
    case Errc::kTimeout:
      return "timeout";
  }
  return "failed";
}

}  // namespace

json to_json(const Complaint& complaint) {
  const Error& error = complaint.error;
  json object{{"id", error.id}, {"kind", word(error.kind)}, {"text", error.text}};
  if (!complaint.line.empty()) object["line"] = complaint.line;
  if (!complaint.line.empty() && error.column >= 0) object["column"] = error.column;
  if (!complaint.place.empty()) object["place"] = complaint.place;
  if (!complaint.more.empty()) object["more"] = complaint.more;
  return with_schema({{"error", std::move(object)}});
}

// What was read may be no UTF-8.
std::string json_line(const Complaint& complaint) {
  return to_json(complaint).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace yoke::cli
