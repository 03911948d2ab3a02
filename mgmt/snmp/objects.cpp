// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/objects.h"

namespace yoke::snmp {
namespace {

using Words = std::string_view;
constexpr std::array<Words, 2> kManagement{"answering", "away"};
constexpr std::array<Words, 2> kDataPlane{"running", "unreachable"};
constexpr std::array<Words, 4> kVipStates{"up", "down", "disabled", "unknown"};
constexpr std::array<Words, 4> kServerStates{"up", "down", "draining", "unknown"};
constexpr std::array<Words, 2> kLinks{"up", "down"};
constexpr std::array<Words, 4> kLevels{"error", "warning", "notice", "info"};

constexpr std::array kUnit{
    Column{1, "management", Reading::kWord, kManagement},
    Column{2, "unit", Reading::kText},
    Column{3, "version", Reading::kText},
    Column{4, "revision"},
    Column{5, "revision_running"},
    Column{6, "dataplane", Reading::kWord, kDataPlane},
    Column{7, "dataplane_uptime_s"},
    Column{8, "vips"},
    Column{9, "vips_up"},
    Column{10, "servers"},
    Column{11, "servers_up"},
    Column{12, "servers_down"},
    Column{13, "flows_open"},
    Column{14, "flows_capacity"},
    Column{15, "alarms_standing"},
};

constexpr std::array kVip{
    Column{2, "address", Reading::kAddressType},
    Column{3, "address", Reading::kAddress},
    Column{4, "address", Reading::kPort},
    Column{5, "address", Reading::kProtocol},
    Column{6, "pool", Reading::kText},
    Column{7, "state", Reading::kWord, kVipStates},
    Column{8, "servers"},
    Column{9, "servers_up"},
    Column{10, "flows_open"},
    Column{11, "flows_created", Reading::kCounter64},
    Column{12, "packets_in", Reading::kCounter64},
    Column{13, "packets_out", Reading::kCounter64},
    Column{14, "bytes_in", Reading::kCounter64},
    Column{15, "bytes_out", Reading::kCounter64},
};

constexpr std::array kServer{
    Column{5, "state", Reading::kWord, kServerStates},
    Column{6, "weight"},
    Column{7, "flows_open"},
    Column{8, "flows_created", Reading::kCounter64},
    Column{9, "since_s"},
    Column{10, "check", Reading::kText},
};

constexpr std::array kPort{
    Column{2, "link", Reading::kWord, kLinks},    Column{3, "rx_packets", Reading::kCounter64},
    Column{4, "tx_packets", Reading::kCounter64}, Column{5, "rx_bytes", Reading::kCounter64},
    Column{6, "tx_bytes", Reading::kCounter64},   Column{7, "rx_missed", Reading::kCounter64},
    Column{8, "rx_errors", Reading::kCounter64},  Column{9, "tx_errors", Reading::kCounter64},
};

constexpr std::array kDrop{Column{2, "packets", Reading::kCounter64}};

constexpr std::array kAlarm{
    Column{2, "alarm", Reading::kText},          Column{3, "code", Reading::kText},
    Column{4, "level", Reading::kWord, kLevels}, Column{5, "subject", Reading::kText},
    Column{6, "text", Reading::kText},           Column{7, "raised", Reading::kDate},
    Column{8, "next", Reading::kText},
};

constexpr std::array<Group, kGroups> kAll{{
    {GroupId::kUnit, 1, Index::kNone, "", kUnit},
    {GroupId::kVip, 2, Index::kText, "name", kVip},
    {GroupId::kServer, 3, Index::kTextEndpoint, "pool", kServer},
    {GroupId::kPort, 4, Index::kText, "name", kPort},
    {GroupId::kDrop, 5, Index::kText, "reason", kDrop},
    {GroupId::kAlarm, 6, Index::kNumber, "number", kAlarm},
}};

}  // namespace

const std::array<Group, kGroups>& groups() noexcept { return kAll; }

const Group& group_of(GroupId id) noexcept { return kAll[static_cast<std::size_t>(id)]; }

}  // namespace yoke::snmp
