// SPDX-License-Identifier: Apache-2.0
#include "cli/apply.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ostream>
#include <sstream>

#include "cli/caret.h"
#include "cli/complaint.h"
#include "cli/impact.h"
#include "hal/base/file_descriptor.h"
#include "mgmt/model/diff.h"
#include "mgmt/model/json.h"
#include "mgmt/model/secrets.h"

namespace yoke::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kBlanks = " \t\r\n";

Result<std::string> content_of(const std::string& file) {
  const FileDescriptor opened(file == "-" ? -1 : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const int fd = file == "-" ? STDIN_FILENO : opened.get();
  std::string text;
  std::array<char, 65536> part{};
  ssize_t count = fd;
  while (count >= 0 && text.size() <= rpc::kLineBytesMax) {
    count = ::read(fd, part.data(), part.size());
    if (count == 0) return text;
    if (count > 0) text.append(part.data(), static_cast<std::size_t>(count));
    if (count < 0 && errno == EINTR) count = 0;
  }
  if (count >= 0) {
    return fail(Errc::kFailed, "E-405",
                fmt::format("{} is longer than {} bytes", file, rpc::kLineBytesMax));
  }
  const int error = errno;
  const Errc kind = error == EACCES   ? Errc::kDenied
                    : error == ENOENT ? Errc::kNotFound
                                      : Errc::kFailed;
  return fail(kind, "E-405", fmt::format("{} cannot be read: {}", file, std::strerror(error)));
}

// A copy that failed on its way here, or lines that take back what they set, must not take every
// VIP with them.
tl::unexpected<FileError> nothing_in_file() {
  return tl::unexpected(
      FileError{{Errc::kRefused, "E-406",
                 "holds no configuration; to remove everything, apply {\"schema\":\"yoke/1\"}", -1},
                0,
                {}});
}

tl::expected<model::Config, FileError> read_document(std::string_view text) {
  auto document = model::parse_json(text);
  if (!document) return tl::unexpected(FileError{document.error(), 0, {}});
  auto config = model::config_from_json(*document);
  if (!config) return tl::unexpected(FileError{config.error(), 0, {}});
  const bool says_so = *document == json{{"schema", model::kSchemaName}};
  if (config->records().empty() && !says_so) return nothing_in_file();
  return std::move(*config);
}

Status add_line(const std::string& line, model::Config& config) {
  const auto edits = model::parse_command(line);
  if (!edits) return tl::unexpected(edits.error());
  for (const model::Operation& edit : *edits) {
    if (auto done = model::edit(config, edit); !done) return done;
  }
  return {};
}

// The steps at yoke-mgmt, each with its own way of saying what came of it. Owned by one call.
class Applier {
 public:
  Applier(const ApplyOptions& options, Connection& connection, Style style, std::ostream& data,
          std::ostream& talk)
      : options_(options), connection_(connection), style_(style), data_(data), talk_(talk) {}

  int run(const model::Config& config) {
    kept_ = model::hidden_secrets(config);
    const auto loaded = connection_.call("load", {{"document", model::to_json(config)}});
    if (!loaded) return refused(loaded.error());
    // From here on a connection that is lost takes the candidate with it, which must not look like
    // a commit that found no change.
    connection_.set_edits(true);
    const auto checked = connection_.call("check", json::object());
    if (!checked) return refused(checked.error());
    const auto violations = model::violations_from_json(part_of(*checked, "violations"));
    if (!violations) return refused(violations.error());
    if (!violations->empty()) return invalid(*violations);
    const auto compared = connection_.call("diff", json::object());
    if (!compared) return refused(compared.error());
    const auto changes = model::changes_from_json(part_of(*compared, "changes"));
    if (!changes) return refused(changes.error());
    const json impact = part_of(*compared, "impact");
    if (options_.dry_run) return tell_changes(*changes, impact);
    if (!style_.json) write(*changes, impact);
    return commit();
  }

 private:
  int refused(const Error& error) {
    return complain(error, violation_lines_of(connection_.error_data()));
  }

  int complain(const Error& error, std::vector<std::string> more) {
    if (style_.json) {
      talk_ << json_line({.error = error, .more = std::move(more)}) << '\n';
    } else {
      for (const std::string& line : more) talk_ << line << '\n';
      talk_ << sentence(error) << '\n';
    }
    return exit_code(error.kind);
  }

  int invalid(const std::vector<model::Violation>& violations) {
    return complain({Errc::kFailed, "E-450",
                     fmt::format("{} is not applied: {} {}", options_.file, violations.size(),
                                 violations.size() == 1 ? "error" : "errors"),
                     -1},
                    violation_lines(violations));
  }

  void write(const std::vector<model::Change>& changes, const json& impact) {
    data_ << model::to_text(changes);
    if (!changes.empty()) {
      for (const std::string& line : impact_lines(impact)) data_ << line << '\n';
    }
    data_.flush();
  }

  int tell_changes(const std::vector<model::Change>& changes, const json& impact) {
    if (style_.json) {
      print({{"schema", model::kSchemaName},
             {"changes", model::to_json(changes)},
             {"impact", impact}});
    } else {
      write(changes, impact);
    }
    talk_ << (changes.empty()
                  ? "Dry run: no change.\n"
                  : fmt::format("Dry run: {} not committed.\n", model::summary(changes)));
    return 0;
  }

  int commit() {
    json params = {{"note", options_.note}};
    if (options_.confirm_within) params["confirm_ms"] = options_.confirm_within->count();
    auto result = connection_.commit(params);
    if (!result) return refused(result.error());
    if (style_.json) {
      (*result)["schema"] = model::kSchemaName;
      print(*result);
    }
    talk_ << commit_sentence(*result) << '\n';
    if (kept_ > 0) {
      talk_ << fmt::format("{} that {} {} stayed as {} here.\n",
                           kept_ == 1 ? "1 password" : fmt::format("{} passwords", kept_),
                           kept_ == 1 ? "was" : "were", model::kHidden,
                           kept_ == 1 ? "it was" : "they were");
    }
    const bool made = part_of(*result, "changes") != 0;
    if (made && options_.confirm_within) {
      talk_ << confirm_sentence(*options_.confirm_within) << '\n';
    }
    return 0;
  }

  void print(const json& object) { data_ << object.dump(style_.pretty ? 2 : -1) << std::endl; }

  const ApplyOptions& options_;
  Connection& connection_;
  Style style_;
  std::ostream& data_;
  std::ostream& talk_;
  std::size_t kept_ = 0;  // secrets that the file does not tell
};

}  // namespace

tl::expected<model::Config, FileError> read_configuration(std::string_view text) {
  text = without_mark(text);
  const auto start = text.find_first_not_of(kBlanks);
  if (start != std::string_view::npos && text[start] == '{') return read_document(text);
  model::Config config;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const auto first = line.find_first_not_of(kBlanks);
    if (first == std::string::npos || line[first] == '#') continue;
    if (auto added = add_line(line, config); !added) {
      return tl::unexpected(FileError{added.error(), number, line});
    }
  }
  if (config.records().empty()) return nothing_in_file();
  return config;
}

int apply_file(const ApplyOptions& options, Connection& connection, Style style, std::ostream& data,
               std::ostream& talk) {
  const auto text = content_of(options.file);
  if (!text) {
    talk << (style.json ? json_line({.error = text.error()}) : sentence(text.error())) << '\n';
    return exit_code(text.error().kind);
  }
  const auto config = read_configuration(*text);
  if (config) return Applier(options, connection, style, data, talk).run(*config);
  const FileError& wrong = config.error();
  const std::string place =
      wrong.line == 0 ? options.file : fmt::format("{}, line {}", options.file, wrong.line);
  if (style.json) {
    talk << json_line({.error = wrong.error, .line = wrong.text, .place = place}) << '\n';
    return exit_code(wrong.error.kind);
  }
  talk << place << ":\n";
  for (const std::string& shown : caret_lines(wrong.text, wrong.error)) talk << shown << '\n';
  return exit_code(wrong.error.kind);
}

}  // namespace yoke::cli
