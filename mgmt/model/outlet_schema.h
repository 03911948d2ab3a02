// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "mgmt/model/check_schema.h"
#include "mgmt/model/schema.h"

// The ways by which what the unit knows gets elsewhere, log servers, Prometheus, browsers, SNMP,
// backups, but for notifications: a part of schema.cpp's tables. Threads: constant data, any.
namespace yoke::model {

inline constexpr std::array<std::string_view, 3> kTransports{"udp", "tcp", "tls"};
inline constexpr std::array<std::string_view, 4> kLevels{"error", "warning", "notice", "info"};
inline constexpr std::array<std::string_view, 8> kFacilities{
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"};

inline constexpr std::array kSyslogFields{
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
inline constexpr auto http_fields(std::string_view example) {
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
inline constexpr auto kMetricsFields = http_fields("192.0.2.5:9110");
inline constexpr auto kWebFields = http_fields("192.0.2.5:8443");

inline constexpr std::array kSnmpFields{
    Field{.name = "enabled",
          .type = FieldType::kFlag,
          .help = "Whether the unit's snmpd is given what the unit tells",
          .example = "yes",
          .default_value = "no"},
};

inline constexpr std::array kBackupFields{
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

}  // namespace yoke::model
