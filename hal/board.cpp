// SPDX-License-Identifier: Apache-2.0
#include "hal/board.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "hal/board_lines.h"
#include "hal/board_sections.h"
#include "hal/board_value.h"
#include "hal/errors.h"

namespace yoke::hal {
namespace {

constexpr std::string_view kPortPrefix = "port.";
constexpr std::string_view kSections =
    "[unit], [dataplane], [boot], [port.NAME], [hardware], [interface.NAME], [sensor.NAME], "
    "[watchdog], [led] or [bypass.NAME]";

constexpr std::size_t kUnitNameMax = 63;  // of a host
constexpr std::size_t kFileBytesMax = 1 << 20;

Problem read_name(const std::string& text, std::string& to) {
  if (!is_name(text, kUnitNameMax)) {
    return fmt::format("expected 1 to {} letters, digits, '-', '_' and '.'", kUnitNameMax);
  }
  to = text;
  return std::nullopt;
}

// Words of the kernel's command line: printable, without quotes, which would hide a space.
Problem read_kernel_words(const std::string& text, std::string& to) {
  for (const char c : text) {
    if (c < ' ' || c > '~' || c == '"' || c == '\'')
      return "expected printable words without quotes";
  }
  to = text;
  return std::nullopt;
}

// One of them, as a value of an option.
Problem read_kernel_word(const std::string& text, std::string& to) {
  if (text.find(' ') != std::string::npos) return "expected no space";
  return read_kernel_words(text, to);
}

class Reader {
 public:
  explicit Reader(std::string path) { board_.path = std::move(path); }

  void read(const BoardLine& line) {
    switch (line.kind) {
      case BoardLine::Kind::kSection:
        begin_section(line);
        break;
      case BoardLine::Kind::kEntry:
        read_entry(line);
        break;
      case BoardLine::Kind::kWrong:
        note(line.number, error::kBoardSyntax, line.problem);
        break;
    }
  }

  tl::expected<Board, std::vector<Error>> finish(const BoardJudge& judge) {
    if (board_.ports.empty() && !port_refused_) {
      note(0, error::kBoardMissing, "no port; expected at least one [port.NAME]");
    }
    for (const BoardPort& port : board_.ports) check(port);
    check_hardware(board_, [this](int line, std::string_view id, const std::string& text) {
      note(line, id, text);
    });
    // There is nothing to judge in a port without a device, which has been told.
    std::erase_if(board_.ports, [](const BoardPort& port) { return port.device.line == 0; });
    auto errors = in_order();
    if (judge) std::ranges::move(judge(board_), std::back_inserter(errors));
    if (!errors.empty()) return tl::unexpected(std::move(errors));
    return std::move(board_);
  }

 private:
  void note(int line, std::string_view id, const std::string& text) {
    errors_.emplace_back(line, board_error(board_.path, line, id, text));
  }

  // As a person goes through the file.
  std::vector<Error> in_order() {
    std::ranges::stable_sort(errors_, {}, [](const auto& error) { return error.first; });
    std::vector<Error> errors;
    for (auto& [line, error] : errors_) errors.push_back(std::move(error));
    return errors;
  }

  void begin_section(const BoardLine& line) {
    section_ = line.section;
    if (!sections_.insert(section_).second) {
      note(line.number, error::kBoardKey, fmt::format("section [{}] is there twice", section_));
    }
    if (section_.starts_with(kPortPrefix)) {
      begin_port(line);
    } else if (section_ == "boot") {
      board_.boot.line = line.number;
    } else if (hardware_readers(section_) != nullptr) {
      if (const Problem problem = begin_hardware(board_, line)) {
        note(line.number, error::kBoardValue, fmt::format("[{}]: {}", section_, *problem));
        section_.clear();
      }
    } else if (section_ != "unit" && section_ != "dataplane") {
      note(line.number, error::kBoardKey,
           fmt::format("there is no section [{}]; expected {}", section_, kSections));
      section_.clear();
    }
  }

  void begin_port(const BoardLine& line) {
    const std::string name = section_.substr(kPortPrefix.size());
    if (!is_name(name, kPortNameMax)) {
      note(line.number, error::kBoardValue,
           fmt::format("port name '{}': expected 1 to {} letters, digits, '-', '_' and '.'", name,
                       kPortNameMax));
      port_refused_ = true;
    } else if (board_.ports.size() == kPortsMax) {
      note(line.number, error::kBoardValue, fmt::format("more than {} ports", kPortsMax));
      port_refused_ = true;
    }
    BoardPort port;
    port.name = name;
    port.line = line.number;
    board_.ports.push_back(port);
  }

  void read_entry(const BoardLine& line) {
    if (section_.empty()) {
      // After a section that is none, its lines need no message of their own.
      if (sections_.empty()) {
        note(line.number, error::kBoardSyntax,
             fmt::format("'{}' before any section; expected {}", line.key, kSections));
      }
      return;
    }
    if (!keys_.insert(section_ + "\n" + line.key).second) {
      note(line.number, error::kBoardKey,
           fmt::format("[{}] {} is there twice", section_, line.key));
      return;
    }
    const BoardReaders& readers = readers_of(section_);
    const auto reader = readers.find(line.key);
    if (reader == readers.end()) {
      std::string expected;
      for (const auto& [key, unused] : readers) {
        expected += (expected.empty() ? "" : ", ") + std::string(key);
      }
      note(line.number, error::kBoardKey,
           fmt::format("[{}] has no key '{}'; expected one of {}", section_, line.key, expected));
      return;
    }
    if (const Problem problem = reader->second(board_, line)) {
      note(line.number, error::kBoardValue,
           fmt::format("{} = {}: {}", line.key, line.value, *problem));
    }
  }

  static const BoardReaders& readers_of(const std::string& section) {
    if (const BoardReaders* const hardware = hardware_readers(section)) return *hardware;
    if (section == "unit") return unit_readers();
    if (section == "boot") return boot_readers();
    return section == "dataplane" ? dataplane_readers() : port_readers();
  }

  static const BoardReaders& boot_readers() {
    static const BoardReaders kReaders{
        {"serial",
         [](Board& b, const BoardLine& l) { return read_kernel_word(l.value, b.boot.serial); }},
        {"huge_pages",
         [](Board& b, const BoardLine& l) {
           return read_number(l.value, 0u, 1u << 19, b.boot.huge_pages);
         }},
        {"isolate",
         [](Board& b, const BoardLine& l) { return read_kernel_word(l.value, b.boot.isolate); }},
        {"kernel",
         [](Board& b, const BoardLine& l) { return read_kernel_words(l.value, b.boot.kernel); }}};
    return kReaders;
  }

  static const BoardReaders& unit_readers() {
    static const BoardReaders kReaders{
        {"name", [](Board& b, const BoardLine& l) { return read_name(l.value, b.unit_name); }}};
    return kReaders;
  }

  static const BoardReaders& dataplane_readers() {
    static const BoardReaders kReaders{
        {"cores",
         [](Board& b, const BoardLine& l) {
           b.cores_line = l.number;
           return read_cores(l.value, b.cores);
         }},
        {"idle",
         [](Board& b, const BoardLine& l) {
           return read_word<BoardIdle>(
               l.value, {{"adaptive", BoardIdle::kAdaptive}, {"poll", BoardIdle::kPoll}}, b.idle);
         }},
        {"huge_pages",
         [](Board& b, const BoardLine& l) {
           return read_word<BoardHugePages>(l.value,
                                            {{"auto", BoardHugePages::kAuto},
                                             {"yes", BoardHugePages::kYes},
                                             {"no", BoardHugePages::kNo}},
                                            b.huge_pages);
         }},
        {"memory_mib",
         [](Board& b, const BoardLine& l) {
           return read_number(l.value, 64u, 1u << 20, b.memory_mib);
         }},
        {"flows", [](Board& b, const BoardLine& l) {
           return read_number<std::uint32_t>(l.value, 1024, 1u << 27, b.flows);
         }}};
    return kReaders;
  }

  static const BoardReaders& port_readers() {
    static const BoardReaders kReaders{
        {"device",
         [](Board& b, const BoardLine& l) {
           b.ports.back().device = {l.value, l.number};
           return l.value.empty() ? Problem("expected KIND:ARGUMENT") : Problem();
         }},
        {"address",
         [](Board& b, const BoardLine& l) {
           b.ports.back().addresses_line = l.number;
           return read_addresses(l.value, b.ports.back().addresses);
         }},
        {"gateway",
         [](Board& b, const BoardLine& l) {
           b.ports.back().gateways_line = l.number;
           return read_gateways(l.value, b.ports.back().gateways);
         }},
        {"label",
         [](Board& b, const BoardLine& l) -> Problem {
           b.ports.back().label = {l.value, l.number};
           return std::nullopt;
         }},
        {"mtu", [](Board& b, const BoardLine& l) {
           return read_number(l.value, kPortMtuMin, kPortMtuMax, b.ports.back().mtu);
         }}};
    return kReaders;
  }

  // What no single line can tell.
  void check(const BoardPort& port) {
    check_device(port);
    for (const net::Prefix& own : port.addresses) {
      const auto [other, is_new] = addresses_.emplace(own.address, port.name);
      if (is_new) continue;
      note(port.addresses_line, error::kBoardValue,
           fmt::format("address {} belongs to port {} already", own.address.to_string(),
                       other->second));
    }
    for (const net::IpAddress& gateway : port.gateways) check_gateway(port, gateway);
  }

  void check_device(const BoardPort& port) {
    if (port.device.line == 0) {
      note(port.line, error::kBoardMissing,
           fmt::format("[port.{}] has no device; expected `device = KIND:ARGUMENT`", port.name));
      return;
    }
    const auto [other, is_new] = devices_.emplace(port.device.value, port.name);
    if (is_new) return;
    note(port.device.line, error::kBoardValue,
         fmt::format("device {} belongs to port {} already", port.device.value, other->second));
  }

  void check_gateway(const BoardPort& port, const net::IpAddress& gateway) {
    if (std::ranges::find(port.addresses, gateway, &net::Prefix::address) != port.addresses.end()) {
      note(port.gateways_line, error::kBoardValue,
           fmt::format("gateway {} is the unit itself", gateway.to_string()));
    } else if (!gateway.is_link_local() &&
               std::ranges::none_of(port.addresses, [&gateway](const net::Prefix& own) {
                 return own.contains(gateway);
               })) {
      note(port.gateways_line, error::kBoardValue,
           fmt::format("gateway {} is in none of the port's networks; expected one that an "
                       "address of the port is in",
                       gateway.to_string()));
    }
  }

  Board board_;
  std::vector<std::pair<int, Error>> errors_;  // with their lines
  std::string section_;
  std::set<std::string> sections_, keys_;
  std::map<std::string, std::string> devices_;       // to the port that has it
  std::map<net::IpAddress, std::string> addresses_;  // likewise
  bool port_refused_ = false;
};

Result<std::vector<BoardLine>> read_file(const std::filesystem::path& path) {
  const auto unreadable = [&path](const std::string& why) {
    return tl::unexpected(
        board_error(path.string(), 0, error::kBoardFile,
                    fmt::format("cannot be read: {}; board/README.md describes it", why)));
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return unreadable("it is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(std::strerror(errno));
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return unreadable(std::strerror(errno));
  if (text.size() > kFileBytesMax) return unreadable("it is longer than 1 MiB");
  std::istringstream whole(std::move(text));
  return read_board_lines(whole);
}

}  // namespace

Error board_error(const std::string& path, int line, std::string_view id, const std::string& text) {
  const std::string place = line > 0 ? fmt::format("{}:{}", path, line) : path;
  return {Errc::kInvalid, std::string(id), place + ": " + text, -1};
}

tl::expected<Board, std::vector<Error>> read_board(const std::filesystem::path& path,
                                                   const BoardJudge& judge) {
  auto lines = read_file(path);
  if (!lines) return tl::unexpected(std::vector{lines.error()});
  Reader reader(path.string());
  for (const BoardLine& line : *lines) reader.read(line);
  return reader.finish(judge);
}

Result<std::string> read_unit_name(const std::filesystem::path& path) {
  const auto lines = read_file(path);
  if (!lines) return tl::unexpected(lines.error());
  std::string section, name;
  for (const BoardLine& line : *lines) {
    if (line.kind == BoardLine::Kind::kSection) section = line.section;
    if (line.kind != BoardLine::Kind::kEntry || section != "unit" || line.key != "name") continue;
    if (const Problem problem = read_name(line.value, name)) {
      return tl::unexpected(
          board_error(path.string(), line.number, error::kBoardValue,
                      fmt::format("{} = {}: {}", line.key, line.value, *problem)));
    }
    break;
  }
  return name;
}

}  // namespace yoke::hal
