// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/show_rows.h"

namespace yoke::rpc {

Rows address_rows(const Question& question) {
  nlohmann::json rows = nlohmann::json::array();
  for (const AddressReport& report : question.unit().addresses()) {
    rows.push_back({{"interface", report.interface},
                    {"state", report.state},
                    {"mtu", report.mtu ? nlohmann::json(*report.mtu) : nlohmann::json()},
                    {"mac", report.mac},
                    {"address", report.address},
                    {"from", report.from}});
  }
  return rows;
}

Rows route_rows(const Question& question) {
  nlohmann::json rows = nlohmann::json::array();
  for (const RouteReport& report : question.unit().routes()) {
    rows.push_back({{"prefix", report.prefix},
                    {"gateway", report.gateway},
                    {"interface", report.interface},
                    {"metric", report.metric},
                    {"state", report.state},
                    {"from", report.from}});
  }
  return rows;
}

Rows port_rows(const Question& question) {
  nlohmann::json rows = nlohmann::json::array();
  for (const PortReport& report : question.unit().ports()) {
    rows.push_back({{"name", report.name},
                    {"device", report.device},
                    {"mtu", report.mtu ? nlohmann::json(*report.mtu) : nlohmann::json()},
                    {"from", report.from},
                    {"configured", report.configured},
                    {"state", report.state},
                    {"text", report.text}});
  }
  return rows;
}

}  // namespace yoke::rpc
