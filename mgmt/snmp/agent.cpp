// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/agent.h"

#include <sys/select.h>

// The library's headers want each other in this order.
// clang-format off
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>
// clang-format on

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "hal/base/log.h"

namespace yoke::snmp {
namespace {

using Oids = std::vector<oid>;

constexpr const char* kName = "yoke-snmp";
constexpr int kLookAgainSeconds = 5;  // for a snmpd that is away
constexpr int kAnswerSeconds = 3;     // that snmpd waits for an answer of ours

Oids mib(std::initializer_list<std::uint32_t> more) {
  Oids oids(kMib.begin(), kMib.end());
  oids.insert(oids.end(), more.begin(), more.end());
  return oids;
}

Oids below_objects(const Oid& name) {
  Oids oids = mib({kObjects});
  oids.insert(oids.end(), name.begin(), name.end());
  return oids;
}

// What follows yokeObjects. The library has no name above it searched for in what is ours.
Oid name_in(const netsnmp_variable_list& binding) {
  const std::size_t skipped = std::min(kMib.size() + 1, binding.name_length);
  Oid name;
  for (std::size_t i = skipped; i < binding.name_length; ++i) {
    name.push_back(static_cast<std::uint32_t>(binding.name[i]));
  }
  return name;
}

// An ASN.1 type and octets, as the library takes them.
struct Encoded {
  u_char type;
  std::vector<u_char> octets;
};

template <typename T>
std::vector<u_char> octets_of(const T& value) {
  const auto* const begin = reinterpret_cast<const u_char*>(&value);
  return {begin, begin + sizeof value};
}

Encoded encoded(const Value& value) {
  switch (value.syntax) {
    case Syntax::kInteger:
      return {ASN_INTEGER, octets_of(static_cast<long>(value.number))};
    case Syntax::kUnsigned:
      return {ASN_GAUGE, octets_of(static_cast<u_long>(value.number))};
    case Syntax::kCounter64: {
      struct counter64 parts {};
      parts.high = static_cast<u_long>(value.number >> 32U);
      parts.low = static_cast<u_long>(value.number & 0xffffffffU);
      return {ASN_COUNTER64, octets_of(parts)};
    }
    case Syntax::kOctets:
      break;
  }
  return {ASN_OCTET_STR, {value.octets.begin(), value.octets.end()}};
}

void answer(netsnmp_request_info& request, const Value& value) {
  const Encoded told = encoded(value);
  (void)snmp_set_var_typed_value(request.requestvb, told.type, told.octets.data(),
                                 told.octets.size());
}

void answer_get(netsnmp_agent_request_info* about, netsnmp_request_info& request,
                const Table& table) {
  const Oid name = name_in(*request.requestvb);
  if (const auto value = table.get(name)) {
    answer(request, *value);
  } else {
    (void)netsnmp_set_request_error(
        about, &request, table.has_object(name) ? SNMP_NOSUCHINSTANCE : SNMP_NOSUCHOBJECT);
  }
}

// Where nothing is answered, the library goes on behind what is ours.
void answer_next(netsnmp_request_info& request, const Table& table) {
  const Oid name = name_in(*request.requestvb);
  if (request.inclusive != 0) {
    if (const auto value = table.get(name)) return answer(request, *value);
  }
  const auto next = table.next(name);
  if (!next) return;
  const Oids oids = below_objects(next->oid);
  (void)snmp_set_var_objid(request.requestvb, oids.data(), oids.size());
  answer(request, next->value);
}

int handle(netsnmp_mib_handler* handler, netsnmp_handler_registration*,
           netsnmp_agent_request_info* about, netsnmp_request_info* requests) {
  const auto& served = *static_cast<const Agent::Served*>(handler->myvoid);
  const auto table = served.source->table(served.group->id);
  for (auto* request = requests; request != nullptr; request = request->next) {
    if (request->processed != 0) continue;
    if (!table) {  // an empty table would say that there is nothing
      (void)netsnmp_set_request_error(about, request, SNMP_ERR_GENERR);
      continue;
    }
    if (about->mode == MODE_GET) answer_get(about, *request, *table);
    if (about->mode == MODE_GETNEXT) answer_next(*request, *table);
  }
  return SNMP_ERR_NOERROR;
}

int on_link_up(int, int, void*, void* agent) {
  static_cast<Agent*>(agent)->on_link(true);
  return SNMP_ERR_NOERROR;
}

int on_link_down(int, int, void*, void* agent) {
  static_cast<Agent*>(agent)->on_link(false);
  return SNMP_ERR_NOERROR;
}

// That it looks for snmpd in vain is told once, by ourselves.
int on_log(int, int, void* message, void*) {
  const auto& said = *static_cast<const snmp_log_message*>(message);
  if (said.priority > LOG_WARNING) return SNMP_ERR_NOERROR;
  std::string_view text = said.msg;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  log::warning("snmp-library", text);
  return SNMP_ERR_NOERROR;
}

void choose(int which, bool value) {
  (void)netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, which, value ? 1 : 0);
}

}  // namespace

Agent::Agent(Source& source, std::string address) : address_(std::move(address)) {
  for (const Group& group : groups()) {
    served_[static_cast<std::size_t>(group.id)] = {&source, &group};
  }
  start_library();
  if (!is_connected_) on_link(false);
}

void Agent::start_library() {
  // Nothing is read from or written to anywhere: neither its configuration, nor modules.
  (void)::setenv("MIBS", "", 1);
  choose(NETSNMP_DS_LIB_DONT_READ_CONFIGS, true);
  choose(NETSNMP_DS_LIB_DONT_PERSIST_STATE, true);
  snmp_disable_log();
  snmp_enable_calllog();
  (void)snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, nullptr);
  constexpr int kAgent = NETSNMP_DS_APPLICATION_ID;
  (void)netsnmp_ds_set_boolean(kAgent, NETSNMP_DS_AGENT_ROLE, 1);  // a subagent
  (void)netsnmp_ds_set_boolean(kAgent, NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
  (void)netsnmp_ds_set_string(kAgent, NETSNMP_DS_AGENT_X_SOCKET, address_.c_str());
  (void)netsnmp_ds_set_int(kAgent, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, kLookAgainSeconds);
  (void)snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_link_up,
                               this);
  (void)snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_link_down,
                               this);
  (void)init_agent(kName);
  register_groups();
  init_snmp(kName);
}

void Agent::register_groups() {
  for (Served& served : served_) {
    const Oids root = mib({kObjects, served.group->number});
    auto* const made = netsnmp_create_handler_registration(kName, handle, root.data(), root.size(),
                                                           HANDLER_CAN_RONLY);
    if (made == nullptr) continue;  // no memory, and the next one ends the process
    made->handler->myvoid = &served;
    made->timeout = kAnswerSeconds;
    if (netsnmp_register_handler(made) != MIB_REGISTERED_OK) {
      log::error("snmp-not-served", "a part of the MIB is not taken by the library");
    }
  }
}

Agent::~Agent() {
  // The library would free what its callbacks are given.
  (void)snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_link_up,
                                 this, 1);
  (void)snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_link_down,
                                 this, 1);
  snmp_shutdown(kName);
}

void Agent::on_link(bool is_up) {
  is_connected_ = is_up;
  if (is_up) {
    was_told_absent_ = false;
    log::notice("snmp-connected", "snmpd at " + address_ + " takes what this unit tells");
  } else if (!std::exchange(was_told_absent_, true)) {
    log::warning("snmp-not-connected", "no snmpd that takes subagents at " + address_ +
                                           "; it is looked for until one does");
  }
}

bool Agent::serve(int stop_fd, std::chrono::milliseconds most) {
  const auto usec = std::chrono::microseconds(most).count();
  timeval limit{usec / 1'000'000, usec % 1'000'000};
  fd_set readable;
  FD_ZERO(&readable);
  int count = 0, may_wait_forever = 0;
  (void)snmp_select_info(&count, &readable, &limit, &may_wait_forever);
  FD_SET(stop_fd, &readable);
  const int ready = ::select(std::max(count, stop_fd + 1), &readable, nullptr, nullptr, &limit);
  const bool stops = ready > 0 && FD_ISSET(stop_fd, &readable);
  if (ready > 0) {
    FD_CLR(stop_fd, &readable);
    snmp_read(&readable);
  } else {
    snmp_timeout();
  }
  run_alarms();
  netsnmp_check_outstanding_agent_requests();
  return stops;
}

void Agent::tell(const AlarmBook::Change& change) {
  const Oids trap_oid{1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};  // snmpTrapOID.0
  const Oids what = mib({kNotifications, change.raised ? kAlarmRaised : kAlarmCleared});
  const Table table(group_of(GroupId::kAlarm), nlohmann::json::array({change.row}));
  const auto index = index_of(group_of(GroupId::kAlarm), change.row);
  if (!index) return;
  netsnmp_variable_list* bindings = nullptr;
  (void)snmp_varlist_add_variable(&bindings, trap_oid.data(), trap_oid.size(), ASN_OBJECT_ID,
                                  what.data(), what.size() * sizeof(oid));
  for (const Binding& binding : table.row(*index)) {
    const Oids name = below_objects(binding.oid);
    const Encoded value = encoded(binding.value);
    (void)snmp_varlist_add_variable(&bindings, name.data(), name.size(), value.type,
                                    value.octets.data(), value.octets.size());
  }
  send_v2trap(bindings);
  snmp_free_varbind(bindings);
}

}  // namespace yoke::snmp
