// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/chain.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "mgmt/model/json.h"
#include "mgmt/store/sha256.h"

namespace yoke::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string info_text(const CommitInfo& info) {
  const auto at = std::chrono::floor<milliseconds>(info.at).time_since_epoch().count();
  return nlohmann::json{{"at_ms", at},     {"user", info.user}, {"from", info.origin},
                        {"how", info.how}, {"note", info.note}, {"changes", info.changes}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<CommitInfo> info_in(const std::string& text) {
  const auto object = model::parse_json(text);
  if (!object || !object->is_object()) return std::nullopt;
  const auto at = object->find("at_ms");
  if (at == object->end() || !at->is_number_integer()) return std::nullopt;
  // Further from 1970 no clock of ours can be, and the type holds no more.
  constexpr std::int64_t kMost = std::int64_t{250} * 366 * 24 * 3600 * 1000;
  const auto ms = at->get<std::int64_t>();
  if (ms > kMost || ms < -kMost) return std::nullopt;
  return CommitInfo{.at = system_clock::time_point(milliseconds(ms)),
                    .user = text_of(*object, "user"),
                    .origin = text_of(*object, "from"),
                    .how = text_of(*object, "how"),
                    .note = text_of(*object, "note"),
                    .changes = text_of(*object, "changes")};
}

replication::Position position_after(const replication::Position& parent, replication::Epoch epoch,
                                     const std::string& digest, const std::string& info) {
  const std::uint64_t revision = parent.revision + 1;
  Sha256 sha;
  // Lines of fixed form, and what may hold anything at the end.
  sha.add("yoke revision 1\n" + to_text(parent.hash) + '\n' + std::to_string(epoch) + '\n' +
          std::to_string(revision) + '\n' + digest + '\n' + info);
  return {epoch, revision, *hash_in(sha.text()), digest_number(digest)};
}

replication::Position position_before(std::uint64_t revision, const std::string& digest) {
  replication::Position parent;
  parent.revision = revision - 1;
  return position_after(parent, 0, digest, {});
}

std::string to_text(const replication::Hash& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const auto byte : hash) (text += kDigits[byte >> 4U]) += kDigits[byte & 0xfU];
  return text;
}

std::optional<replication::Hash> hash_in(std::string_view text) {
  replication::Hash hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const char* const begin = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(begin, begin + 2, hash.at(i), 16);
    if (error != std::errc() || end != begin + 2) return std::nullopt;
  }
  return hash;
}

std::uint64_t digest_number(const std::string& digest) {
  std::uint64_t number = 0;
  (void)std::from_chars(digest.data(), digest.data() + digest.size(), number, 16);
  return number;
}

}  // namespace yoke::store
