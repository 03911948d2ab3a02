// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "mgmt/model/schema.h"

// The settings of the machine itself and who may log in: a part of schema.cpp's tables. Threads:
// constant data, any.
namespace yoke::model {

inline constexpr std::size_t kNtpServersMax = 8;
inline constexpr std::size_t kDnsServersMax = 3;  // glibc asks no more
inline constexpr std::size_t kDnsSearchMax = 6;   // and older programs search no more
inline constexpr std::size_t kSshKeysMax = 16;    // of one user

// Whom yoke-snmp runs as: it parses what comes from a network, and never needs more than to read.
inline constexpr std::string_view kReader = "yoke-snmp";

inline constexpr std::array<std::string_view, 3> kRoles{"viewer", "operator", "admin"};

inline constexpr std::array kSystemFields{
    Field{.name = "name",
          .type = FieldType::kName,
          .help = "Name of this unit; without it the board file's, or the host's",
          .example = "lb-a",
          .default_value = "",
          .max = 32,
          .of_unit = true},
    Field{.name = "banner",
          .type = FieldType::kText,
          .help = "What is told to whoever opens a session, by SSH before the login",
          .example = "Changes only in the window",
          .default_value = "",
          .min = 1,
          .max = 1000},
    Field{.name = "time-zone",
          .type = FieldType::kTimeZone,
          .help = "Time zone of the unit, one of those that the unit knows",
          .example = "Europe/Berlin",
          .default_value = "UTC",
          .max = 64},
    Field{.name = "ntp-server",
          .type = FieldType::kHost,
          .help = "Whom the clock is set by, up to 8",
          .example = "192.0.2.123,ntp.example.net",
          .default_value = "",
          .max = 253,
          .list = true},
    Field{.name = "dns-server",
          .type = FieldType::kAddress,
          .help = "Who is asked for names, up to 3, the first one first",
          .example = "192.0.2.53,2001:db8::53",
          .default_value = "",
          .list = true},
    Field{.name = "dns-search",
          .type = FieldType::kDomainName,
          .help = "Domains that a name is looked for in, up to 6",
          .example = "example.net",
          .default_value = "",
          .max = 253,
          .list = true},
};

inline constexpr std::array kUserFields{
    Field{.name = "role",
          .type = FieldType::kChoice,
          .help = "viewer reads, operator takes servers in and out, admin does all",
          .example = "operator",
          .default_value = "",
          .choices = kRoles,
          .required = true,
          .positional = true},
};

inline constexpr std::array kSshKeyFields{
    Field{.name = "key",
          .type = FieldType::kSshKey,
          .help = "Public key, the line of its .pub file in quotes",
          .example = "ssh-ed25519 "
                     "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f "
                     "ann@laptop",
          .default_value = "",
          .max = 4096,
          .required = true,
          .positional = true},
};

}  // namespace yoke::model
