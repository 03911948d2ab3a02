// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "mgmt/model/json.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

using nlohmann::json;

struct Position {
  std::size_t line = 1, column = 1;
};

Position position_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto newline = before.rfind('\n');
  return {static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
          newline == std::string_view::npos ? offset + 1 : offset - newline};
}

// The library's sentence without its own preamble of type, line and column.
std::string reason(std::string_view what) {
  const auto syntax = what.find("syntax error");
  if (syntax != std::string_view::npos) return std::string(what.substr(syntax));
  const auto bracket = what.find("] ");
  return std::string(bracket == std::string_view::npos ? what : what.substr(bracket + 2));
}

// Deeper than any of our documents. Beyond it nothing is built: the library copies and writes by
// recursion, so depth from outside would be stack from inside.
constexpr int kDepthMax = 64;

// Watches a parse for what the library lets pass: depth, and a key that its object has already.
class Watch {
 public:
  bool see(int depth, json::parse_event_t event, const json& value) {
    if (depth > kDepthMax) {
      too_deep_ = true;
      return false;
    }
    if (event == json::parse_event_t::object_start) {
      open_.resize(static_cast<std::size_t>(depth) + 1);
      open_.back().clear();
    } else if (event == json::parse_event_t::key && depth > 0) {
      const std::string& key = value.get_ref<const std::string&>();
      const auto object = static_cast<std::size_t>(depth) - 1;
      if (object < open_.size() && !open_[object].insert(key).second && twice_.empty()) {
        twice_ = shown(key);
      }
    }
    return true;
  }
  [[nodiscard]] Status verdict() const {
    if (too_deep_) return fail(Errc::kInvalid, "E-110", "nested deeper than any document is");
    if (twice_.empty()) return {};
    return fail(Errc::kInvalid, "E-109", "the key " + twice_ + " is given twice");
  }

 private:
  std::vector<std::set<std::string>> open_;  // keys of the objects around, by depth
  std::string twice_;
  bool too_deep_ = false;
};

}  // namespace

Result<json> parse_json(std::string_view text) {
  Watch watch;
  try {
    json document = json::parse(text, [&](int depth, json::parse_event_t event, json& value) {
      return watch.see(depth, event, value);
    });
    if (auto fine = watch.verdict(); !fine) return tl::unexpected(fine.error());
    return document;
  } catch (const json::parse_error& error) {
    const Position at =
        position_of(text, std::clamp<std::size_t>(error.byte, 1, text.size() + 1) - 1);
    return fail(Errc::kInvalid, "E-110",
                fmt::format("line {}, column {}: {}", at.line, at.column, reason(error.what())));
  } catch (const json::exception& error) {
    return fail(Errc::kInvalid, "E-110", reason(error.what()));
  }
}

}  // namespace yoke::model
