// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/rpc/rig.h"

// The rows of `show`: the keys that mgmt/README.md promises, and where their values come from.
namespace yoke::rpc {
namespace {

using commit::ServerId;
using commit::Verdict;
using testing::ElementsAre;

const ServerId kFirst{"web", net::Endpoint::parse("192.0.2.11:80").value()};
const ServerId kSecond{"web", net::Endpoint::parse("192.0.2.12:80").value()};

class Show : public testing::Test {
 protected:
  Show() {
    commit_web(client_);
    rig_.run([this] {
      rig_.committer().report(kFirst, Verdict::kUp, MonoClock::now() - 90s);
      rig_.committer().report(kSecond, Verdict::kDown, MonoClock::now());
      rig_.data_plane().traffic = traffic();
      rig_.reports = {{kFirst, "tcp", Verdict::kUp, MonoClock::now() - 90s, 1, "tcp 1ms"},
                      {kSecond, "tcp", Verdict::kDown, MonoClock::now(), 7, "tcp refused",
                       std::chrono::sys_seconds(1900000000s)}};
    });
  }

  static api::Counters traffic() {
    api::Counters counters;
    counters.workers = {{.rx = 10,
                         .taken_over = 1,
                         .tx = 5,
                         .replied = 2,
                         .punted = 1,
                         .handed_over = 1,
                         .drops = {{"no-server", 2}}},
                        {.rx = 3,
                         .taken_over = 0,
                         .tx = 3,
                         .replied = 0,
                         .punted = 0,
                         .handed_over = 0,
                         .drops = {}}};
    counters.ports = {{.name = "wan",
                       .driver = "net_af_packet",
                       .mac = "02:00:00:00:00:01",
                       .link_up = true,
                       .rx_packets = 21,
                       .tx_packets = 22,
                       .rx_bytes = 23,
                       .tx_bytes = 24,
                       .rx_missed = 25,
                       .rx_errors = 26,
                       .tx_errors = 27}};
    counters.vips = {{"web", {31, 32, 33, 34, 35, 36}}};
    counters.servers = {{"web", {{"192.0.2.11:80", {41, 42, 43, 44, 45, 46}}}}};
    counters.flows_open = 36;
    counters.flows_capacity = 1000;
    return counters;
  }

  json rows(const std::string& object, const std::string& name = "") {
    json params = {{"object", object}};
    if (!name.empty()) params["name"] = name;
    const json answer = must(client_, "show", params);
    EXPECT_EQ(answer["schema"], "yoke/1");
    EXPECT_EQ(answer["object"], object);
    return answer["rows"];
  }
  json only_row(const std::string& object, const std::string& name = "") {
    json all = rows(object, name);
    EXPECT_EQ(all.size(), 1U) << object;
    return all.at(0);
  }

  Rig rig_;
  Client client_ = rig_.client();
};

TEST_F(Show, Status) {
  json row = only_row("status");
  EXPECT_LT(row["uptime_s"], 60);
  row.erase("uptime_s");
  EXPECT_EQ(row, json({{"unit", "lb-a"},
                       {"version", YOKE_VERSION},
                       {"unconfirmed", nullptr},
                       {"scheduled", nullptr},
                       {"scheduled_by", nullptr},
                       {"back_to", nullptr},
                       {"store_error", nullptr},
                       {"clock_error", nullptr},
                       {"confirm_within_s", nullptr},
                       {"revision", 1},
                       {"revision_running", 1},
                       {"dataplane", "running"},
                       {"dataplane_uptime_s", 0},
                       {"ports_ready", true},
                       {"generation", 2},
                       {"vips", 1},
                       {"vips_up", 1},
                       {"servers", 2},
                       {"servers_up", 1},
                       {"servers_down", 1},
                       {"flows_open", 36},
                       {"flows_capacity", 1000},
                       {"alarms", json::array()},
                       {"alarms_standing", 0}}));
}

alarms::Condition server_down(int number) {
  return {events::Kind::kServerDown,
          "web " + std::to_string(number),
          "it is down",
          {{"POOL", "web"}, {"SERVER", "192.0.2.11:80"}}};
}
const alarms::Wall kRaised(1'700'000'000s), kCleared(1'700'000'060s);

TEST_F(Show, Alarm) {
  rig_.run([this] {
    (void)rig_.alarms.follow({server_down(1), server_down(2)}, kRaised);
    (void)rig_.alarms.follow({server_down(1)}, kCleared);
  });
  const json all = rows("alarm");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], json({{"state", "raised"},
                          {"raised", 1'700'000'000},
                          {"cleared", nullptr},
                          {"level", "warning"},
                          {"alarm", "server-down"},
                          {"code", "V-402"},
                          {"subject", "web 1"},
                          {"text", "it is down"},
                          {"next", "show check web 192.0.2.11:80"}}));
  EXPECT_EQ(all[1]["state"], "cleared");
  EXPECT_EQ(all[1]["cleared"], 1'700'000'060);
}

TEST_F(Show, TheStatusHasTheFirstAlarmsThatStand) {
  rig_.run([this] {
    (void)rig_.alarms.follow({server_down(0), server_down(1), server_down(2), server_down(3)},
                             kRaised);
    (void)rig_.alarms.follow({server_down(0), server_down(2), server_down(3)}, kCleared);
    (void)rig_.alarms.follow({{events::Kind::kVipDown, "web", "web is down"}}, kRaised,
                             alarms::Part::kServices);
    (void)rig_.alarms.follow({{events::Kind::kVipDown, "web", "web is down"},
                              {events::Kind::kDiskLow, "", "60 MiB are free"}},
                             kCleared, alarms::Part::kServices);
  });
  const json row = only_row("status");
  EXPECT_EQ(row["alarms_standing"], 5);
  ASSERT_EQ(row["alarms"].size(), 3U);
  EXPECT_EQ(row["alarms"][0]["alarm"], "vip-down") << "the worst first";
  EXPECT_EQ(row["alarms"][1]["alarm"], "disk-low") << "and then the newest";
  EXPECT_EQ(row["alarms"][2]["subject"], "web 0");
}

TEST_F(Show, Log) {
  rig_.run([this] {
    rig_.log = {events::entry_of({.kind = events::Kind::kCommit,
                                  .text = "revision 7 committed by ann",
                                  .fields = {{"REVISION", "7"}},
                                  .at = alarms::Wall(1'700'000'000s)})};
  });
  EXPECT_EQ(only_row("log"), json({{"when", 1'700'000'000},
                                   {"level", "notice"},
                                   {"event", "commit"},
                                   {"code", "V-201"},
                                   {"text", "revision 7 committed by ann"},
                                   {"fields", {{"REVISION", "7"}}},
                                   {"next", "show history"}}));
}

TEST_F(Show, Vip) {
  const json expected = {{"name", "web"},    {"address", "203.0.113.10:80/tcp"},
                         {"pool", "web"},    {"state", "up"},
                         {"servers", 2},     {"servers_up", 1},
                         {"flows_open", 36}, {"group", ""}};
  EXPECT_EQ(only_row("vip"), expected);
  EXPECT_EQ(only_row("vip", "web"), expected);
  EXPECT_EQ(refusal(client_, "show", {{"object", "vip"}, {"name", "gone"}}), "E-404");
}

TEST_F(Show, AVipIsDownWithoutAServerAndDisabledWhereItIsSo) {
  rig_.run([this] { rig_.committer().report(kFirst, Verdict::kDown, MonoClock::now()); });
  EXPECT_EQ(only_row("vip")["state"], "down");
  rig_.run([this] { rig_.committer().report(kFirst, Verdict::kUp, MonoClock::now()); });
  (void)must(client_, "edit",
             operations({set({"pool", "web", "server", "192.0.2.11:80"}, {{"weight", 0}})}));
  (void)must(client_, "commit");
  EXPECT_EQ(only_row("vip")["state"], "down") << "its one healthy server takes no flows";
  (void)must(client_, "edit", operations({set({"vip", "web"}, {{"enabled", false}})}));
  (void)must(client_, "commit");
  EXPECT_EQ(only_row("vip")["state"], "disabled");
}

TEST_F(Show, Pool) {
  EXPECT_EQ(only_row("pool"), json({{"name", "web"},
                                    {"method", "nat"},
                                    {"servers", 2},
                                    {"servers_up", 1},
                                    {"vips", "web"}}));
  EXPECT_EQ(refusal(client_, "show", {{"object", "pool"}, {"name", "gone"}}), "E-404");
}

TEST_F(Show, Server) {
  rig_.run([this] {
    for (const ServerId& id : {kFirst, kSecond}) rig_.committer().report_response(id, 14231us);
    (void)rig_.committer().publish();
  });
  const json all = rows("server");
  EXPECT_EQ(rows("pool", "web"), all);
  EXPECT_EQ(rows("server", "web"), all);
  ASSERT_EQ(all.size(), 2U);
  json first = all[0];
  EXPECT_GE(first["since_s"], 90);
  EXPECT_LT(first["since_s"], 120);
  first.erase("since_s");
  EXPECT_EQ(first, json({{"pool", "web"},
                         {"server", "192.0.2.11:80"},
                         {"state", "up"},
                         {"weight", 1},
                         {"flows_open", 46},
                         {"flows_created", 45},
                         {"response_s", 0.014231},
                         {"check", "tcp 1ms"}}));
  EXPECT_EQ(all[1]["state"], "down");
  EXPECT_EQ(all[1]["response_s"], json()) << "what it was is of no use";
  EXPECT_EQ(all[1]["check"], "tcp refused");
  EXPECT_EQ(all[1]["flows_open"], json()) << "the data plane has not counted it yet";
}

TEST_F(Show, AServerWithoutAReportIsUnknownAndOneSwitchedOffIsDraining) {
  (void)must(client_, "edit",
             operations({set({"pool", "web", "server", "192.0.2.13:80"}),
                         set({"pool", "web", "server", "192.0.2.11:80"}, {{"enabled", false}})}));
  (void)must(client_, "commit");
  const json all = rows("server");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["state"], "draining");
  EXPECT_EQ(all[2]["state"], "unknown");
  EXPECT_EQ(all[2]["check"], json());
}

TEST_F(Show, Check) {
  const json all = rows("check");
  EXPECT_EQ(rows("check", "web"), all);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_GE(all[0]["since_s"], 90);
  json second = all[1];
  EXPECT_LT(second["since_s"], 60);
  second.erase("since_s");
  EXPECT_EQ(second, json({{"pool", "web"},
                          {"server", "192.0.2.12:80"},
                          {"check", "tcp"},
                          {"state", "down"},
                          {"failures", 7},
                          {"last", "tcp refused"},
                          {"certificate_end", 1900000000}}));
}

TEST_F(Show, ProbesOfAServerWithWhatHappenedInEach) {
  rig_.run([this] {
    rig_.history[kFirst] = {{kFirst,
                             "tcp",
                             "failed",
                             "tcp connection refused",
                             MonoClock::now() - 3s,
                             1500us,
                             {{900us, "connected"}}}};
  });
  const json all =
      must(client_, "show",
           {{"object", "probe"}, {"name", "web"}, {"server", kFirst.server.to_string()}})["rows"];
  ASSERT_EQ(all.size(), 1U);
  EXPECT_GE(all[0]["ago_s"], 3);
  json row = all[0];
  row.erase("ago_s");
  EXPECT_EQ(row, json({{"pool", "web"},
                       {"server", kFirst.server.to_string()},
                       {"check", "tcp"},
                       {"outcome", "failed"},
                       {"took_us", 1500},
                       {"text", "tcp connection refused"},
                       {"steps", json::array({{{"at_us", 900}, {"text", "connected"}}})}}));
  const auto refused = [&](const json& params) { return refusal(client_, "show", params); };
  EXPECT_EQ(refused({{"object", "probe"}, {"name", "web"}}), "E-402");
  EXPECT_EQ(refused({{"object", "probe"}, {"name", "web"}, {"server", "no"}}), "E-402");
  EXPECT_EQ(refused({{"object", "probe"}, {"name", "web"}, {"server", "192.0.2.99:80"}}), "E-404");
}

TEST_F(Show, OfTwoChecksTheOneThatFailsIsTold) {
  (void)must(client_, "edit", operations({set({"pool", "web", "check", "http"})}));
  (void)must(client_, "commit");
  rig_.run([this] {
    rig_.reports = {{kFirst, "http", Verdict::kDown, MonoClock::now(), 3, "http 503, not 200"},
                    {kFirst, "tcp", Verdict::kUp, MonoClock::now(), 0, "tcp 1ms"}};
  });
  EXPECT_EQ(rows("server")[0]["check"], "http 503, not 200");
  EXPECT_EQ(rows("check").size(), 4U);
}

TEST_F(Show, Traffic) {
  const json expected = {{"name", "web"},    {"packets_in", 31},         {"packets_out", 32},
                         {"bytes_in", 33},   {"bytes_out", 34},          {"flows_created", 35},
                         {"flows_open", 36}, {"refused", json::object()}};
  EXPECT_EQ(only_row("traffic"), expected);
  EXPECT_EQ(only_row("traffic", "web"), expected);
}

TEST_F(Show, WhomAVipWithListsOrLimitsRefusedIsToldByReason) {
  auto edit = set({"vip", "web"});
  edit["fields"] = {{"max-flows", 9}};
  (void)must(client_, "edit", operations({edit}));
  (void)must(client_, "commit");
  rig_.run([this] { rig_.data_plane().traffic.refused = {{"web", {{"vip-limit", 7}}}}; });
  const json expected = {
      {"denied", 0}, {"not-allowed", 0}, {"vip-limit", 7}, {"vip-rate", 0}, {"client-rate", 0}};
  EXPECT_EQ(only_row("traffic", "web")["refused"], expected);
}

TEST_F(Show, Interface) {
  EXPECT_EQ(only_row("interface"), json({{"name", "wan"},
                                         {"driver", "net_af_packet"},
                                         {"mac", "02:00:00:00:00:01"},
                                         {"link", "up"},
                                         {"rx_packets", 21},
                                         {"tx_packets", 22},
                                         {"rx_bytes", 23},
                                         {"tx_bytes", 24},
                                         {"rx_missed", 25},
                                         {"rx_errors", 26},
                                         {"tx_errors", 27}}));
}

TEST_F(Show, Address) {
  rig_.run([&] {
    rig_.unit().addresses = [] {
      return std::vector<AddressReport>{
          {"wan", "up", 1500, "02:00:00:00:00:01", "192.0.2.5/24", "configuration"},
          {"eth9", "missing", {}, "", "", "configuration"}};
    };
  });
  const json all = rows("address");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], json({{"interface", "wan"},
                          {"state", "up"},
                          {"mtu", 1500},
                          {"mac", "02:00:00:00:00:01"},
                          {"address", "192.0.2.5/24"},
                          {"from", "configuration"}}));
  EXPECT_EQ(all[1]["mtu"], json());
}

TEST_F(Show, Route) {
  rig_.run([&] {
    rig_.unit().routes = [] {
      return std::vector<RouteReport>{{"0.0.0.0/0", "192.0.2.1", "wan", 1, "set", "machine"}};
    };
  });
  EXPECT_EQ(only_row("route"), json({{"prefix", "0.0.0.0/0"},
                                     {"gateway", "192.0.2.1"},
                                     {"interface", "wan"},
                                     {"metric", 1},
                                     {"state", "set"},
                                     {"from", "machine"}}));
}

TEST_F(Show, Port) {
  rig_.run([&] {
    rig_.unit().ports = [] {
      return std::vector<PortReport>{
          {"lan", "", {}, "", "tap:x", "pending", "tap:x from the data plane's next start on"},
          {"wan", "af_xdp:eth0", 1500, "board", "", "in use", ""}};
    };
  });
  const json all = rows("port");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["mtu"], json());
  EXPECT_EQ(all[0]["state"], "pending");
  EXPECT_EQ(all[1], json({{"name", "wan"},
                          {"device", "af_xdp:eth0"},
                          {"mtu", 1500},
                          {"from", "board"},
                          {"configured", ""},
                          {"state", "in use"},
                          {"text", ""}}));
}

TEST_F(Show, Worker) {
  const json all = rows("worker");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], json({{"worker", 0},
                          {"rx", 10},
                          {"taken_over", 1},
                          {"tx", 5},
                          {"replied", 2},
                          {"punted", 1},
                          {"handed_over", 1},
                          {"drops", {{"no-server", 2}}}}));
  EXPECT_EQ(all[1]["worker"], 1);
  EXPECT_EQ(all[1]["drops"], json::object());
}

TEST_F(Show, SystemAsItIsConfigured) {
  const json fresh = only_row("system");
  EXPECT_EQ(fresh["unit"], "lb-a");
  EXPECT_EQ(fresh["time_zone"], "UTC");
  EXPECT_EQ(fresh["time_zone_known"], true);
  rig_.unit().has_zone = [](std::string_view zone) { return zone == "UTC"; };
  const json fields = {{"time-zone", "Europe/Berlin"},
                       {"ntp-server", {"192.0.2.123", "ntp.example.net"}},
                       {"dns-server", json::array({"192.0.2.53"})},
                       {"dns-search", json::array({"example.net"})},
                       {"banner", "hands off"}};
  const json set = {{"op", "set"}, {"path", {"system", ""}}, {"fields", fields}};
  (void)must(client_, "edit", {{"operations", json::array({set})}});
  (void)must(client_, "commit");
  EXPECT_EQ(only_row("system"), json({{"unit", "lb-a"},
                                      {"banner", "hands off"},
                                      {"time_zone", "Europe/Berlin"},
                                      {"time_zone_known", false},
                                      {"ntp_servers", "192.0.2.123,ntp.example.net"},
                                      {"dns_servers", "192.0.2.53"},
                                      {"dns_search", "example.net"}}));
}

TEST_F(Show, Version) {
  EXPECT_EQ(only_row("version"), json({{"version", YOKE_VERSION},
                                       {"schema", "yoke/1"},
                                       {"dataplane_protocol", api::kVersion}}));
}

TEST_F(Show, Connection) {
  rig_.run([this] {
    rig_.data_plane().told_connections.pools = {{"web", {{"192.0.2.11:80", {51, 52, 53, 54}}}}};
  });
  const json expected = {{"pool", "web"}, {"server", "192.0.2.11:80"}, {"answered", 51},
                         {"refused", 52}, {"unanswered", 53},          {"reset", 54}};
  EXPECT_EQ(only_row("connection"), expected);
  EXPECT_EQ(only_row("connection", "web"), expected);
}

TEST_F(Show, PassiveChecksAreAmongThePoolsChecksWhereItHasThem) {
  EXPECT_EQ(rows("check").size(), 2U);
  (void)must(client_, "edit", operations({set({"pool", "web"}, {{"passive-failures", 9}})}));
  (void)must(client_, "commit");
  rig_.run([this] {
    rig_.reports.push_back(
        {kFirst, "passive", Verdict::kDown, MonoClock::now(), 1, "passive 9 of 9 failed"});
  });
  const json all = rows("check");
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[1]["check"], "passive");
  EXPECT_EQ(all[1]["state"], "down");
  EXPECT_EQ(all[1]["last"], "passive 9 of 9 failed");
  EXPECT_EQ(all[3]["state"], "unknown");
}

TEST_F(Show, WithoutADataPlaneWhatIsKnownHereIsStillTold) {
  rig_.run([this] { rig_.data_plane().alive = false; });
  const json status = only_row("status");
  EXPECT_EQ(status["dataplane"], "unreachable");
  EXPECT_EQ(status["generation"], json());
  EXPECT_EQ(status["flows_open"], json());
  EXPECT_EQ(status["servers_up"], 1);
  EXPECT_EQ(only_row("vip")["state"], "unknown");
  EXPECT_EQ(only_row("vip")["flows_open"], json());
  EXPECT_EQ(rows("server")[0]["state"], "up");
  EXPECT_EQ(rows("history").size(), 1U);
  EXPECT_EQ(only_row("version")["dataplane_protocol"], json());
  for (const char* object : {"interface", "worker", "traffic", "connection"}) {
    EXPECT_EQ(refusal(client_, "show", {{"object", object}}), "E-451") << object;
  }
}

TEST_F(Show, AGroupIsItsVipsAndDisablesThem) {
  (void)must(
      client_, "edit",
      operations({set({"group", "blue"}), set({"group", "empty"}),
                  set({"vip", "web"}, {{"group", "blue"}}),
                  set({"vip", "bare"}, {{"address", "203.0.113.99:80/tcp"}, {"group", "blue"}})}));
  (void)must(client_, "commit");
  EXPECT_EQ(
      rows("group"),
      json({{{"name", "blue"}, {"state", "up"}, {"vips", 2}, {"vips_up", 2}, {"pools", "web"}},
            {{"name", "empty"}, {"state", "down"}, {"vips", 0}, {"vips_up", 0}, {"pools", ""}}}));
  rig_.run([this] { rig_.committer().report(kFirst, Verdict::kDown, MonoClock::now()); });
  EXPECT_EQ(only_row("group", "blue")["vips_up"], 1);
  (void)must(client_, "edit", operations({set({"group", "blue"}, {{"enabled", false}})}));
  (void)must(client_, "commit");
  EXPECT_EQ(only_row("group", "blue")["state"], "disabled");
  EXPECT_EQ(only_row("group", "blue")["vips_up"], 0);
  EXPECT_EQ(only_row("vip", "web")["state"], "disabled");
  EXPECT_EQ(only_row("vip", "web")["group"], "blue");
  EXPECT_EQ(refusal(client_, "show", {{"object", "group"}, {"name", "gone"}}), "E-404");
}

}  // namespace
}  // namespace yoke::rpc
