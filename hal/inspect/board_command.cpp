// SPDX-License-Identifier: Apache-2.0
#include "hal/inspect/board_command.h"

#include <fmt/format.h>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <thread>

#include "hal/errors.h"
#include "hal/inspect/board_check.h"
#include "hal/inspect/hardware_look.h"
#include "hal/linux/durable_file.h"
#include "hal/linux/linux_platform.h"
#include "hal/linux/machine_file.h"

namespace yoke::hal {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kSchema = "yoke-board/1";
constexpr std::string_view kUsage = "E-112";
constexpr std::chrono::seconds kReportEvery{5};
constexpr std::string_view kHelp =
    R"(yoke-board: what of a board file is true of this machine

  yoke-board check [BOARD]   line by line, what is as the file says and what differs. BOARD: a file,
                             or a name that `list` shows; default: /etc/yoke/board.conf
  yoke-board list            the boards that are installed
  yoke-board report          how the hardware stands, to run/yoke-hardware/report.json every 5 s and
                             until it is told to end: what `show hardware` shows. With --once, once

  --json         the same for programs
  --boards DIR   where boards are installed (/usr/share/yoke/board)
  --root DIR     the machine whose /sys, /proc and /etc are below it (/)
  --help, --version

Exit status of check: 0 all is so, 1 something differs, 2 the file cannot be used.
board/README.md says what a board file holds, and how to add a board.
)";

struct Command {
  std::string verb;
  std::string board;  // empty: /etc/yoke/board.conf
  bool once = false;
  fs::path root = "/", boards = "/usr/share/yoke/board";
  bool as_json = false;
};

class Refused {
 public:
  explicit Refused(std::ostream& err) : err_(err) {}
  int operator()(const std::string& why) const {
    err_ << "yoke-board: " << why << " [" << kUsage << "]; yoke-board --help says more\n";
    return kUnusable;
  }

 private:
  std::ostream& err_;
};

// What is wrong with the words; nothing: `command` has them.
std::optional<std::string> parse(const std::vector<std::string>& words, Command& command) {
  std::vector<std::string> plain;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--json" || word == "--once") {
      (word == "--json" ? command.as_json : command.once) = true;
    } else if (word == "--root" || word == "--boards") {
      if (i + 1 == words.size()) return word + ": expected a folder behind it";
      (word == "--root" ? command.root : command.boards) = words[++i];
    } else if (word.starts_with("-")) {
      return "there is no option " + word;
    } else {
      plain.push_back(word);
    }
  }
  if (plain.empty()) return "expected check, list or report";
  command.verb = plain[0];
  if (command.verb != "check" && command.verb != "list" && command.verb != "report") {
    return "there is no command '" + command.verb + "'; expected check, list or report";
  }
  if (plain.size() > (command.verb == "check" ? 2U : 1U)) return "there are too many words";
  if (plain.size() == 2) command.board = plain[1];
  return std::nullopt;
}

fs::path path_of(const Command& command) {
  if (command.board.empty()) return command.root / "etc/yoke/board.conf";
  const bool is_name = command.board.find('/') == std::string::npos;
  auto installed = command.boards / command.board / "board.conf";
  std::error_code none;
  if (is_name && !fs::exists(command.board, none) && fs::exists(installed, none)) return installed;
  return command.board;
}

// The first line of its comment, which says what it is.
std::string title_of(const fs::path& board) {
  const std::string text = read_value(board).value_or("");
  const std::string line = text.substr(0, text.find('\n'));
  const auto start = line.find_first_not_of("# ");
  return line.starts_with('#') && start != std::string::npos ? line.substr(start) : "";
}

int list_boards(const Command& command, std::ostream& out, const Refused& refuse) {
  json boards = json::array();
  for (const std::string& name : names_in(command.boards)) {
    const auto path = command.boards / name / "board.conf";
    std::error_code none;
    if (!fs::exists(path, none)) continue;
    boards.push_back({{"name", name}, {"path", path.string()}, {"title", title_of(path)}});
  }
  if (boards.empty()) return refuse("no boards in " + command.boards.string());
  if (command.as_json) {
    out << json{{"schema", kSchema}, {"boards", boards}}.dump(2, ' ', false,
                                                              json::error_handler_t::replace)
        << "\n";
    return kAllTrue;
  }
  for (const json& board : boards) {
    out << fmt::format("{:<22} {}\n", board["name"].get<std::string>(),
                       board["title"].get<std::string>());
  }
  return kAllTrue;
}

int tell_errors(const Command& command, const std::vector<Error>& errors, std::ostream& out,
                std::ostream& err) {
  json list = json::array();
  for (const Error& error : errors) {
    list.push_back({{"id", error.id}, {"text", error.text}});
    if (!command.as_json) err << error.text << " [" << error.id << "]\n";
  }
  if (command.as_json) {
    out << json{{"schema", kSchema}, {"errors", list}}.dump(2, ' ', false,
                                                            json::error_handler_t::replace)
        << "\n";
  }
  return kUnusable;
}

void tell_as_json(const Board& board, const std::vector<Finding>& findings, std::size_t differing,
                  std::ostream& out) {
  json list = json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"state", finding.differs() ? "differs" : "ok"},
                    {"line", finding.line},
                    {"what", finding.what},
                    {"expected", finding.expected},
                    {"found", finding.found}});
  }
  const json answer{{"schema", kSchema},
                    {"board", board.path},
                    {"differs", differing},
                    {"findings", std::move(list)}};
  out << answer.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
}

void tell(const Board& board, const std::vector<Finding>& findings, std::size_t differing,
          std::ostream& out) {
  for (const Finding& finding : findings) {
    out << fmt::format("{:<8}{}:{}: {}", finding.differs() ? "differs" : "ok", board.path,
                       finding.line, finding.what);
    if (finding.differs()) {
      out << fmt::format(": expected {}, found {}", finding.expected, finding.found);
    } else if (!finding.found.empty()) {
      out << fmt::format(" ({})", finding.found);
    }
    out << "\n";
  }
  out << fmt::format("{} of {} differ\n", differing, findings.size());
}

LinuxPlatform machine_of(const Command& command) {
  return {command.root, command.root == "/" ? kernel_calls() : recorded_calls(command.root)};
}

// The board file's LED, where it has one: lit while something is not ok.
void light_alarm(LinuxPlatform& machine, const Board* board, const HardwareReport& report) {
  if (board == nullptr || board->hardware.alarm_led.line == 0) return;
  const bool is_ok = std::ranges::all_of(
      report.items, [](const auto& item) { return item.state == HardwareState::kOk; });
  (void)machine.set_led(board->hardware.alarm_led.value, is_ok ? LedState::kOff : LedState::kOn);
}

// Until a signal ends it: what was written last is then old, and says so itself.
int report(const Command& command, std::ostream& err) {
  LinuxPlatform machine = machine_of(command);
  const auto path = command.root / "run/yoke-hardware/report.json";
  std::error_code told_when_written;
  fs::create_directories(path.parent_path(), told_when_written);
  const auto board = read_board(path_of(command));
  const Board* const known = board ? &*board : nullptr;
  HardwareReport before;
  for (;;) {
    timespec since_boot{};
    (void)::clock_gettime(CLOCK_BOOTTIME, &since_boot);
    before = look_at_hardware(machine, known, std::chrono::seconds(since_boot.tv_sec), before);
    light_alarm(machine, known, before);
    if (const auto kept = write_durably(path, to_text(before), 0644, error::kPlatform); !kept) {
      err << "yoke-board: " << kept.error().text << " [" << kept.error().id << "]\n";
      if (command.once) return kUnusable;
    }
    if (command.once) return kAllTrue;
    std::this_thread::sleep_for(kReportEvery);
  }
}

int check(const Command& command, std::ostream& out, std::ostream& err) {
  const auto board = read_board(path_of(command));
  if (!board) return tell_errors(command, board.error(), out, err);
  const LinuxPlatform machine = machine_of(command);
  const auto findings = check_board(*board, machine);
  const auto differing =
      static_cast<std::size_t>(std::ranges::count_if(findings, &Finding::differs));
  (command.as_json ? tell_as_json : tell)(*board, findings, differing, out);
  return differing == 0 ? kAllTrue : kDiffers;
}

}  // namespace

int run_board_command(const std::vector<std::string>& words, std::ostream& out, std::ostream& err) {
  const auto has = [&words](std::string_view word) {
    return std::ranges::find(words, word) != words.end();
  };
  if (has("--help")) {
    out << kHelp;
    return kAllTrue;
  }
  if (has("--version")) {
    out << "yoke-board " << YOKE_VERSION << "\n";
    return kAllTrue;
  }
  const Refused refuse(err);
  Command command;
  if (const auto wrong = parse(words, command)) return refuse(*wrong);
  if (command.verb == "report") return report(command, err);
  return command.verb == "list" ? list_boards(command, out, refuse) : check(command, out, err);
}

}  // namespace yoke::hal
