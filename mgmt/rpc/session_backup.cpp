// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "hal/base/base64.h"
#include "hal/base/file_descriptor.h"
#include "mgmt/model/place.h"
#include "mgmt/model/unit_part.h"
#include "mgmt/model/words.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/message.h"
#include "mgmt/rpc/parameters.h"
#include "mgmt/rpc/session.h"

namespace yoke::rpc {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

std::string_view word(backup::Stage stage) {
  switch (stage) {
    case backup::Stage::kMaking:
      return "making";
    case backup::Stage::kSending:
      return "sending";
    case backup::Stage::kFailed:
      return "failed";
    case backup::Stage::kDone:
      break;
  }
  return "done";
}

Status read_file(const std::string& path, store::BackupReader& reader) {
  const auto unreadable = [&] {
    return fail(Errc::kFailed, "E-405",
                fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  };
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return unreadable();
  std::string piece(std::size_t{1} << 20, '\0');
  for (;;) {
    const ssize_t n = ::read(fd.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable();
    if (n == 0) return {};
    auto taken = reader.take(std::string_view(piece).substr(0, static_cast<std::size_t>(n)));
    if (!taken) return taken;
  }
}

std::string note_of(const store::Restorable& found) {
  if (!found.label) return fmt::format("restored from a database at revision {}", found.revision);
  return fmt::format("restored from {}, revision {}, {:%Y-%m-%d %H:%M:%S} UTC", found.label->unit,
                     found.revision, fmt::gmtime(system_clock::to_time_t(found.label->made_at)));
}

}  // namespace

// A backup holds every secret: where it goes is an admin's to say, here as in the configuration.
Status Session::may_send_to(const std::string& to) const {
  if (to.empty() || role() == Role::kAdmin) return {};
  const auto place = model::Place::parse(to);
  if (!place) return tl::unexpected(place.error());
  const auto committed = model::Place::parse(running().value(model::only("backup"), "to"));
  if (committed && *committed == *place) return {};
  return fail(Errc::kDenied, kNotPermitted,
              "only an admin has a backup sent elsewhere than the committed backup to");
}

Session::Outcome Session::backup(const Json& params) {
  const auto to = text_in(params, "to");
  if (!to) return tl::unexpected(to.error());
  if (auto may = may_send_to(*to); !may) return tl::unexpected(may.error());
  const auto id = unit_.backups.start(*to);
  if (!id) return tl::unexpected(id.error());
  return Json{{"id", *id}};
}

Session::Outcome Session::backup_state(const Json&) {
  const backup::Job& job = unit_.backups.asked();
  if (job.id == 0) return Json{{"id", nullptr}};
  Json state{{"id", job.id},    {"state", word(job.stage)}, {"file", job.name},
             {"to", job.to},    {"revision", job.revision}, {"bytes", job.bytes},
             {"error", nullptr}};
  state["path"] = job.name.empty() ? Json() : Json(unit_.backups.path_of(job.name));
  if (job.error) state["error"] = {{"id", job.error->id}, {"message", job.error->text}};
  return state;
}

Session::Outcome Session::restore(const Json& params) {
  if (auto open = may_edit(); !open) return tl::unexpected(open.error());
  if (params.contains("file")) {
    const auto name = text_in(params, "file");
    return name ? restore_kept(*name) : Outcome(tl::unexpect, name.error());
  }
  const auto text = text_in(params, "bytes", kLineBytesMax);
  if (!text) return tl::unexpected(text.error());
  const auto bytes = from_base64(*text);
  if (!bytes) return bad_parameters("bytes is not base64");
  const auto first = flag_in(params, "first");
  const auto last = flag_in(params, "last");
  if (!first || !last) return tl::unexpected(first ? last.error() : first.error());
  if (*first) {
    restoring_.reset();  // its folder goes with it
    restoring_ = make_reader();
  }
  if (!restoring_) return bad_parameters("nothing is being restored: begin with first");
  if (auto taken = restoring_->take(*bytes); !taken) {
    restoring_.reset();
    return tl::unexpected(taken.error());
  }
  return *last ? restored(std::exchange(restoring_, nullptr)) : Outcome(Json::object());
}

std::unique_ptr<store::BackupReader> Session::make_reader() {
  return std::make_unique<store::BackupReader>(
      fmt::format("{}-{}", unit_.scratch, ++unit_.restored));
}

// One of those that `show backup` lists; what it holds is for admins.
Session::Outcome Session::restore_kept(const std::string& name) {
  if (role() < Role::kAdmin) {
    return fail(Errc::kDenied, kNotPermitted, "only an admin restores what the unit keeps");
  }
  const auto kept = unit_.backups.kept();
  if (std::ranges::find(kept, name, &backup::Kept::name) == kept.end()) {
    return fail(Errc::kNotFound, kNotThere,
                fmt::format("there is no backup {}: see show backup", model::shown(name)));
  }
  auto reader = make_reader();
  if (auto read = read_file(unit_.backups.path_of(name), *reader); !read) {
    return tl::unexpected(read.error());
  }
  return restored(std::move(reader));
}

// It is a candidate like any other: looked at, committed or discarded.
Session::Outcome Session::restored(std::unique_ptr<store::BackupReader> reader) {
  auto found = reader->finish();
  reader.reset();
  if (!found) return tl::unexpected(found.error());
  if (!found->has_unit_part) model::keep_own(found->config, running());
  Json answer{{"revision", found->revision}, {"unit", nullptr}, {"made_at", nullptr}};
  if (found->label) {
    answer["unit"] = found->label->unit;
    answer["made_at"] =
        std::chrono::floor<seconds>(found->label->made_at).time_since_epoch().count();
  }
  auto note = note_of(*found);
  unit_.record(
      {events::Kind::kRestored,
       fmt::format("{}: the candidate of {}", note, peer_.user),
       {{"USER", peer_.user}, {"ORIGIN", from()}, {"REVISION", std::to_string(found->revision)}}});
  candidate_.emplace(Candidate{.base = running(),
                               .base_revision = unit_.committer.running().revision,
                               .config = std::move(found->config),
                               .is_whole = true,
                               .note = std::move(note)});
  return answer;
}

}  // namespace yoke::rpc
