// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "mgmt/model/schema.h"

// The ways to tell of events and their fields: a part of schema.cpp's tables. Threads: constant
// data, any.
namespace yoke::model {

inline constexpr std::size_t kNotifyMax = 8;       // for each of them events wait in memory
inline constexpr std::size_t kRecipientsMax = 16;  // for each as well; a mail server has lists

inline constexpr std::array<std::string_view, 3> kNotifyWays{"mail", "webhook", "script"};
inline constexpr std::array<std::string_view, 1> kMailWay{"mail"};
inline constexpr std::array<std::string_view, 1> kWebhookWay{"webhook"};
inline constexpr std::array<std::string_view, 1> kScriptWay{"script"};
inline constexpr std::array<std::string_view, 2> kNetworkWays{"mail", "webhook"};

inline constexpr std::array<std::string_view, 4> kNotifyLevels{"error", "warning", "notice",
                                                               "info"};
inline constexpr std::array<std::string_view, 3> kMailTls{"starttls", "yes", "no"};

inline constexpr std::array kNotifyFields{
    Field{.name = "level",
          .type = FieldType::kChoice,
          .help = "The least that is told; what is worse is, and that it is over",
          .example = "error",
          .default_value = "warning",
          .choices = kNotifyLevels},
    Field{.name = "server",
          .type = FieldType::kText,
          .help = "Mail server, by name or address, and its port",
          .example = "mail.example.net:587",
          .default_value = "",
          .min = 1,
          .max = 260,
          .only_for = kMailWay},
    Field{.name = "from",
          .type = FieldType::kText,
          .help = "Address that mails come from",
          .example = "lb-a@example.net",
          .default_value = "",
          .min = 3,
          .max = 254,
          .only_for = kMailWay},
    Field{.name = "to",
          .type = FieldType::kText,
          .help = "Addresses that mails go to",
          .example = "ops@example.net",
          .default_value = "",
          .min = 3,
          .max = 254,
          .list = true,
          .only_for = kMailWay},
    Field{.name = "tls",
          .type = FieldType::kChoice,
          .help = "TLS by STARTTLS, from the first byte, or none",
          .example = "yes",
          .default_value = "starttls",
          .choices = kMailTls,
          .only_for = kMailWay},
    Field{.name = "user",
          .type = FieldType::kText,
          .help = "Account at the mail server",
          .example = "lb-a",
          .default_value = "",
          .min = 1,
          .max = 254,
          .only_for = kMailWay},
    Field{.name = "password",
          .type = FieldType::kText,
          .help = "Its password",
          .example = "a long one",
          .default_value = "",
          .min = 1,
          .max = 255,
          .secret = true,
          .only_for = kMailWay},
    Field{.name = "url",
          .type = FieldType::kText,
          .help = "Where to post to (http: in clear); not shown, as many hold a key",
          .example = "https://hooks.example.net/yoke",
          .default_value = "",
          .min = 8,
          .max = 1000,
          .secret = true,
          .only_for = kWebhookWay},
    Field{.name = "bearer",
          .type = FieldType::kText,
          .help = "Token that is sent as Authorization: Bearer",
          .example = "abc123",
          .default_value = "",
          .min = 1,
          .max = 1000,
          .secret = true,
          .only_for = kWebhookWay},
    Field{.name = "authorities",
          .type = FieldType::kFile,
          .help = "PEM file of those who may issue its certificate; without it the system's",
          .example = "/etc/yoke/notify-ca.pem",
          .default_value = "",
          .max = 255,
          .only_for = kNetworkWays},
    Field{.name = "verify",
          .type = FieldType::kFlag,
          .help = "Whether its certificate is verified; else it is told no secret",
          .example = "no",
          .default_value = "yes",
          .only_for = kNetworkWays},
    Field{.name = "program",
          .type = FieldType::kName,
          .help = "Program in /etc/yoke/notify; what it started ends with it",
          .example = "page",
          .default_value = "",
          .max = 63,
          .only_for = kScriptWay},
};

}  // namespace yoke::model
