// SPDX-License-Identifier: Apache-2.0
#include "cli/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace yoke::cli {
namespace {

using nlohmann::json;

// IPv4 endpoints take 21 columns, service addresses 25; longer ones get a line where they must.
constexpr std::array kVipColumns{
    Column{"NAME", "name", Format::kText, 11},
    Column{"ADDRESS", "address", Format::kText, 25},
    Column{"POOL", "pool", Format::kText, 10},
    Column{"STATE", "state", Format::kText, 8},
    Column{"SERVERS", "servers_up/servers", Format::kRatio, 9},
    Column{"FLOWS", "flows_open", Format::kCount, 7},
};
constexpr std::array kGroupColumns{
    Column{"NAME", "name", Format::kText, 32},
    Column{"STATE", "state", Format::kText, 8},
    Column{"VIPS", "vips_up/vips", Format::kRatio, 9},
    Column{"POOLS", "pools", Format::kText, 7},
};
constexpr std::array kPoolColumns{
    Column{"NAME", "name", Format::kText, 32},
    Column{"METHOD", "method", Format::kText, 6},
    Column{"SERVERS", "servers_up/servers", Format::kRatio, 9},
    Column{"VIPS", "vips", Format::kText, 7},
};
constexpr std::array kPoolServerColumns{
    Column{"SERVER", "server", Format::kText, 21},
    Column{"STATE", "state", Format::kText, 8},
    Column{"WEIGHT", "weight", Format::kCount, 6},
    Column{"FLOWS", "flows_open", Format::kCount, 7},
    Column{"OPENED", "flows_created", Format::kCount, 7},
    Column{"SINCE", "since_s", Format::kAge, 6},
    Column{"CHECK", "check", Format::kText, 12},
};
constexpr std::array kServerColumns{
    Column{"SERVER", "server", Format::kText, 21},    Column{"POOL", "pool", Format::kText, 10},
    Column{"STATE", "state", Format::kText, 8},       Column{"WEIGHT", "weight", Format::kCount, 6},
    Column{"FLOWS", "flows_open", Format::kCount, 7}, Column{"SINCE", "since_s", Format::kAge, 6},
    Column{"CHECK", "check", Format::kText, 10},
};
constexpr std::array kCheckColumns{
    Column{"SERVER", "server", Format::kText, 21}, Column{"POOL", "pool", Format::kText, 10},
    Column{"CHECK", "check", Format::kText, 5},    Column{"STATE", "state", Format::kText, 8},
    Column{"SINCE", "since_s", Format::kAge, 6},   Column{"FAILED", "failures", Format::kCount, 7},
    Column{"LAST", "last", Format::kText, 11},
};
constexpr std::array kTrafficColumns{
    Column{"VIP", "name", Format::kText, 11},
    Column{"FLOWS", "flows_open", Format::kCount, 7},
    Column{"OPENED", "flows_created", Format::kCount, 7},
    Column{"PACKETS IN", "packets_in", Format::kCount, 10},
    Column{"OUT", "packets_out", Format::kCount, 7},
    Column{"BYTES IN", "bytes_in", Format::kCount, 8},
    Column{"OUT", "bytes_out", Format::kCount, 7},
    Column{"REFUSED", "refused", Format::kSum, 7},
};
constexpr std::array kConnectionColumns{
    Column{"SERVER", "server", Format::kText, 21},
    Column{"POOL", "pool", Format::kText, 10},
    Column{"ANSWERED", "answered", Format::kCount, 8},
    Column{"REFUSED", "refused", Format::kCount, 7},
    Column{"UNANSWERED", "unanswered", Format::kCount, 10},
    Column{"RESET", "reset", Format::kCount, 7},
};
constexpr std::array kInterfaceColumns{
    Column{"NAME", "name", Format::kText, 7},
    Column{"DRIVER", "driver", Format::kText, 12},
    Column{"MAC", "mac", Format::kText, 17},
    Column{"LINK", "link", Format::kText, 4},
    Column{"RX", "rx_packets", Format::kCount, 7},
    Column{"TX", "tx_packets", Format::kCount, 7},
    Column{"MISSED", "rx_missed", Format::kCount, 6},
    Column{"ERRORS", "rx_errors+tx_errors", Format::kSum, 6},
};
constexpr std::array kPortColumns{
    Column{"NAME", "name", Format::kText, 7},
    Column{"DEVICE", "device", Format::kText, 16},
    Column{"MTU", "mtu", Format::kText, 5},
    Column{"FROM", "from", Format::kText, 13},
    Column{"CONFIGURED", "configured", Format::kText, 16},
    Column{"STATE", "state", Format::kText, 11},
};
constexpr std::array kAddressColumns{
    Column{"INTERFACE", "interface", Format::kText, 15},
    Column{"STATE", "state", Format::kText, 7},
    Column{"MTU", "mtu", Format::kText, 5},
    Column{"ADDRESS", "address", Format::kText, 24},
    Column{"FROM", "from", Format::kText, 13},
};
constexpr std::array kRouteColumns{
    Column{"NETWORK", "prefix", Format::kText, 18},
    Column{"GATEWAY", "gateway", Format::kText, 12},
    Column{"INTERFACE", "interface", Format::kText, 9},
    Column{"METRIC", "metric", Format::kText, 6},
    Column{"STATE", "state", Format::kText, 7},
    Column{"FROM", "from", Format::kText, 13},
};
constexpr std::array kWorkerColumns{
    Column{"WORKER", "worker", Format::kText, 6},
    Column{"RX", "rx", Format::kCount, 7},
    Column{"TX", "tx", Format::kCount, 7},
    Column{"REPLIED", "replied", Format::kCount, 7},
    Column{"TO KERNEL", "punted", Format::kCount, 9},
    Column{"TO OTHERS", "handed_over", Format::kCount, 9},
    Column{"DROPPED", "drops", Format::kSum, 7},
};
constexpr std::array kHardwareColumns{
    Column{"PART", "part", Format::kText, 11},
    Column{"NAME", "name", Format::kText, 28, true},
    Column{"STATE", "state", Format::kText, 8},
    Column{"SAYS", "text", Format::kText, 20},
};
constexpr std::array kHaColumns{
    Column{"GROUP", "group", Format::kText, 12},
    Column{"VRID", "vrid", Format::kText, 4},
    Column{"THIS UNIT", "role", Format::kText, 12},
    Column{"PEER", "peer_role", Format::kText, 12},
    Column{"HEARD MS", "peer_heard_ms", Format::kCount, 8},
    Column{"EPOCH", "epoch", Format::kText, 8},
    Column{"TROUBLE", "trouble", Format::kText, 11},
};
constexpr std::array kHaFramesColumns{
    Column{"STREAM", "stream", Format::kText, 10},
    Column{"TAKEN", "taken", Format::kCount, 7},
    Column{"REFUSED", "refused", Format::kCount, 7},
    Column{"WHY", "why", Format::kText, 40},
};
constexpr std::array kHaLinkColumns{
    Column{"WAY", "way", Format::kText, 9},
    Column{"INTERFACE", "interface", Format::kText, 15},
    Column{"LINK", "link", Format::kText, 4},
    Column{"HEARD MS", "heard_ms", Format::kCount, 8},
    Column{"RECEIVED", "received", Format::kCount, 8},
    Column{"SENT", "sent", Format::kCount, 7},
    Column{"NOT SENT", "not_sent", Format::kCount, 8},
    Column{"REFUSED", "refused", Format::kCount, 7},
};
constexpr std::array kHaTrackColumns{
    Column{"TRACK", "track", Format::kText, 24, true},
    Column{"STATE", "state", Format::kText, 7},
    Column{"SINCE", "since_s", Format::kAge, 6},
    Column{"WEIGHT", "weight", Format::kCount, 6},
    Column{"GROUPS", "groups", Format::kText, 12, true},
    Column{"LAST", "last", Format::kText, 8},
};
constexpr std::array kHaHistoryColumns{
    Column{"WHEN", "when", Format::kText, 24},  Column{"GROUP", "group", Format::kText, 8, true},
    Column{"FROM", "from", Format::kText, 12},  Column{"TO", "to", Format::kText, 12},
    Column{"WHY", "reason", Format::kText, 15},
};
constexpr std::array kHaConfigColumns{
    Column{"WHERE", "unit", Format::kText, 9},  Column{"REV", "revision", Format::kText, 7},
    Column{"EPOCH", "epoch", Format::kText, 7}, Column{"WRITES", "writes", Format::kText, 6},
    Column{"HOLDS", "hash", Format::kText, 16}, Column{"STATE", "state", Format::kText, 14},
};
constexpr std::array kHaBranchesColumns{
    Column{"NAME", "name", Format::kText, 40},
    Column{"PUT ASIDE", "when", Format::kTime, 19},
    Column{"REV", "revision", Format::kText, 7},
    Column{"COMMON", "common", Format::kText, 7},
};
constexpr std::array kHaPairingColumns{
    Column{"STATE", "state", Format::kText, 12},
    Column{"UNIT", "unit", Format::kText, 4},
    Column{"OTHER UNIT", "other", Format::kText, 15},
    Column{"ADDRESS", "address", Format::kText, 20},
    Column{"CODE", "code", Format::kText, 6},
    Column{"LEFT S", "left_s", Format::kCount, 6},
};
constexpr std::array kHistoryColumns{
    Column{"REV", "revision", Format::kText, 7},
    Column{"WHEN", "when", Format::kTime, 19},
    Column{"USER", "user", Format::kText, 9, true},
    Column{"FROM", "from", Format::kText, 10, true},
    Column{"HOW", "how", Format::kText, 8, true},
    Column{"CHANGES", "changes", Format::kText, 11, true},
    Column{"NOTE", "note", Format::kText, 4},
};
constexpr std::array kBackupColumns{
    Column{"BACKUP", "file", Format::kText, 38}, Column{"WHEN", "when", Format::kTime, 19},
    Column{"BYTES", "bytes", Format::kCount, 7}, Column{"SENT", "sent", Format::kText, 5},
    Column{"ERROR", "error", Format::kText, 5},
};

constexpr std::array kViews{
    View{"vip", false, kVipColumns},
    View{"vip", true, kVipColumns},
    View{"group", false, kGroupColumns},
    View{"group", true, kGroupColumns},
    View{"pool", false, kPoolColumns},
    View{"pool", true, kPoolServerColumns},
    View{"server", false, kServerColumns},
    View{"server", true, kPoolServerColumns},
    View{"check", false, kCheckColumns},
    View{"check", true, kCheckColumns},
    View{"traffic", false, kTrafficColumns},
    View{"traffic", true, kTrafficColumns},
    View{"connection", false, kConnectionColumns},
    View{"connection", true, kConnectionColumns},
    View{"interface", false, kInterfaceColumns},
    View{"port", false, kPortColumns},
    View{"address", false, kAddressColumns},
    View{"route", false, kRouteColumns},
    View{"worker", false, kWorkerColumns},
    View{"history", false, kHistoryColumns},
    View{"hardware", false, kHardwareColumns},
    View{"ha", false, kHaColumns},
    View{"ha-frames", false, kHaFramesColumns},
    View{"ha-link", false, kHaLinkColumns},
    View{"ha-history", false, kHaHistoryColumns},
    View{"ha-config", false, kHaConfigColumns},
    View{"ha-branches", false, kHaBranchesColumns},
    View{"ha-pairing", false, kHaPairingColumns},
    View{"ha-track", false, kHaTrackColumns},
    View{"backup", false, kBackupColumns},
};

void add_table(std::span<const Column> columns, const json& rows, std::size_t width,
               Output& output) {
  std::vector<TableColumn> layout;
  for (const Column& column : columns) {
    const bool is_text = column.format == Format::kText || column.format == Format::kTime;
    layout.push_back(
        {column.title, column.width_max, is_text ? Align::kLeft : Align::kRight, column.cuts});
  }
  std::vector<std::vector<std::string>> cells;
  for (const json& row : rows) {
    auto& line = cells.emplace_back();
    for (const Column& column : columns) {
      line.push_back(cell_text(row, column.key, column.format));
    }
  }
  Table table = make_table(layout, cells, width);
  output.header.push_back(std::move(table.header));
  output.rows = std::move(table.rows);
}

// Counts by reason, of all rows together; which row it was is in the JSON.
void add_reasons(const json& rows, std::string_view key, std::string_view title, Output& output) {
  std::map<std::string, std::uint64_t> total;
  for (const json& row : rows) {
    const json reasons = row.is_object() ? row.value(key, json::object()) : json::object();
    if (!reasons.is_object()) continue;
    for (const auto& [reason, count] : reasons.items()) {
      if (count.is_number_unsigned() && count != 0) total[reason] += count.get<std::uint64_t>();
    }
  }
  std::vector<std::pair<std::string, std::string>> items;
  items.reserve(total.size());
  for (const auto& [reason, count] : total) items.emplace_back(reason, count_text(count));
  if (items.empty()) return;
  output.rows.emplace_back();
  output.rows.emplace_back(title);
  for (std::string& line : make_list(items)) output.rows.push_back(std::move(line));
}

// A row of several lines: `head`, and beside it all of `lines`.
std::string with_head(const std::string& head, const std::vector<std::string>& lines) {
  std::string text = head;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += '\n' + std::string(head.size(), ' ');
    text += lines[i];
  }
  return text;
}

// What is left of `width` beside `columns`.
std::size_t beside(std::size_t columns, std::size_t width) {
  return width == kAnyWidth ? kAnyWidth : width - columns;
}

// Sentences are read whole: they are wrapped, not cut, and what to type next stands by itself.
void add_events(const json& rows, std::string_view time, std::string_view name, std::size_t width,
                Output& output) {
  const std::size_t text_width = beside(30, width);
  for (const json& row : rows) {
    const bool cleared = cell_text(row, "state", Format::kText) == "cleared";
    const std::string level = cleared ? "cleared" : cell_text(row, "level", Format::kText);
    // Both are of their width, unless somebody answered who is no yoke-mgmt.
    const std::string head =
        fmt::format("{:<19}  {:<7}  ", wrapped(cell_text(row, time, Format::kTime), 19).front(),
                    wrapped(level, 7).front());
    std::string text = fmt::format("{}: {}", cell_text(row, name, Format::kText),
                                   cell_text(row, "text", Format::kText));
    std::string next = cell_text(row, "next", Format::kText);
    const bool has_next = name == "alarm" && !cleared && next != "-";
    next = has_next ? fmt::format("-> {}", next) : std::string();
    if (width == kAnyWidth && !next.empty()) text.append(" ").append(std::exchange(next, ""));
    auto lines = wrapped(text, text_width);
    if (!next.empty()) {
      for (std::string& line : wrapped(next, text_width)) lines.push_back(std::move(line));
    }
    output.rows.push_back(with_head(head, lines));
  }
}

// An ALARM line each for the first few that stand.
void add_alarm_items(const json& row, std::size_t width,
                     std::vector<std::pair<std::string, std::string>>& items) {
  const std::size_t text_width = beside(11, width);  // the longest name
  const json alarms = row.value("alarms", json::array());
  if (!alarms.is_array()) return;
  for (const json& alarm : alarms) {
    const std::string when = cell_text(alarm, "raised", Format::kTime);
    std::string text = fmt::format("{} {}", when.substr(std::min(when.size(), std::size_t{11})),
                                   cell_text(alarm, "text", Format::kText));
    const std::string next = cell_text(alarm, "next", Format::kText);
    if (next != "-") text += " -> " + next;
    std::string name = "ALARM";
    for (std::string& line : wrapped(text, text_width)) {
      items.emplace_back(std::exchange(name, ""), std::move(line));
    }
  }
  const json standing = row.value("alarms_standing", json());
  if (!standing.is_number_integer()) return;
  const auto shown = static_cast<std::int64_t>(alarms.size());
  if (const auto all = standing.get<std::int64_t>(); all > shown) {
    items.emplace_back("", fmt::format("and {} more -> show alarm", all - shown));
  }
}

std::string of_total(const json& row, std::string_view part, std::string_view whole) {
  return fmt::format("{} of {}", cell_text(row, part, Format::kCount),
                     cell_text(row, whole, Format::kCount));
}

void add_status(const json& row, std::size_t width, Output& output) {
  const auto cell = [&](std::string_view key, Format format = Format::kText) {
    return cell_text(row, key, format);
  };
  std::string plane = cell("dataplane");
  if (row.contains("packets_per_s"))
    plane += ", " + cell("packets_per_s", Format::kCount) + " packets/s";
  std::string servers = of_total(row, "servers_up", "servers") + " up";
  if (cell("servers_down", Format::kCount) != "0") {
    servers += ", " + cell("servers_down", Format::kCount) + " down";
  }
  std::vector<std::pair<std::string, std::string>> items{
      {"UNIT", cell("unit") + ", up " + cell("uptime_s", Format::kAge)},
      {"CONFIG", "revision " + cell("revision")},
      {"DATAPLANE", plane},
      {"VIPS", of_total(row, "vips_up", "vips") + " up"},
      {"SERVERS", servers},
      {"FLOWS", of_total(row, "flows_open", "flows_capacity")},
  };
  add_alarm_items(row, width, items);
  if (const auto waits = row.find("unconfirmed"); waits != row.end() && !waits->is_null()) {
    items.emplace_back("NOTE", fmt::format("revision {} goes back to {} in {} -> confirm | reject",
                                           cell("unconfirmed"), cell("back_to"),
                                           cell("confirm_within_s", Format::kAge)));
  }
  if (const auto at = row.find("scheduled"); at != row.end() && !at->is_null()) {
    items.emplace_back("NOTE", fmt::format("a commit by {} is made at {} -> cancel",
                                           cell("scheduled_by"), cell("scheduled", Format::kTime)));
  }
  for (const auto& [key, title] : {std::pair{"store_error", "STORE"}, {"clock_error", "CLOCK"}}) {
    const auto error = row.find(key);
    if (error == row.end() || !error->is_string()) continue;
    const auto text = error->get<std::string>();
    const auto way = text.find("; ");  // what is wrong; what to do
    items.emplace_back(title, text.substr(0, way));
    if (way != std::string::npos) items.emplace_back("", text.substr(way + 2));
  }
  output.rows = make_list(items, width);
}

// Every setting whole: what is long goes on in lines of its own.
void add_system(const json& row, std::size_t width, Output& output) {
  const std::size_t text_width = beside(15, width);  // the longest name
  constexpr std::array kTitles{std::pair{"unit", "UNIT"},
                               std::pair{"time_zone", "TIME ZONE"},
                               std::pair{"ntp_servers", "NTP SERVERS"},
                               std::pair{"dns_servers", "DNS SERVERS"},
                               std::pair{"dns_search", "DNS SEARCH"},
                               std::pair{"banner", "BANNER"}};
  std::vector<std::pair<std::string, std::string>> items;
  for (const auto& [key, title] : kTitles) {
    std::string name = title;
    std::string text = cell_text(row, key, Format::kText);
    if (key == std::string_view("time_zone") && !row.value("time_zone_known", true)) {
      text += " is not in force: this unit does not know it";
    }
    for (std::string& line : wrapped(text, text_width)) {
      items.emplace_back(std::exchange(name, ""), std::move(line));
    }
  }
  output.rows = make_list(items, width);
}

// Of an object without a view of its own: every value by its key.
void add_values(const json& rows, std::size_t width, Output& output) {
  for (const json& row : rows) {
    std::vector<std::pair<std::string, std::string>> items;
    if (row.is_object()) {
      for (const auto& [key, value] : row.items()) {
        items.emplace_back(key, cell_text(row, key, Format::kText));
      }
    }
    if (!output.rows.empty()) output.rows.emplace_back();
    for (std::string& line : make_list(items, width)) output.rows.push_back(std::move(line));
  }
}

}  // namespace

std::span<const View> views() noexcept { return kViews; }

Output show_output(std::string_view object, bool of_one, json answer, std::size_t width) {
  Output output;
  const json rows = answer.is_object() ? answer.value("rows", json::array()) : json::array();
  output.json = std::move(answer);
  if (!rows.is_array() || rows.empty()) {
    output.talk.push_back(fmt::format("There is no {} to show.", object));
    return output;
  }
  const auto* const view = std::ranges::find_if(kViews, [&](const View& candidate) {
    return candidate.object == object && candidate.of_one == of_one;
  });
  if (object == "status" && rows.front().is_object()) {
    add_status(rows.front(), width, output);
  } else if (object == "system" && rows.front().is_object()) {
    add_system(rows.front(), width, output);
  } else if (object == "alarm") {
    add_events(rows, "raised", "alarm", width, output);
  } else if (object == "log") {
    add_events(rows, "when", "event", width, output);
  } else if (view != kViews.end()) {
    add_table(view->columns, rows, width, output);
  } else {
    add_values(rows, width, output);
  }
  if (object == "worker") add_reasons(rows, "drops", "DROPPED FOR", output);
  if (object == "traffic") add_reasons(rows, "refused", "REFUSED FOR", output);
  return output;
}

}  // namespace yoke::cli
