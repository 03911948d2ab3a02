// SPDX-License-Identifier: Apache-2.0
#include "mgmt/web/page.h"

#include <algorithm>

#include "mgmt/web/assets.h"

namespace yoke::web {
namespace {

using nlohmann::json;

constexpr std::size_t kServersMax = 2000;
constexpr std::size_t kChangesShown = 10;
constexpr std::size_t kAlarmsShown = 20;

json at_most(json rows, std::size_t most) {
  if (rows.is_array() && rows.size() > most) {
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(most), rows.end());
  }
  return rows;
}

// What is missing is null, and an empty list where the page goes through it.
json list_of(const Rows& rows, std::string_view object, std::size_t most) {
  json list = rows(object);
  return list.is_array() ? at_most(std::move(list), most) : json::array();
}

json servers_of(const Rows& rows) {
  json servers = rows("server");
  if (!servers.is_array()) return json::array();
  if (servers.size() > kServersMax) {
    std::stable_partition(servers.begin(), servers.end(),
                          [](const json& server) { return server["state"] != "up"; });
  }
  return at_most(std::move(servers), kServersMax);
}

std::string status_text(const Rows& rows, std::chrono::system_clock::time_point now) {
  json status = rows("status");
  const json document = {
      {"at", std::chrono::duration<double>(now.time_since_epoch()).count()},
      {"status", status.is_array() && !status.empty() ? status[0] : json()},
      {"ha", rows("ha")},  // null: the unit stands alone, or yoke-pair is away
      {"ha_config", rows("ha-config")},
      {"vip", list_of(rows, "vip", kServersMax)},
      {"server", servers_of(rows)},
      {"traffic", rows("traffic")},
      {"interface", rows("interface")},
      {"worker", rows("worker")},
      {"alarm", list_of(rows, "alarm", kAlarmsShown)},
      {"history", list_of(rows, "history", kChangesShown)},
  };
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::optional<http::Answer> answer(std::string_view path, const Rows& rows,
                                   std::chrono::system_clock::time_point now) {
  if (path == "/") return http::Answer{"text/html; charset=utf-8", std::string(kPageHtml)};
  if (path == "/page.css") return http::Answer{"text/css; charset=utf-8", std::string(kPageCss)};
  if (path == "/page.js") {
    return http::Answer{"text/javascript; charset=utf-8", std::string(kPageJs)};
  }
  if (path == "/status.json") return http::Answer{"application/json", status_text(rows, now)};
  return std::nullopt;
}

const std::vector<std::pair<std::string, std::string>>& headers() {
  static const std::vector<std::pair<std::string, std::string>> kHeaders{
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src "
       "data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Frame-Options", "DENY"},
  };
  return kHeaders;
}

}  // namespace yoke::web
