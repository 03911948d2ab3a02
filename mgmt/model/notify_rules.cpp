// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/notify_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/net/address.h"
#include "hal/base/number.h"
#include "mgmt/model/notify_schema.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/secrets.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

constexpr std::string_view kRule = "E-227";

bool is_plain(char c) { return c > ' ' && c < '\x7f' && c != '<' && c != '>'; }

// No more than keeps it one address: what is at its domain is the mail server's to know.
bool is_address(std::string_view text) {
  const auto at = text.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         std::ranges::all_of(text, is_plain);
}

bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool is_label(std::string_view text) {
  constexpr std::size_t kBytesMax = 63;
  return !text.empty() && text.size() <= kBytesMax && std::ranges::all_of(text, is_of_name);
}

// A name whose last label is a number is an address to whoever looks it up, or nothing at all.
bool is_name(std::string_view text) {
  constexpr std::size_t kBytesMax = 253;
  if (text.size() > kBytesMax) return false;
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string_view label;
  for (std::string_view rest = text;; rest.remove_prefix(label.size() + 1)) {
    label = rest.substr(0, rest.find('.'));
    if (!is_label(label)) return false;
    if (label.size() == rest.size()) break;
  }
  return !parse_decimal(label) || net::IpAddress::parse(text).has_value();
}

// "mail.example.net", "192.0.2.25", "[2001:db8::25]".
bool is_host(std::string_view text) {
  if (!text.starts_with('[')) return is_name(text);
  if (!text.ends_with(']') || text.find(':') == std::string_view::npos) return false;
  return net::IpAddress::parse(text.substr(1, text.size() - 2)).has_value();
}

enum class Port { kNeeded, kOptional };

// "mail.example.net:587".
bool is_host_and_port(std::string_view text, Port port) {
  const auto colon = text.rfind(':');
  const auto bracket = text.rfind(']');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (!has_port) return port == Port::kOptional && is_host(text);
  const auto number = parse_decimal(text.substr(colon + 1));
  return number && *number >= 1 && *number <= 65535 && is_host(text.substr(0, colon));
}

class NotifyRules {
 public:
  NotifyRules(const Config& config, const Path& path,
              const std::function<void(std::string_view, std::string)>& add)
      : config_(config), path_(path), add_(add) {}

  void run() const {
    const std::string_view way = choice_of(path_.key());
    if (way == "mail") mail();
    if (way == "webhook") webhook();
    if (way == "script") (void)has("program");
  }

 private:
  [[nodiscard]] std::string value(std::string_view field) const {
    return config_.value(path_, std::string(field));
  }
  void violated(std::string text) const { add_(kRule, std::move(text)); }
  bool has(std::string_view field) const {
    if (!value(field).empty()) return true;
    violated(fmt::format("its {} is missing: set {}", field, field));
    return false;
  }

  void mail() const {
    if (has("server") && !is_host_and_port(value("server"), Port::kNeeded)) {
      violated(fmt::format("its server is {}: expected HOST:PORT", value("server")));
    }
    if (has("from") && !is_address(value("from"))) {
      violated(fmt::format("its from is {}: expected NAME@DOMAIN", value("from")));
    }
    if (has("to")) {
      const std::string to = value("to");
      const auto addresses = split_list(to);
      if (addresses.size() > kRecipientsMax) {
        violated(
            fmt::format("its to has {} addresses: expected {} at most, or a list of the mail "
                        "server's",
                        addresses.size(), kRecipientsMax));
      }
      for (const std::string_view address : addresses) {
        if (!is_address(address)) {
          violated(fmt::format("its to has {}: expected NAME@DOMAIN", address));
        }
      }
    }
    if (value("user").empty() != value("password").empty()) {
      violated("it has half of an account: set both user and password, or neither");
    }
    if (!value("password").empty() && value("tls") == "no") {
      violated("its password would go over the network in clear: set tls starttls");
    }
    may_be_told("password");
  }

  // A secret is for nobody but the one it was given by.
  void may_be_told(std::string_view secret) const {
    if (value(secret).empty() || value("verify") != "no") return;
    violated(
        fmt::format("its {} would go to whoever answers: set verify yes, and authorities where "
                    "the system's do not do",
                    secret));
  }

  // It is a secret, and no word of it is told.
  void webhook() const {
    may_be_told("bearer");
    if (!has("url") || value("url") == kHidden) return;
    const std::string url = value("url");
    const bool is_tls = url.starts_with("https://");
    if (!is_tls && !url.starts_with("http://")) {
      violated("its url is none: expected https://HOST/PATH");
    } else if (!std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f'; })) {
      violated("its url holds what no URL holds: write it with %20 and the like");
    } else {
      host_of(std::string_view(url).substr(url.find("://") + 3));
    }
    if (!is_tls && !value("bearer").empty()) {
      violated("its bearer would go over the network in clear: set an https url");
    }
  }

  void host_of(std::string_view rest) const {
    const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
    if (host.find('@') != std::string_view::npos) {
      violated("its url has an account in it: set bearer instead");
    } else if (!is_host_and_port(host, Port::kOptional)) {
      violated("its url names no host: expected https://HOST/PATH or https://HOST:PORT/PATH");
    }
  }

  const Config& config_;
  const Path& path_;
  const std::function<void(std::string_view, std::string)>& add_;
};

}  // namespace

void check_notification(const Config& config, const Path& path,
                        const std::function<void(std::string_view id, std::string text)>& add) {
  NotifyRules(config, path, add).run();
}

}  // namespace yoke::model
