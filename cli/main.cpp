// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string_view>

#include "cli/apply.h"
#include "cli/caret.h"
#include "cli/complaint.h"
#include "cli/completion.h"
#include "cli/line_editor.h"
#include "cli/options.h"
#include "cli/origin.h"
#include "cli/plain_output.h"
#include "cli/session.h"
#include "cli/shell.h"

namespace {

using namespace yoke::cli;

constexpr std::chrono::seconds kLate{3};  // nothing that a person waits for takes as long as a rule

std::string history_file() {
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? "" : std::string(home) + "/.yoke_history";
}

int tell(const yoke::Error& error, bool as_json = false) {
  std::cerr << (as_json ? json_line({.error = error}) : sentence(error)) << '\n';
  return exit_code(error.kind);
}

// Also where the options themselves are wrong.
bool wants_json(int argc, char** argv) {
  return std::find(argv + 1, argv + argc, std::string_view("--json")) != argv + argc;
}

// A full disk behind the output is no success.
int after_output(int code) {
  if (std::cout.flush() || code != 0) return code;
  return tell({yoke::Errc::kFailed, "", "the output cannot be written in full", -1});
}

std::string typed_from() {
  const char* ssh = std::getenv("SSH_CONNECTION");
  const char* terminal = ::ttyname(STDIN_FILENO);
  return yoke::cli::origin(ssh == nullptr ? "" : ssh, terminal == nullptr ? "" : terminal);
}

std::size_t output_width() { return ::isatty(STDOUT_FILENO) == 1 ? kWidth : kAnyWidth; }

int talk_to_person(Connection& connection, Style style) {
  if (auto greeted = connection.greet(); !greeted) return tell(greeted.error());
  if (!connection.banner().empty()) std::cout << connection.banner() << '\n';
  // Ctrl-C while a command runs must not take the session and its candidate with it.
  (void)std::signal(SIGINT, SIG_IGN);
  Session session(connection, Mode::kOper, output_width());
  Shell shell(session, style, std::cout, std::cerr);
  const auto keys = [&](std::string_view kind, const yoke::model::Path& parent) {
    return session.keys(kind, parent);
  };
  LineEditor editor(
      [&](std::string_view line) { return complete(line, session.mode(), keys, session.place()); },
      history_file());
  while (!session.ended()) {
    if (const std::string news = session.look_for_unconfirmed(); !news.empty()) {
      std::cout << news << '\n';
    }
    const std::string prompt = session.prompt();
    const auto line = editor.read(prompt);
    if (!line) {
      std::cout << '\n';
      break;
    }
    (void)shell.run_typed(*line, prompt.size());
  }
  shell.tell_of_lost_edits(connection);
  return 0;
}

int run_script(const Options& options, Connection& connection, Style style) {
  Session session(connection, Mode::kScript, output_width());
  Shell shell(session, style, std::cout, std::cerr);
  int code = 0;
  if (!options.words.empty()) {
    code = shell.run(line_of(options.words));
  } else if (!options.commands.empty()) {
    code = shell.run_all(options.commands);
  } else {
    code = shell.run_all(std::cin);
  }
  shell.tell_of_lost_edits(connection);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  (void)std::setlocale(LC_CTYPE, "");
  std::optional<PlainOutput> plain_out, plain_err;
  if (needs_plain_output(STDOUT_FILENO)) plain_out.emplace(std::cout);
  if (needs_plain_output(STDERR_FILENO)) plain_err.emplace(std::cerr);
  const auto options = read_options({argv + 1, argv + argc});
  if (!options) return tell(options.error(), wants_json(argc, argv));
  if (options->help) {
    std::cout << usage();
    return after_output(0);
  }
  if (options->version) {
    std::cout << "yoke " YOKE_VERSION "\n";
    return after_output(0);
  }
  const Style style{.json = options->json, .pretty = ::isatty(STDOUT_FILENO) == 1};
  Connection connection(socket_below(options->root), typed_from());
  if (::isatty(STDERR_FILENO) == 1) {
    connection.when_late(kLate, [] { std::cerr << "yoke-mgmt has not answered yet; waiting\n"; });
  }
  if (!options->words.empty() && options->words.front() == "apply") {
    ApplyOptions apply{
        .file = options->words[1], .note = options->note, .dry_run = options->dry_run};
    if (const auto time = confirm_time(options->confirm)) apply.confirm_within = *time;
    return after_output(apply_file(apply, connection, style, std::cout, std::cerr));
  }
  const bool is_script = !options->words.empty() || !options->commands.empty();
  if (!is_script && ::isatty(STDIN_FILENO) == 1) return talk_to_person(connection, style);
  return after_output(run_script(*options, connection, style));
}
