// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "mgmt/store/backup.h"
#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr int kBackupVersion = 1;
constexpr const char* kVersionKey = "yoke-backup";

// Later than any clock that is right, and within what the clock's type holds: nanoseconds.
constexpr std::uint64_t kSecondsMax = 9'000'000'000;  // the year 2255
static_assert(kSecondsMax <
              static_cast<std::uint64_t>(std::chrono::nanoseconds::max() / seconds(1)));

tl::unexpected<Error> not_a_backup(const std::string& why) {
  return fail(Errc::kInvalid, kNotABackup, "not a backup of this unit's kind: " + why);
}

// They are shown to people, and become a commit's note: nothing in them may be a terminal's.
constexpr std::size_t kTextMax = 100;
bool is_shown_as_it_is(const std::string& text) {
  return text.size() <= kTextMax &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_hexadecimal(const std::string& text) {
  return text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string label_line(const BackupLabel& label) {
  const auto made_at = std::chrono::floor<seconds>(label.made_at).time_since_epoch().count();
  return json{{kVersionKey, kBackupVersion}, {"unit", label.unit}, {"release", label.release},
              {"revision", label.revision},  {"made_at", made_at}, {"bytes", label.bytes},
              {"sha256", label.sha256}}
             .dump(-1, ' ', true, json::error_handler_t::replace) +
         "\n";
}

Result<BackupLabel> read_label(std::string_view line) {
  if (line.size() >= kLabelBytesMax) return not_a_backup("it does not begin with a label");
  const json label = json::parse(line, nullptr, false);
  if (!label.is_object() || !label.contains(kVersionKey)) {
    return not_a_backup("it does not begin with a label");
  }
  const json& version = label[kVersionKey];
  if (version.is_number_unsigned() && version > kBackupVersion) {
    return fail(Errc::kRefused, kNewerBackup,
                "the backup is of form " + version.dump() + ", and this release knows form " +
                    std::to_string(kBackupVersion) + ": restore it with the release that made it");
  }
  const auto has = [&](const char* key, json::value_t type) {
    const auto found = label.find(key);
    return found != label.end() && found->type() == type;
  };
  constexpr auto kText = json::value_t::string;
  constexpr auto kNumber = json::value_t::number_unsigned;
  if (version != kBackupVersion || !has("unit", kText) || !has("release", kText) ||
      !has("revision", kNumber) || !has("made_at", kNumber) || !has("bytes", kNumber) ||
      !has("sha256", kText)) {
    return not_a_backup("its label lacks what a label must say");
  }
  BackupLabel read{.unit = label["unit"],
                   .release = label["release"],
                   .revision = label["revision"],
                   .made_at = {},
                   .bytes = label["bytes"],
                   .sha256 = label["sha256"]};
  if (!is_shown_as_it_is(read.unit) || !is_shown_as_it_is(read.release)) {
    return not_a_backup("its label names a unit or release that none has");
  }
  const auto made_at = label["made_at"].get<std::uint64_t>();
  if (made_at > kSecondsMax || read.sha256.size() != 64 || !is_hexadecimal(read.sha256)) {
    return not_a_backup("its label makes no sense");
  }
  read.made_at = system_clock::time_point(seconds(made_at));
  return read;
}

}  // namespace yoke::store
