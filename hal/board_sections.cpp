// SPDX-License-Identifier: Apache-2.0
#include "hal/board_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string>

#include "hal/device.h"
#include "hal/errors.h"

namespace yoke::hal {
namespace {

constexpr std::size_t kTextMax = 128;
constexpr std::size_t kHardwareNameMax = 31;
constexpr std::size_t kSectionsMax = 128;  // of a kind

Problem read_text(const BoardLine& line, BoardText& to) {
  const bool is_good = !line.value.empty() && line.value.size() <= kTextMax &&
                       std::ranges::all_of(line.value, [](char c) { return c >= ' ' && c <= '~'; });
  if (!is_good) return fmt::format("expected 1 to {} printable letters", kTextMax);
  to = {line.value, line.number};
  return std::nullopt;
}

Problem read_limit(const std::string& text, std::optional<double>& to) {
  constexpr double kMost = 1e6;
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc() || stop != end || !(value >= -kMost && value <= kMost)) {
    return "expected a number such as 85 or 11.4";
  }
  to = value;
  return std::nullopt;
}

// What a unit of a pair loses by it: as the weight of what is tracked (mgmt/tracking).
Problem read_weight(const std::string& text, std::optional<unsigned>& to) {
  if (text == "none") {
    to = std::nullopt;
    return std::nullopt;
  }
  unsigned weight = 0;
  if (text != "all" && read_number(text, 1U, 254U, weight)) {
    return "expected none, all or a number from 1 to 254";
  }
  to = weight;
  return std::nullopt;
}

Problem read_slot(const BoardLine& line, BoardText& to) {
  to.line = line.number;  // there, though it may be wrong
  const auto device = Device::parse("pci:" + line.value);
  if (!device) return "expected a PCI address such as 0000:05:00.0";
  to = {device->argument, line.number};
  return std::nullopt;
}

std::optional<SensorKind> kind_of(std::string_view source) {
  using Kind = std::pair<std::string_view, SensorKind>;
  constexpr std::array kKinds{Kind{"temp", SensorKind::kTemperature}, Kind{"fan", SensorKind::kFan},
                              Kind{"in", SensorKind::kVoltage}, Kind{"power", SensorKind::kPower}};
  const auto slash = source.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const std::string_view input = source.substr(slash + 1);
  if (source.starts_with("power_supply/")) {
    return input.empty() ? std::nullopt : std::optional(SensorKind::kSupply);
  }
  for (const auto& [prefix, kind] : kKinds) {
    if (input.starts_with(prefix) && parse_decimal(input.substr(prefix.size()))) return kind;
  }
  return std::nullopt;
}

Problem read_source(const BoardLine& line, BoardSensor& to) {
  to.source.line = line.number;
  const auto kind = kind_of(line.value);
  if (!kind) {
    return "expected CHIP/tempN, CHIP/fanN, CHIP/inN, CHIP/powerN or power_supply/NAME";
  }
  to.kind = *kind;
  return read_text(line, to.source);
}

Problem read_file(const BoardLine& line, BoardRelay& to) {
  to.file.line = line.number;
  const bool is_good =
      line.value.starts_with("/sys/") && line.value.find("/../") == std::string::npos;
  if (!is_good) return "expected a file below /sys";
  to.relay.file = line.value;
  return read_text(line, to.file);
}

const BoardReaders& hardware_readers() {
  static const BoardReaders kReaders{
      {"vendor", [](Board& b, const BoardLine& l) { return read_text(l, b.hardware.vendor); }},
      {"model", [](Board& b, const BoardLine& l) { return read_text(l, b.hardware.model); }}};
  return kReaders;
}

const BoardReaders& watchdog_readers() {
  static const BoardReaders kReaders{
      {"identity", [](Board& b, const BoardLine& l) { return read_text(l, b.hardware.watchdog); }},
      {"pretimeout", [](Board& b, const BoardLine& l) -> Problem {
         unsigned seconds = 0;
         if (auto problem = read_number(l.value, 0U, 8U, seconds)) return problem;
         b.hardware.pretimeout = std::chrono::seconds(seconds);
         return std::nullopt;
       }}};
  return kReaders;
}

const BoardReaders& led_readers() {
  static const BoardReaders kReaders{
      {"role", [](Board& b, const BoardLine& l) { return read_text(l, b.hardware.role_led); }},
      {"alarm", [](Board& b, const BoardLine& l) { return read_text(l, b.hardware.alarm_led); }},
      {"locate", [](Board& b, const BoardLine& l) { return read_text(l, b.hardware.locate_led); }}};
  return kReaders;
}

const BoardReaders& interface_readers() {
  static const BoardReaders kReaders{
      {"slot", [](Board& b,
                  const BoardLine& l) { return read_slot(l, b.hardware.interfaces.back().slot); }},
      {"label", [](Board& b, const BoardLine& l) {
         return read_text(l, b.hardware.interfaces.back().label);
       }}};
  return kReaders;
}

const BoardReaders& sensor_readers() {
  static const BoardReaders kReaders{
      {"source",
       [](Board& b, const BoardLine& l) { return read_source(l, b.hardware.sensors.back()); }},
      {"low",
       [](Board& b, const BoardLine& l) {
         return read_limit(l.value, b.hardware.sensors.back().low);
       }},
      {"high",
       [](Board& b, const BoardLine& l) {
         return read_limit(l.value, b.hardware.sensors.back().high);
       }},
      {"critical",
       [](Board& b, const BoardLine& l) {
         return read_limit(l.value, b.hardware.sensors.back().critical);
       }},
      {"supply",
       [](Board& b, const BoardLine& l) {
         return read_word<bool>(l.value, {{"yes", true}, {"no", false}},
                                b.hardware.sensors.back().is_supply);
       }},
      {"weight", [](Board& b, const BoardLine& l) {
         return read_weight(l.value, b.hardware.sensors.back().weight);
       }}};
  return kReaders;
}

const BoardReaders& bypass_readers() {
  static const BoardReaders kReaders{
      {"ports",
       [](Board& b, const BoardLine& l) { return read_text(l, b.hardware.relays.back().ports); }},
      {"file", [](Board& b, const BoardLine& l) { return read_file(l, b.hardware.relays.back()); }},
      {"bypassed",
       [](Board& b, const BoardLine& l) -> Problem {
         b.hardware.relays.back().relay.bypassed = l.value;
         return std::nullopt;
       }},
      {"through", [](Board& b, const BoardLine& l) -> Problem {
         b.hardware.relays.back().relay.through = l.value;
         return std::nullopt;
       }}};
  return kReaders;
}

class Check {
 public:
  Check(const Board& board, const BoardNote& note) : board_(board), note_(note) {}

  void run() {
    for (const BoardPort& port : board_.ports) add_port(port);
    for (const BoardInterface& interface : board_.hardware.interfaces) check(interface);
    for (const BoardSensor& sensor : board_.hardware.sensors) check(sensor);
    for (const BoardRelay& relay : board_.hardware.relays) check(relay);
  }

 private:
  void add_port(const BoardPort& port) {
    ports_.insert(port.name);
    if (const auto device = Device::parse(port.device.value);
        device && device->kind == Device::Kind::kPci) {
      slots_.emplace(device->argument, port.name);
    }
  }

  void check(const BoardInterface& interface) {
    if (!ports_.insert(interface.name).second) {
      note_(interface.line, error::kBoardKey,
            fmt::format("[interface.{}]: a port is called so already", interface.name));
    }
    if (interface.slot.line == 0) {
      note_(interface.line, error::kBoardMissing,
            fmt::format("[interface.{}] has no slot; expected `slot = 0000:05:00.0`",
                        interface.name));
      return;
    }
    if (interface.slot.value.empty()) return;  // told
    const auto [at, is_new] = slots_.emplace(interface.slot.value, interface.name);
    if (!is_new) {
      note_(interface.slot.line, error::kBoardValue,
            fmt::format("slot {} belongs to port {} already", interface.slot.value, at->second));
    }
  }

  void check(const BoardSensor& sensor) {
    const auto tell = [&](std::string_view id, const std::string& text) {
      note_(sensor.line, id, fmt::format("[sensor.{}] {}", sensor.name, text));
    };
    if (sensor.source.line == 0) {
      tell(error::kBoardMissing, "has no source; expected `source = CHIP/temp1`");
      return;
    }
    const auto ordered = [](const auto& less, const auto& more) {
      return !less || !more || *less < *more;
    };
    if (!ordered(sensor.low, sensor.high) || !ordered(sensor.high, sensor.critical) ||
        !ordered(sensor.low, sensor.critical)) {
      tell(error::kBoardValue, "has limits out of order; expected low below high below critical");
    }
    const bool is_supply = sensor.is_supply || sensor.kind == SensorKind::kSupply;
    if (is_supply && (sensor.high || sensor.critical)) {
      tell(error::kBoardValue, "is a supply, of which `low` alone can be a limit");
    }
    if (sensor.is_supply && sensor.kind == SensorKind::kFan) {
      tell(error::kBoardValue, "is no supply: its source is a fan");
    }
  }

  void check(const BoardRelay& relay) {
    const auto tell = [&](int line, std::string_view id, const std::string& text) {
      note_(line, id, fmt::format("[bypass.{}] {}", relay.name, text));
    };
    if (relay.file.line == 0) tell(relay.line, error::kBoardMissing, "has no file");
    if (relay.relay.bypassed == relay.relay.through) {
      tell(relay.line, error::kBoardValue,
           "says the same where it is bypassed and where it is not");
    }
    const auto comma = relay.ports.value.find(',');
    const std::string one = relay.ports.value.substr(0, comma);
    const std::string other = comma == std::string::npos ? "" : relay.ports.value.substr(comma + 1);
    if (one == other || !ports_.contains(one) || !ports_.contains(other)) {
      tell(relay.ports.line == 0 ? relay.line : relay.ports.line, error::kBoardValue,
           "expected `ports = wan,lan`, two that are there");
    }
  }

  const Board& board_;
  const BoardNote& note_;
  std::set<std::string> ports_;
  std::map<std::string, std::string> slots_;  // to the port that is there
};

// Another of `list`, called `name`.
template <typename T>
Problem begin(std::vector<T>& list, const std::string& name, int line, std::size_t longest) {
  if (!is_name(name, longest)) {
    return fmt::format("'{}': expected 1 to {} letters, digits, '-', '_' and '.'", name, longest);
  }
  if (list.size() == kSectionsMax) return fmt::format("more than {} of its kind", kSectionsMax);
  T made;
  made.name = name;
  made.line = line;
  list.push_back(std::move(made));
  return std::nullopt;
}

}  // namespace

const BoardReaders* hardware_readers(std::string_view section) {
  if (section == "hardware") return &hardware_readers();
  if (section == "watchdog") return &watchdog_readers();
  if (section == "led") return &led_readers();
  if (section.starts_with("interface.")) return &interface_readers();
  if (section.starts_with("sensor.")) return &sensor_readers();
  return section.starts_with("bypass.") ? &bypass_readers() : nullptr;
}

Problem begin_hardware(Board& board, const BoardLine& line) {
  const auto dot = line.section.find('.');
  if (dot == std::string::npos) return std::nullopt;
  const std::string name = line.section.substr(dot + 1);
  auto& hardware = board.hardware;
  if (line.section.starts_with("interface.")) {
    return begin(hardware.interfaces, name, line.number, kPortNameMax);
  }
  if (line.section.starts_with("sensor.")) {
    return begin(hardware.sensors, name, line.number, kHardwareNameMax);
  }
  return begin(hardware.relays, name, line.number, kHardwareNameMax);
}

void check_hardware(const Board& board, const BoardNote& note) { Check(board, note).run(); }

}  // namespace yoke::hal
