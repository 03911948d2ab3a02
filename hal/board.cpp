// SPDX-License-Identifier: Apache-2.0
#include "hal/board.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <string_view>

#include "hal/base/number.h"
#include "hal/board_lines.h"

namespace yoke::hal {
namespace {

constexpr std::size_t kPortsMax = 16;
constexpr std::size_t kNameMax = 15;  // of a kernel interface
constexpr std::string_view kPortPrefix = "port.";

// What a value is not, or nothing.
using Problem = std::optional<std::string>;

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = text.find(',');
    std::string part(text.substr(0, comma));
    part.erase(0, std::min(part.find_first_not_of(" \t"), part.size()));
    part.erase(part.find_last_not_of(" \t") + 1);
    parts.push_back(std::move(part));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

template <typename T>
Problem read_number(const std::string& text, std::uint64_t least, std::uint64_t most, T& to) {
  const auto number = parse_decimal(text);
  if (!number || *number < least || *number > most) {
    return fmt::format("expected a number from {} to {}", least, most);
  }
  to = static_cast<T>(*number);
  return std::nullopt;
}

template <typename T>
Problem read_word(const std::string& text,
                  std::initializer_list<std::pair<std::string_view, T>> words, T& to) {
  std::string expected;
  for (const auto& [word, value] : words) {
    if (text == word) {
      to = value;
      return std::nullopt;
    }
    expected += fmt::format("{}{}", expected.empty() ? "" : ", ", word);
  }
  return "expected one of " + expected;
}

bool is_name(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest && text != "." && text != ".." &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

Problem read_name(const std::string& text, Board& board) {
  if (!is_name(text, 63)) return "expected up to 63 letters, digits, '-', '_' and '.'";
  board.unit_name = text;
  return std::nullopt;
}

Problem read_cores(const std::string& text, Board& board) {
  constexpr std::uint64_t kCoreMax = 1023;
  if (text == "any") return std::nullopt;
  for (const std::string& part : list_of(text)) {
    unsigned core = 0;
    if (read_number(part, 0, kCoreMax, core)) {
      return "expected `any` or core numbers parted by commas";
    }
    if (std::ranges::find(board.cores, core) != board.cores.end()) {
      return fmt::format("core {} is given twice", core);
    }
    board.cores.push_back(core);
  }
  return std::nullopt;
}

Problem read_addresses(const std::string& text, BoardPort& port) {
  for (const std::string& part : list_of(text)) {
    const auto prefix = net::Prefix::parse(part);
    if (!prefix) return prefix.error().text;
    const auto& address = prefix->address;
    if (part.find('/') == std::string::npos) {
      return fmt::format("{} lacks the length of its network, as in {}/{}", part, part,
                         address.is_v4() ? 24 : 64);
    }
    if (address.is_unspecified() || address.is_multicast() || address.is_loopback()) {
      return part + " cannot be an address of a port";
    }
    port.addresses.push_back(*prefix);
  }
  return std::nullopt;
}

Problem read_gateways(const std::string& text, BoardPort& port) {
  for (const std::string& part : list_of(text)) {
    const auto address = net::IpAddress::parse(part);
    if (!address) return address.error().text;
    port.gateways.push_back(*address);
  }
  return std::nullopt;
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

  tl::expected<Board, std::vector<Error>> finish() {
    if (board_.ports.empty() && !port_refused_) {
      note(0, error::kBoardMissing, "no port; expected at least one [port.NAME]");
    }
    for (const BoardPort& port : board_.ports) check(port);
    if (!errors_.empty()) return tl::unexpected(std::move(errors_));
    return std::move(board_);
  }

 private:
  void note(int line, std::string_view id, const std::string& text) {
    errors_.push_back(board_error(board_.path, line, id, text));
  }

  void begin_section(const BoardLine& line) {
    section_ = line.section;
    if (!sections_.insert(section_).second) {
      note(line.number, error::kBoardKey, fmt::format("section [{}] is there twice", section_));
    }
    if (section_.starts_with(kPortPrefix)) {
      begin_port(line);
    } else if (section_ != "unit" && section_ != "dataplane") {
      note(line.number, error::kBoardKey,
           fmt::format("there is no section [{}]; expected [unit], [dataplane] or [port.NAME]",
                       section_));
      section_.clear();
    }
  }

  void begin_port(const BoardLine& line) {
    const std::string name = section_.substr(kPortPrefix.size());
    if (!is_name(name, kNameMax)) {
      note(line.number, error::kBoardValue,
           fmt::format("port name '{}': expected 1 to {} letters, digits, '-', '_' and '.'", name,
                       kNameMax));
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
             fmt::format("'{}' before any section; expected [unit], [dataplane] or [port.NAME]",
                         line.key));
      }
      return;
    }
    if (!keys_.insert(section_ + "\n" + line.key).second) {
      note(line.number, error::kBoardKey,
           fmt::format("[{}] {} is there twice", section_, line.key));
      return;
    }
    const Readers& readers = readers_of(section_);
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
    if (const Problem problem = reader->second(*this, line)) {
      note(line.number, error::kBoardValue,
           fmt::format("{} = {}: {}", line.key, line.value, *problem));
    }
  }

  using Read = Problem (*)(Reader&, const BoardLine&);
  using Readers = std::map<std::string_view, Read>;

  static const Readers& readers_of(const std::string& section) {
    static const Readers kUnit{
        {"name", [](Reader& r, const BoardLine& l) { return read_name(l.value, r.board_); }}};
    static const Readers kDataplane{
        {"cores",
         [](Reader& r, const BoardLine& l) {
           r.board_.cores_line = l.number;
           return read_cores(l.value, r.board_);
         }},
        {"idle",
         [](Reader& r, const BoardLine& l) {
           return read_word<BoardIdle>(
               l.value, {{"adaptive", BoardIdle::kAdaptive}, {"poll", BoardIdle::kPoll}},
               r.board_.idle);
         }},
        {"huge_pages",
         [](Reader& r, const BoardLine& l) {
           return read_word<BoardHugePages>(l.value,
                                            {{"auto", BoardHugePages::kAuto},
                                             {"yes", BoardHugePages::kYes},
                                             {"no", BoardHugePages::kNo}},
                                            r.board_.huge_pages);
         }},
        {"memory_mib",
         [](Reader& r, const BoardLine& l) {
           return read_number(l.value, 64, 1u << 20, r.board_.memory_mib);
         }},
        {"flows", [](Reader& r, const BoardLine& l) {
           return read_number(l.value, 1024, 1u << 27, r.board_.flows);
         }}};
    static const Readers kPort{{"device",
                                [](Reader& r, const BoardLine& l) {
                                  r.board_.ports.back().device = {l.value, l.number};
                                  return Problem();
                                }},
                               {"address",
                                [](Reader& r, const BoardLine& l) {
                                  return read_addresses(l.value, r.board_.ports.back());
                                }},
                               {"gateway",
                                [](Reader& r, const BoardLine& l) {
                                  return read_gateways(l.value, r.board_.ports.back());
                                }},
                               {"mtu", [](Reader& r, const BoardLine& l) {
                                  return read_number(l.value, 1280, 9216,
                                                     r.board_.ports.back().mtu);
                                }}};
    if (section == "unit") return kUnit;
    return section == "dataplane" ? kDataplane : kPort;
  }

  // What no single line can tell.
  void check(const BoardPort& port) {
    if (port.device.line == 0) {
      note(port.line, error::kBoardMissing,
           fmt::format("[port.{}] has no device; expected `device = KIND:ARGUMENT`", port.name));
    } else if (!devices_.emplace(port.device.value, port.name).second) {
      note(port.device.line, error::kBoardValue,
           fmt::format("device {} belongs to port {} already", port.device.value,
                       devices_.at(port.device.value)));
    }
    for (const net::IpAddress& gateway : port.gateways) {
      const bool is_near = std::ranges::any_of(
          port.addresses, [&](const net::Prefix& own) { return own.contains(gateway); });
      if (!is_near && !gateway.is_link_local()) {
        note(port.line, error::kBoardValue,
             fmt::format("[port.{}] gateway {} is in none of the port's networks", port.name,
                         gateway.to_string()));
      }
    }
  }

  Board board_;
  std::vector<Error> errors_;
  std::string section_;
  std::set<std::string> sections_, keys_;
  std::map<std::string, std::string> devices_;  // device -> port
  bool port_refused_ = false;
};

}  // namespace

Error board_error(const std::string& path, int line, std::string_view id, const std::string& text) {
  const std::string place = line > 0 ? fmt::format("{}:{}", path, line) : path;
  return {Errc::kInvalid, std::string(id), place + ": " + text, -1};
}

tl::expected<Board, std::vector<Error>> read_board(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) {
    return tl::unexpected(std::vector{board_error(
        path.string(), 0, error::kBoardFile,
        fmt::format("cannot be read: {}; board/README.md describes it", std::strerror(errno)))});
  }
  Reader reader(path.string());
  for (const BoardLine& line : read_board_lines(file)) reader.read(line);
  return reader.finish();
}

}  // namespace yoke::hal
