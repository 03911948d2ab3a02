// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/check_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "mgmt/model/check_schema.h"
#include "mgmt/model/duration.h"

namespace yoke::model {
namespace {

// One check, asked one question a function. Owned by one call.
class CheckRules {
 public:
  CheckRules(const Config& config, const Path& path,
             const std::function<void(std::string_view, std::string)>& add)
      : config_(config), path_(path), kind_(choice_of(path.key())), add_(add) {}

  void run() const {
    times();
    account();
    tls();
    exchange();
    script();
  }

 private:
  [[nodiscard]] std::string value(std::string_view field) const {
    return config_.value(path_, std::string(field));
  }
  // Whether it was given something else than what it is by itself.
  [[nodiscard]] bool is_set(std::string_view field) const {
    const Field* known = find_field(*find_type("check"), field);
    return applies(*known, path_.key()) && value(field) != known->default_value;
  }

  void times() const {
    const std::string timeout = value("timeout");
    const std::string interval = value("interval");
    if (parse_duration(timeout) > parse_duration(interval)) {
      add_("E-205",
           fmt::format("its timeout of {} is longer than its interval of {}", timeout, interval));
    }
  }

  void account() const {
    if (kind_ == "redis") {
      // Redis knows passwords without users, and no users without passwords.
      if (is_set("user") && !is_set("password")) {
        add_("E-223", "its user needs a password: set password");
      }
      return;
    }
    if (is_set("user")) return;
    for (const std::string_view field : {"role", "lag-max", "password"}) {
      if (is_set(field)) add_("E-223", fmt::format("its {} needs an account: set user", field));
    }
  }

  void tls() const {
    const bool may_do_without = std::ranges::find(kTlsChoiceKinds, kind_) != kTlsChoiceKinds.end();
    if (!may_do_without || value("tls") == "yes") return;
    for (const std::string_view field : {"sni", "verify", "warn-days"}) {
      if (is_set(field)) add_("E-224", fmt::format("its {} needs TLS: set tls yes", field));
    }
  }

  void exchange() const {
    if (kind_ == "udp" && !is_set("send")) {
      add_("E-225", "it has nothing to send, so that no server would answer: set send");
    }
    if (is_set("body") && value("request") == "HEAD") {
      add_("E-225", "an answer to HEAD has no body: set request GET, or delete body");
    }
  }

  void script() const {
    if (kind_ == "script" && !is_set("program")) {
      add_("E-225", "it has no program to run: set program");
    }
  }

  const Config& config_;
  const Path& path_;
  std::string_view kind_;
  const std::function<void(std::string_view, std::string)>& add_;
};

}  // namespace

void check_settings(const Config& config, const Path& path,
                    const std::function<void(std::string_view id, std::string text)>& add) {
  CheckRules(config, path, add).run();
}

}  // namespace yoke::model
