// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/schema.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "dataplane/limits.h"
#include "mgmt/model/check_schema.h"
#include "mgmt/model/notify_schema.h"
#include "mgmt/model/system_schema.h"

namespace yoke::model {
namespace {

using namespace std::chrono_literals;

// 32 characters leave a table of 80 columns room for its other columns.
constexpr std::int64_t kNameMax = 32;

constexpr std::array<std::string_view, 2> kMethods{"nat", "dsr"};
constexpr std::array<std::string_view, 5> kSchedulers{"maglev", "round-robin", "least-connections",
                                                      "source-hash", "response-time"};
constexpr std::array<std::string_view, 2> kRequire{"all", "any"};

constexpr std::array kPoolFields{
    Field{.name = "method",
          .type = FieldType::kChoice,
          .help = "How packets reach a server: rewritten (nat) or by its MAC address (dsr)",
          .example = "nat",
          .default_value = "nat",
          .choices = kMethods},
    Field{.name = "scheduler",
          .type = FieldType::kChoice,
          .help = "How a new flow gets its server",
          .example = "maglev",
          .default_value = "maglev",
          .choices = kSchedulers},
    Field{.name = "require",
          .type = FieldType::kChoiceOrInteger,
          .help = "How many of its checks a server must pass to be up",
          .example = "any",
          .default_value = "all",
          .min = 1,
          .max = kChecksMax,
          .choices = kRequire},
    Field{.name = "passive-failures",
          .type = FieldType::kInteger,
          .help = "Clients' connections that must fail to take a server out (nat); 0 is off",
          .example = "10",
          .default_value = "0",
          .min = 0,
          .max = 100'000},
    Field{.name = "passive-window",
          .type = FieldType::kDuration,
          .help = "Time within which they must, more of them than are answered",
          .example = "20s",
          .default_value = "10s",
          .min = ms(3s),
          .max = ms(10min)},
    Field{.name = "passive-hold",
          .type = FieldType::kDuration,
          .help = "How long such a server stays out at least",
          .example = "1m",
          .default_value = "30s",
          .min = ms(1s),
          .max = ms(1h)},
};

constexpr std::array kServerFields{
    Field{.name = "weight",
          .type = FieldType::kInteger,
          .help = "Share of new flows; 0 takes none and keeps those it has",
          .example = "2",
          .default_value = "1",
          .min = 0,
          .max = limits::kWeightMax,
          .for_operators = true},
    Field{.name = "enabled",
          .type = FieldType::kFlag,
          .help = "Whether the server is in use",
          .example = "no",
          .default_value = "yes",
          .for_operators = true},
};

constexpr std::array kVipFields{
    Field{.name = "address",
          .type = FieldType::kServiceAddress,
          .help = "Address, port and protocol that clients use",
          .example = "203.0.113.10:80/tcp",
          .default_value = "",
          .required = true,
          .positional = true},
    Field{.name = "pool",
          .type = FieldType::kReference,
          .help = "Pool whose servers answer; without one, ping alone is answered",
          .example = "web",
          .default_value = "",
          .max = kNameMax,
          .refers_to = "pool"},
    Field{.name = "snat",
          .type = FieldType::kAddress,
          .help = "Source addresses towards the servers (nat); without them the VIP's own",
          .example = "192.0.2.200,192.0.2.201",
          .default_value = "",
          .list = true},
    Field{.name = "snat-pool",
          .type = FieldType::kReference,
          .help = "SNAT pool that its source addresses come from, in place of snat",
          .example = "out",
          .default_value = "",
          .max = kNameMax,
          .refers_to = "snat-pool"},
    Field{.name = "idle-timeout",
          .type = FieldType::kDuration,
          .help = "When a silent flow is forgotten; 0 is the protocol's own time",
          .example = "5m",
          .default_value = "0s",
          .min = ms(1s),
          .max = ms(24h),
          .zero = true},
    Field{.name = "group",
          .type = FieldType::kReference,
          .help = "Group of VIPs that it moves with",
          .example = "blue",
          .default_value = "",
          .max = kNameMax,
          .refers_to = "group"},
    Field{.name = "enabled",
          .type = FieldType::kFlag,
          .help = "Whether the VIP is answered for",
          .example = "no",
          .default_value = "yes",
          .for_operators = true},
};

constexpr std::array kGroupFields{
    Field{.name = "enabled",
          .type = FieldType::kFlag,
          .help = "Whether its VIPs are answered for, those that are enabled themselves",
          .example = "no",
          .default_value = "yes",
          .for_operators = true},
};

constexpr std::array kSnatPoolFields{
    Field{.name = "addresses",
          .type = FieldType::kAddress,
          .help = "Source addresses towards the servers, of one family",
          .example = "192.0.2.200,192.0.2.201",
          .default_value = "",
          .required = true,
          .positional = true,
          .list = true},
};

constexpr std::array<std::string_view, 3> kTransports{"udp", "tcp", "tls"};
constexpr std::array<std::string_view, 4> kLevels{"error", "warning", "notice", "info"};
constexpr std::array<std::string_view, 8> kFacilities{"local0", "local1", "local2", "local3",
                                                      "local4", "local5", "local6", "local7"};

constexpr std::array kSyslogFields{
    Field{.name = "server",
          .type = FieldType::kEndpoint,
          .help = "Address and port of the log server",
          .example = "192.0.2.9:6514",
          .default_value = "",
          .required = true,
          .positional = true},
    Field{.name = "transport",
          .type = FieldType::kChoice,
          .help = "How events go there",
          .example = "tcp",
          .default_value = "tls",
          .choices = kTransports},
    Field{.name = "level",
          .type = FieldType::kChoice,
          .help = "The least that is sent; what is worse always is",
          .example = "warning",
          .default_value = "notice",
          .choices = kLevels},
    Field{.name = "facility",
          .type = FieldType::kChoice,
          .help = "Facility of what is sent",
          .example = "local3",
          .default_value = "local0",
          .choices = kFacilities},
    Field{.name = "authorities",
          .type = FieldType::kFile,
          .help = "PEM file of those who may issue its certificate; without it the system's",
          .example = "/etc/yoke/syslog-ca.pem",
          .default_value = "",
          .max = 255},
    Field{.name = "certificate-name",
          .type = FieldType::kText,
          .help = "Name that its certificate must carry; without it the server's address",
          .example = "logs.example.net",
          .default_value = "",
          .min = 1,
          .max = 253},
    Field{.name = "verify",
          .type = FieldType::kFlag,
          .help = "Whether its certificate is verified",
          .example = "no",
          .default_value = "yes"},
};

// Of whatever is to be looked at by HTTP.
constexpr auto http_fields(std::string_view example) {
  return std::array{
      Field{.name = "listen",
            .type = FieldType::kEndpoint,
            .help = "Address of the unit and port, 1024 or above, to listen on; else off",
            .example = example,
            .default_value = ""},
      Field{.name = "allow",
            .type = FieldType::kPrefix,
            .help = "Whose requests are taken; without it everybody's",
            .example = "192.0.2.0/24",
            .default_value = "",
            .list = true}};
}
constexpr auto kMetricsFields = http_fields("192.0.2.5:9110");
constexpr auto kWebFields = http_fields("192.0.2.5:8443");

constexpr std::array kSnmpFields{
    Field{.name = "enabled",
          .type = FieldType::kFlag,
          .help = "Whether the unit's snmpd is given what the unit tells",
          .example = "yes",
          .default_value = "no"},
};

constexpr std::array kBackupFields{
    Field{.name = "schedule",
          .type = FieldType::kDuration,
          .help = "Time from one backup to the next; 0 makes none by itself",
          .example = "24h",
          .default_value = "0s",
          .min = ms(1min),
          .max = ms(24h * 90),
          .zero = true},
    Field{.name = "keep",
          .type = FieldType::kInteger,
          .help = "How many are kept, here and where they are sent",
          .example = "14",
          .default_value = "14",
          .min = 1,
          .max = 1000},
    Field{.name = "to",
          .type = FieldType::kText,
          .help = "Where each is sent: an sftp:// or https:// URL of a folder",
          .example = "sftp://ann@192.0.2.9/srv/yoke",
          .default_value = "",
          .min = 1,
          .max = 255},
};

constexpr std::array kTypes{
    RecordType{.kind = "pool",
               .plural = "pools",
               .parent = "",
               .help = "Servers that stand in for each other",
               .key = {.name = "name",
                       .type = FieldType::kName,
                       .help = "Name of the pool",
                       .example = "web",
                       .default_value = "",
                       .max = kNameMax},
               .fields = kPoolFields},
    RecordType{.kind = "server",
               .plural = "servers",
               .parent = "pool",
               .help = "A server of the pool",
               .key = {.name = "endpoint",
                       .type = FieldType::kEndpoint,
                       .help = "Address and port of the server",
                       .example = "192.0.2.11:80",
                       .default_value = ""},
               .fields = kServerFields},
    RecordType{.kind = "check",
               .plural = "checks",
               .parent = "pool",
               .help = "How the pool's servers are checked",
               .key = {.name = "kind",
                       .type = FieldType::kNamedChoice,
                       .help = "Kind of check",
                       .example = "http",
                       .default_value = "",
                       .max = kNameMax,
                       .choices = kCheckKinds},
               .fields = kCheckFields},
    RecordType{.kind = "vip",
               .plural = "vips",
               .parent = "",
               .help = "A virtual address that clients connect to",
               .key = {.name = "name",
                       .type = FieldType::kName,
                       .help = "Name of the VIP",
                       .example = "web",
                       .default_value = "",
                       .max = kNameMax},
               .fields = kVipFields},
    RecordType{.kind = "group",
               .plural = "groups",
               .parent = "",
               .help = "VIPs that move together",
               .key = {.name = "name",
                       .type = FieldType::kName,
                       .help = "Name of the group",
                       .example = "blue",
                       .default_value = "",
                       .max = kNameMax},
               .fields = kGroupFields},
    RecordType{.kind = "snat-pool",
               .plural = "snat-pools",
               .parent = "",
               .help = "Source addresses towards servers that VIPs share",
               .key = {.name = "name",
                       .type = FieldType::kName,
                       .help = "Name of the SNAT pool",
                       .example = "out",
                       .default_value = "",
                       .max = kNameMax},
               .fields = kSnatPoolFields},
    RecordType{.kind = "user",
               .plural = "users",
               .parent = "",
               .help = "What somebody may do; others are viewers once somebody is named",
               .key = {.name = "name",
                       .type = FieldType::kName,
                       .help = "Name to log in with; root may always do all",
                       .example = "ann",
                       .default_value = "",
                       .max = kNameMax},
               .fields = kUserFields},
    RecordType{.kind = "ssh-key",
               .plural = "ssh-keys",
               .parent = "user",
               .help = "An SSH key that the user logs in with",
               .key = {.name = "name",
                       .type = FieldType::kName,
                       .help = "Name of the key",
                       .example = "laptop",
                       .default_value = "",
                       .max = kNameMax},
               .fields = kSshKeyFields},
    RecordType{.kind = "system",
               .plural = "system",
               .parent = "",
               .help = "This unit itself",
               .key = {},
               .fields = kSystemFields,
               .single = true},
    RecordType{.kind = "metrics",
               .plural = "metrics",
               .parent = "",
               .help = "Figures for Prometheus, by HTTP at /metrics",
               .key = {},
               .fields = kMetricsFields,
               .single = true},
    RecordType{.kind = "web",
               .plural = "web",
               .parent = "",
               .help = "A page of status for browsers, by HTTPS, to look at alone",
               .key = {},
               .fields = kWebFields,
               .single = true},
    RecordType{.kind = "snmp",
               .plural = "snmp",
               .parent = "",
               .help = "Values and traps by SNMP, through snmpd, which says who may ask",
               .key = {},
               .fields = kSnmpFields,
               .single = true},
    RecordType{.kind = "syslog",
               .plural = "syslogs",
               .parent = "",
               .help = "A log server that events are sent to",
               .key = {.name = "name",
                       .type = FieldType::kName,
                       .help = "Name of the log server",
                       .example = "central",
                       .default_value = "",
                       .max = kNameMax},
               .fields = kSyslogFields},
    RecordType{.kind = "notify",
               .plural = "notifications",
               .parent = "",
               .help = "Who is told of events",
               .key = {.name = "way",
                       .type = FieldType::kNamedChoice,
                       .help = "How they are told",
                       .example = "webhook:chat",
                       .default_value = "",
                       .max = kNameMax,
                       .choices = kNotifyWays},
               .fields = kNotifyFields},
    RecordType{.kind = "backup",
               .plural = "backup",
               .parent = "",
               .help = "Backups that are made by themselves",
               .key = {},
               .fields = kBackupFields,
               .single = true},
};

}  // namespace

std::span<const RecordType> schema() noexcept { return kTypes; }

const RecordType* find_type(std::string_view kind) noexcept {
  const auto* const found = std::ranges::find(kTypes, kind, &RecordType::kind);
  return found == kTypes.end() ? nullptr : found;
}

const Field* find_field(const RecordType& type, std::string_view name) noexcept {
  for (const Field& field : type.fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::string_view choice_of(std::string_view key) noexcept { return key.substr(0, key.find(':')); }

bool applies(const Field& field, std::string_view key) noexcept {
  return field.only_for.empty() ||
         std::ranges::find(field.only_for, choice_of(key)) != field.only_for.end();
}

}  // namespace yoke::model
