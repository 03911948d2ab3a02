// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "mgmt/metrics/metrics.h"
#include "tests/support/temp_folder.h"

namespace yoke::metrics {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// A row of each object as mgmt/rpc writes it (its own tests hold it to that).
json sample_rows(std::string_view object) {
  static const json kAll = json::parse(R"({
    "version": [{"version": "0.1.0", "schema": "yoke/1"}],
    "status": [{"unit": "lb-a", "uptime_s": 7, "dataplane": "running", "dataplane_uptime_s": 5,
                "revision": 3, "revision_running": 3, "unconfirmed": null, "alarms_standing": 2,
                "flows_open": 12, "flows_capacity": 4000}],
    "vip": [{"name": "web", "state": "up", "servers": 3, "servers_up": 2},
            {"name": "dns", "state": "down", "servers": 1, "servers_up": 0}],
    "traffic": [{"name": "web", "flows_open": 4, "flows_created": 9, "packets_in": 18446744073709551615,
                 "packets_out": 6, "bytes_in": 700, "bytes_out": 800,
                 "refused": {"denied": 3, "vip-rate": 0}}],
    "server": [{"pool": "web", "server": "192.0.2.11:80", "state": "up", "weight": 2,
                "flows_open": null, "flows_created": 4, "response_s": 0.014231},
               {"pool": "web", "server": "[2001:db8::1]:80", "state": "draining", "weight": 1,
                "flows_open": 1, "flows_created": 4, "response_s": null}],
    "check": [{"pool": "web", "server": "192.0.2.11:80", "check": "http", "state": "up",
               "failures": 3, "certificate_end": 1900000000}],
    "connection": [{"pool": "web", "server": "192.0.2.11:80", "answered": 1, "refused": 2,
                    "unanswered": 3, "reset": 4}],
    "interface": [{"name": "wan", "link": "up", "rx_packets": 1, "tx_packets": 2, "rx_bytes": 3,
                   "tx_bytes": 4, "rx_missed": 5, "rx_errors": 6, "tx_errors": 7}],
    "worker": [{"worker": 0, "rx": 1, "taken_over": 2, "tx": 3, "replied": 4, "punted": 5,
                "handed_over": 6, "drops": {"no-server": 7, "truncated": 8}}],
    "hardware": [{"part": "unit", "name": "SYS-E300-8D", "state": null},
                 {"part": "temperature", "name": "cpu", "state": "alarm", "celsius": 81.5},
                 {"part": "fan", "name": "fan1", "state": "ok", "rpm": 4200},
                 {"part": "voltage", "name": "p12v", "state": "ok", "volts": 12.1},
                 {"part": "power", "name": "in", "state": "ok", "watts": 38},
                 {"part": "supply", "name": "psu1", "state": "ok", "supply": "there"},
                 {"part": "link", "name": "mgmt", "state": "ok", "link": "up"},
                 {"part": "module", "name": "mgmt", "state": "ok", "module_celsius": 31.5},
                 {"part": "module-rx", "name": "mgmt", "state": "ok", "rx_watts": 0.0005},
                 {"part": "module-tx", "name": "mgmt", "state": "ok", "tx_watts": 0.0006},
                 {"part": "disk", "name": "mmcblk0", "state": "ok", "wear_ratio": 0.3},
                 {"part": "watchdog", "name": "watchdog0", "state": "ok", "reset": 0}],
    "ha": [{"group": "blue", "role": "ACTIVE", "epoch": 12, "lease_ms": 380, "holds": true,
            "health": 255, "ready": true, "eligible": true, "maintenance": false, "jeopardy": false,
            "peer_reachable": true, "peer_heard_ms": 7, "role_changes": 4,
            "takeovers": {"peer-silent": 1, "handed-over": 2}},
           {"group": "red", "role": "STANDBY", "epoch": 0, "lease_ms": 0, "holds": false,
            "health": 255, "ready": null, "eligible": true, "maintenance": true, "jeopardy": true,
            "peer_reachable": false, "peer_heard_ms": null, "role_changes": 1, "takeovers": {}}],
    "ha-link": [{"way": "dedicated", "interface": "ha0", "link": "up", "heard_ms": 7,
                 "received": 10, "sent": 11, "not_sent": 12},
                {"way": "data", "interface": "wan", "link": "down", "heard_ms": null,
                 "received": 0, "sent": 0, "not_sent": 3}],
    "ha-frames": [{"stream": "heartbeats", "taken": 9, "late_us": 1500,
                   "refused_by": {"bad-tag": 2, "replayed": 0}},
                  {"stream": "flows", "taken": 8, "refused_by": {"bad-tag": 0}, "told": true,
                   "whole": false, "lag_us": 250, "records_told": 70, "records_heard": 80}],
    "ha-config": [{"unit": "this unit", "revision": 5, "state": "alike", "received": 3, "sent": 4,
                   "refused": 1},
                  {"unit": "peer", "revision": 5, "state": "alike"}],
    "ha-pairing": [{"key_age_s": 86400, "rotation": "exchanged"}]
  })");
  return kAll.value(std::string(object), json());
}

std::string sample() { return exposition(sample_rows); }

TEST(Exposition, SaysOfEachMetricWhatItIsAndOfEachRowItsNumber) {
  const std::string text = sample();
  for (const char* line :
       {"# HELP yoke_vip_up Whether the VIP has a server that takes flows\n",
        "# TYPE yoke_vip_up gauge\nyoke_vip_up{vip=\"web\"} 1\nyoke_vip_up{vip=\"dns\"} 0\n",
        "# TYPE yoke_vip_packets_total counter\n",
        "yoke_vip_packets_total{direction=\"in\",vip=\"web\"} 18446744073709551615\n",
        "yoke_vip_packets_total{direction=\"out\",vip=\"web\"} 6\n",
        "yoke_vip_refused_total{reason=\"denied\",vip=\"web\"} 3\n",
        "yoke_vip_refused_total{reason=\"vip-rate\",vip=\"web\"} 0\n",
        "yoke_build_info{version=\"0.1.0\"} 1\n",
        "yoke_commit_unconfirmed 0\n",
        "gauge\nyoke_server_response_seconds{pool=\"web\",server=\"192.0.2.11:80\"} 0.014231\n#",
        "\nyoke_check_certificate_end_timestamp_seconds{pool=\"web\",server=\"192.0.2.11:80\",",
        "server=\"192.0.2.11:80\",check=\"http\"} 1900000000\n",
        "yoke_server_up{pool=\"web\",server=\"[2001:db8::1]:80\"} 0\n",
        "yoke_dropped_packets_total{reason=\"no-server\",worker=\"0\"} 7\n",
        "# TYPE yoke_hardware_ok gauge\nyoke_hardware_ok{part=\"temperature\",name=\"cpu\"} 0\n",
        "yoke_hardware_temperature_celsius{sensor=\"cpu\"} 81.5\n",
        "yoke_hardware_supply_up{supply=\"psu1\"} 1\n",
        "yoke_ha_role{group=\"blue\",role=\"ACTIVE\"} 1\n",
        "yoke_ha_lease_seconds{group=\"blue\"} 0.38\n",
        "yoke_ha_lease_held{group=\"red\"} 0\n",
        "yoke_ha_jeopardy{group=\"red\"} 1\n",
        "yoke_ha_peer_silence_seconds{group=\"blue\"} 0.007\n",
        "yoke_ha_takeovers_total{reason=\"handed-over\",group=\"blue\"} 2\n",
        "yoke_ha_channel_up{channel=\"data\",interface=\"wan\"} 0\n",
        "yoke_ha_frames_refused_total{reason=\"bad-tag\",stream=\"heartbeats\"} 2\n",
        "yoke_ha_late_seconds 0.0015\n",
        "yoke_ha_flows_lag_seconds 0.00025\n",
        "yoke_ha_flows_whole 0\n",
        "yoke_ha_flow_records_total{direction=\"out\"} 70\n",
        "yoke_ha_config_alike{unit=\"peer\"} 1\n",
        "yoke_ha_key_age_seconds 86400\n",
        "yoke_ha_key_rotation{phase=\"exchanged\"} 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("yoke_server_flows{pool=\"web\",server=\"192.0.2.11:80\"}")))
      << "what is not known has no sample";
}

TEST(Exposition, EveryMetricHasASampleOfAUnitInUse) {
  const std::string text = sample();
  for (const Metric& metric : metrics()) {
    EXPECT_THAT(text,
                HasSubstr("\n" + std::string(metric.name) +
                          (text.find(std::string(metric.name) + "{") == text.npos ? " " : "{")));
  }
}

TEST(Exposition, WithoutADataPlaneWhatItWouldSayIsLeftOut) {
  const std::string text = exposition([](std::string_view object) {
    json rows = sample_rows(object);
    if (object == "status") rows[0]["dataplane"] = "unreachable";
    if (object == "traffic" || object == "interface" || object == "worker") return json();
    for (json& row : rows) {
      if (object == "vip") row["state"] = "unknown";
    }
    return rows;
  });
  EXPECT_THAT(text, HasSubstr("yoke_dataplane_up 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("yoke_vip_bytes_total")));
  EXPECT_THAT(text, Not(HasSubstr("yoke_port_up")));
  EXPECT_THAT(text, Not(HasSubstr("yoke_vip_up{"))) << "not known is not down";
}

TEST(Exposition, OddRowsAndNamesAreNoHarm) {
  for (const json& rows : {json(), json(7), json::object(), json({7, nullptr, "x"})}) {
    (void)exposition([&](std::string_view) { return rows; });
  }
  const std::string text = exposition([](std::string_view object) {
    if (object != "vip") return json();
    return json::array({{{"name", "a\"b\\c\nd"}, {"state", "up"}}});
  });
  EXPECT_THAT(text, HasSubstr(R"(yoke_vip_up{vip="a\"b\\c\nd"} 1)"));
}

// Prometheus' own rules of names and texts.
TEST(Exposition, PromtoolFindsNothingToComplainOf) {
  const TempFolder folder;
  const std::string file = folder.write("metrics.txt", sample());
  std::FILE* const promtool = ::popen(("promtool check metrics < " + file + " 2>&1").c_str(), "r");
  ASSERT_NE(promtool, nullptr);
  std::string said;
  for (int c = std::fgetc(promtool); c != EOF; c = std::fgetc(promtool))
    said += static_cast<char>(c);
  EXPECT_EQ(::pclose(promtool), 0) << said;
  EXPECT_EQ(said, "");
}

TEST(Metrics, ThoseOfOneNameFollowEachOtherAndAgree) {
  std::map<std::string_view, const Metric*> seen;
  const Metric* last = nullptr;
  for (const Metric& metric : metrics()) {
    const auto [known, is_new] = seen.try_emplace(metric.name, &metric);
    if (!is_new) {
      ASSERT_NE(last, nullptr);
      EXPECT_EQ(last->name, metric.name);
      EXPECT_EQ(known->second->help, metric.help);
      EXPECT_EQ(known->second->type, metric.type);
      EXPECT_NE(last->fixed, metric.fixed);
    }
    EXPECT_EQ(metric.name.ends_with("_total"), metric.type == Type::kCounter) << metric.name;
    last = &metric;
  }
}

void add_strings(const json& value, const std::string& key, std::vector<std::string>& found) {
  for (const auto& [name, part] : value.items()) {
    if (part.is_string() && (name == key || name == "definition")) found.push_back(part);
    if (part.is_structured()) add_strings(part, key, found);
  }
}

TEST(Dashboard, EveryQueryNamesMetricsThatExist) {
  std::ifstream in(YOKE_SOURCE_DIR "/mgmt/metrics/dashboard.json");
  const json dashboard = json::parse(in);
  std::vector<std::string> queries;
  add_strings(dashboard, "expr", queries);
  ASSERT_GT(queries.size(), 15U);
  std::set<std::string> names, used;
  for (const Metric& metric : metrics()) names.emplace(metric.name);
  const std::regex name("yoke_[a-z_]+");
  for (const std::string& query : queries) {
    const auto first = std::sregex_iterator(query.begin(), query.end(), name);
    EXPECT_NE(first, std::sregex_iterator()) << query;
    for (auto found = first; found != std::sregex_iterator(); ++found) {
      EXPECT_TRUE(names.contains(found->str())) << found->str() << " in " << query;
      used.insert(found->str());
    }
  }
  EXPECT_GT(used.size(), 15U);
  std::set<int> ids;
  for (const json& panel : dashboard["panels"]) {
    EXPECT_TRUE(ids.insert(panel["id"].get<int>()).second);
    EXPECT_FALSE(panel["targets"].empty()) << panel["title"];
  }
}

}  // namespace
}  // namespace yoke::metrics
