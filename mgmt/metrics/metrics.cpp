// SPDX-License-Identifier: Apache-2.0
#include "mgmt/metrics/metrics.h"

namespace yoke::metrics {
namespace {

constexpr std::array<Label, 3> kVip{{{"vip", "name"}}};
constexpr std::array<Label, 3> kServer{{{"pool", "pool"}, {"server", "server"}}};
constexpr std::array<Label, 3> kCheck{{{"pool", "pool"}, {"server", "server"}, {"check", "check"}}};
constexpr std::array<Label, 3> kGroup{{{"group", "group"}}};
constexpr std::array<Label, 3> kChannel{{{"channel", "way"}, {"interface", "interface"}}};
constexpr std::array<Label, 3> kStream{{{"stream", "stream"}}};
constexpr std::array<Label, 3> kUnit{{{"unit", "unit"}}};
constexpr std::array<Label, 3> kPort{{{"port", "name"}}};
constexpr std::array<Label, 3> kWorker{{{"worker", "worker"}}};

constexpr std::array<Label, 3> kSensor{{{"sensor", "name"}}};
constexpr std::array<Label, 3> kModule{{{"module", "name"}}};

constexpr Metric gauge(std::string_view name, std::string_view help, std::string_view object,
                       std::string_view key, std::array<Label, 3> labels = {}) {
  return {.name = name, .help = help, .object = object, .key = key, .labels = labels};
}

constexpr Metric is(Metric metric, std::string_view value) {
  metric.reading = Reading::kIs;
  metric.is = value;
  return metric;
}

constexpr Metric read(Metric metric, Reading reading) {
  metric.reading = reading;
  return metric;
}

constexpr Metric each(Metric metric, std::string_view label) {
  metric.reading = Reading::kEach;
  metric.each = label;
  return metric;
}

constexpr Metric counter(Metric metric, std::string_view fixed = {}) {
  metric.type = Type::kCounter;
  metric.fixed = fixed;
  return metric;
}

constexpr std::string_view kIn = R"(direction="in")", kOut = R"(direction="out")";
constexpr std::string_view kChannelFrames =
    "Frames received on the way to the peer, whoever sent them (in), and sent";
constexpr std::string_view kFlowRecords = "Records of flows heard from the peer (in) and told";
constexpr std::string_view kLetters =
    "Letters about the configuration received, whoever sent them (in), and sent";
constexpr std::string_view kVipPackets =
    "Packets of the VIP's flows, from clients (in) and to them";
constexpr std::string_view kVipBytes = "Bytes of the VIP's flows, from clients (in) and to them";
constexpr std::string_view kPortPackets = "Packets that the port received (in) and sent";
constexpr std::string_view kPortBytes = "Bytes that the port received (in) and sent";
constexpr std::string_view kPortErrors = "Packets that the port could not receive (in) or send";
constexpr std::string_view kWorkerPackets =
    "Packets by what a worker did with them: received or taken over, then sent, replied, punted to "
    "the kernel, handed over or dropped";

constexpr std::array kMetrics{
    Metric{.name = "yoke_build_info",
           .help = "The release that runs; always 1",
           .object = "version",
           .key = "version",
           .reading = Reading::kOne,
           .labels = {{{"version", "version"}}}},
    Metric{.name = "yoke_unit_info",
           .help = "The unit's name; always 1",
           .object = "status",
           .key = "unit",
           .reading = Reading::kOne,
           .labels = {{{"unit", "unit"}}}},
    gauge("yoke_management_uptime_seconds", "Since the management plane started", "status",
          "uptime_s"),
    is(gauge("yoke_dataplane_up", "Whether the data plane answers", "status", "dataplane"),
       "running"),
    gauge("yoke_dataplane_uptime_seconds", "Since the data plane started", "status",
          "dataplane_uptime_s"),
    gauge("yoke_config_revision", "Revision that is committed", "status", "revision"),
    gauge("yoke_dataplane_revision", "Revision that the data plane runs", "status",
          "revision_running"),
    Metric{.name = "yoke_commit_unconfirmed",
           .help = "Whether a commit waits for its confirmation",
           .object = "status",
           .key = "unconfirmed",
           .reading = Reading::kIsThere},
    gauge("yoke_alarms", "Alarms that stand", "status", "alarms_standing"),
    gauge("yoke_flows", "Flows remembered now", "status", "flows_open"),
    gauge("yoke_flows_capacity", "Flows that the flow table holds", "status", "flows_capacity"),
    is(gauge("yoke_vip_up", "Whether the VIP has a server that takes flows", "vip", "state", kVip),
       "up"),
    gauge("yoke_vip_servers", "Servers of the VIP's pool", "vip", "servers", kVip),
    gauge("yoke_vip_servers_up", "Servers of the VIP's pool that are up", "vip", "servers_up",
          kVip),
    gauge("yoke_vip_flows", "Flows of the VIP open now", "traffic", "flows_open", kVip),
    counter(gauge("yoke_vip_flows_opened_total", "Flows of the VIP ever opened", "traffic",
                  "flows_created", kVip)),
    counter(gauge("yoke_vip_packets_total", kVipPackets, "traffic", "packets_in", kVip), kIn),
    counter(gauge("yoke_vip_packets_total", kVipPackets, "traffic", "packets_out", kVip), kOut),
    counter(gauge("yoke_vip_bytes_total", kVipBytes, "traffic", "bytes_in", kVip), kIn),
    counter(gauge("yoke_vip_bytes_total", kVipBytes, "traffic", "bytes_out", kVip), kOut),
    Metric{.name = "yoke_vip_refused_total",
           .type = Type::kCounter,
           .help = "Packets that would have opened a flow and were refused, by reason: a list, a "
                   "limit of the VIP or of one client",
           .object = "traffic",
           .key = "refused",
           .reading = Reading::kEach,
           .each = "reason",
           .labels = kVip},
    is(gauge("yoke_server_up", "Whether the server is up and enabled", "server", "state", kServer),
       "up"),
    gauge("yoke_server_weight", "The server's share of new flows", "server", "weight", kServer),
    gauge("yoke_server_flows", "Flows of the server open now", "server", "flows_open", kServer),
    counter(gauge("yoke_server_flows_opened_total", "Flows of the server ever opened", "server",
                  "flows_created", kServer)),
    gauge("yoke_server_response_seconds",
          "How long the server takes to answer its checks, as the response-time scheduler goes by",
          "server", "response_s", kServer),
    counter(gauge("yoke_server_connections_answered_total",
                  "TCP connections that the server took (nat)", "connection", "answered", kServer)),
    counter(gauge("yoke_server_connections_refused_total",
                  "TCP connections that the server refused (nat)", "connection", "refused",
                  kServer)),
    counter(gauge("yoke_server_connections_unanswered_total",
                  "TCP connections whose SYN the server did not answer in time (nat)", "connection",
                  "unanswered", kServer)),
    counter(gauge("yoke_server_connections_reset_total",
                  "TCP connections that the server took and reset later (nat)", "connection",
                  "reset", kServer)),
    is(gauge("yoke_check_up", "Whether the check says that the server is up", "check", "state",
             kCheck),
       "up"),
    counter(gauge("yoke_check_failures_total", "Checks of the server that failed", "check",
                  "failures", kCheck)),
    gauge("yoke_check_certificate_end_timestamp_seconds",
          "When the certificate ends that the check saw of the server", "check", "certificate_end",
          kCheck),
    is(gauge("yoke_port_up", "Whether the data port has a link", "interface", "link", kPort), "up"),
    counter(gauge("yoke_port_packets_total", kPortPackets, "interface", "rx_packets", kPort), kIn),
    counter(gauge("yoke_port_packets_total", kPortPackets, "interface", "tx_packets", kPort), kOut),
    counter(gauge("yoke_port_bytes_total", kPortBytes, "interface", "rx_bytes", kPort), kIn),
    counter(gauge("yoke_port_bytes_total", kPortBytes, "interface", "tx_bytes", kPort), kOut),
    counter(gauge("yoke_port_errors_total", kPortErrors, "interface", "rx_errors", kPort), kIn),
    counter(gauge("yoke_port_errors_total", kPortErrors, "interface", "tx_errors", kPort), kOut),
    counter(gauge("yoke_port_missed_total",
                  "Packets that the port dropped because nobody took them", "interface",
                  "rx_missed", kPort)),
    counter(gauge("yoke_worker_packets_total", kWorkerPackets, "worker", "rx", kWorker),
            R"(what="received")"),
    counter(gauge("yoke_worker_packets_total", kWorkerPackets, "worker", "taken_over", kWorker),
            R"(what="taken_over")"),
    counter(gauge("yoke_worker_packets_total", kWorkerPackets, "worker", "tx", kWorker),
            R"(what="sent")"),
    counter(gauge("yoke_worker_packets_total", kWorkerPackets, "worker", "replied", kWorker),
            R"(what="replied")"),
    counter(gauge("yoke_worker_packets_total", kWorkerPackets, "worker", "punted", kWorker),
            R"(what="punted")"),
    counter(gauge("yoke_worker_packets_total", kWorkerPackets, "worker", "handed_over", kWorker),
            R"(what="handed_over")"),
    Metric{.name = "yoke_ha_role",
           .help = "The role that the unit has for the group, as a label; always 1",
           .object = "ha",
           .key = "role",
           .reading = Reading::kOne,
           .labels = {{{"group", "group"}, {"role", "role"}}}},
    read(gauge("yoke_ha_lease_held", "Whether the unit holds the group's lease, and so answers",
               "ha", "holds", kGroup),
         Reading::kFlag),
    read(gauge("yoke_ha_lease_seconds", "What is left of the lease", "ha", "lease_ms", kGroup),
         Reading::kMilli),
    gauge("yoke_ha_epoch", "Epoch of the lease; 0 where it is not held", "ha", "epoch", kGroup),
    read(gauge("yoke_ha_eligible", "Whether the unit may hold the group", "ha", "eligible", kGroup),
         Reading::kFlag),
    read(gauge("yoke_ha_ready", "Whether configuration and flows are in sync, for a takeover", "ha",
               "ready", kGroup),
         Reading::kFlag),
    read(gauge("yoke_ha_maintenance", "Whether the unit stands by until resume", "ha",
               "maintenance", kGroup),
         Reading::kFlag),
    gauge("yoke_ha_health", "Health by what is tracked, 255 at best", "ha", "health", kGroup),
    read(gauge("yoke_ha_jeopardy", "Whether only one way to the peer is left", "ha", "jeopardy",
               kGroup),
         Reading::kFlag),
    read(gauge("yoke_ha_peer_reachable",
               "Whether the peer was heard within the time after which it counts as dead", "ha",
               "peer_reachable", kGroup),
         Reading::kFlag),
    read(gauge("yoke_ha_peer_silence_seconds", "Since the peer was heard last", "ha",
               "peer_heard_ms", kGroup),
         Reading::kMilli),
    counter(gauge("yoke_ha_role_changes_total", "Changes of the unit's role for the group", "ha",
                  "role_changes", kGroup)),
    counter(each(
        gauge("yoke_ha_takeovers_total", "How often the unit came to hold the group, by reason",
              "ha", "takeovers", kGroup),
        "reason")),
    is(gauge("yoke_ha_channel_up", "Whether the way to the peer has a link", "ha-link", "link",
             kChannel),
       "up"),
    read(gauge("yoke_ha_channel_silence_seconds", "Since the peer was heard last on this way",
               "ha-link", "heard_ms", kChannel),
         Reading::kMilli),
    counter(gauge("yoke_ha_channel_frames_total", kChannelFrames, "ha-link", "received", kChannel),
            kIn),
    counter(gauge("yoke_ha_channel_frames_total", kChannelFrames, "ha-link", "sent", kChannel),
            kOut),
    counter(gauge("yoke_ha_channel_unsent_frames_total",
                  "Frames for the peer that could not be sent", "ha-link", "not_sent", kChannel)),
    counter(gauge("yoke_ha_frames_taken_total", "Authentic frames of the peer, of now", "ha-frames",
                  "taken", kStream)),
    counter(each(
        gauge("yoke_ha_frames_refused_total", "Frames that were not taken as the peer's, by reason",
              "ha-frames", "refused_by", kStream),
        "reason")),
    read(gauge("yoke_ha_late_seconds",
               "By how much the thread of the heartbeats was late at worst, since it started",
               "ha-frames", "late_us"),
         Reading::kMicro),
    read(gauge("yoke_ha_flows_whole", "Whether all flows that the peer has told of are here",
               "ha-frames", "whole"),
         Reading::kFlag),
    read(gauge("yoke_ha_flows_told", "Whether the peer has all flows that there are here",
               "ha-frames", "told"),
         Reading::kFlag),
    read(gauge("yoke_ha_flows_lag_seconds", "How far the peer is behind with flows", "ha-frames",
               "lag_us"),
         Reading::kMicro),
    counter(gauge("yoke_ha_flow_records_total", kFlowRecords, "ha-frames", "records_heard"), kIn),
    counter(gauge("yoke_ha_flow_records_total", kFlowRecords, "ha-frames", "records_told"), kOut),
    gauge("yoke_ha_config_revision", "Revision that the unit has, and that its peer says it has",
          "ha-config", "revision", kUnit),
    is(gauge("yoke_ha_config_alike", "Whether both units have the same configuration", "ha-config",
             "state", kUnit),
       "alike"),
    counter(gauge("yoke_ha_config_letters_total", kLetters, "ha-config", "received", kUnit), kIn),
    counter(gauge("yoke_ha_config_letters_total", kLetters, "ha-config", "sent", kUnit), kOut),
    counter(gauge("yoke_ha_config_letters_refused_total",
                  "Letters about the configuration that are not the peer's", "ha-config", "refused",
                  kUnit)),
    gauge("yoke_ha_key_age_seconds", "Age of the pair's key", "ha-pairing", "key_age_s"),
    Metric{.name = "yoke_ha_key_rotation",
           .help = "How far another key for the pair is, as a label; always 1",
           .object = "ha-pairing",
           .key = "rotation",
           .reading = Reading::kOne,
           .labels = {{{"phase", "rotation"}}}},
    Metric{.name = "yoke_dropped_packets_total",
           .type = Type::kCounter,
           .help = "Packets that a worker dropped, by reason",
           .object = "worker",
           .key = "drops",
           .reading = Reading::kEach,
           .each = "reason",
           .labels = kWorker},
    is(gauge("yoke_hardware_ok", "Whether it is as it should be: a sensor, supply, module, disk",
             "hardware", "state", {{{"part", "part"}, {"name", "name"}}}),
       "ok"),
    gauge("yoke_hardware_temperature_celsius", "Temperature that a sensor of the box tells",
          "hardware", "celsius", kSensor),
    gauge("yoke_hardware_fan_rpm", "Revolutions a minute of a fan", "hardware", "rpm", kSensor),
    gauge("yoke_hardware_voltage_volts", "Voltage that a sensor of the box tells", "hardware",
          "volts", kSensor),
    gauge("yoke_hardware_power_watts", "Power that a sensor of the box tells", "hardware", "watts",
          kSensor),
    is(gauge("yoke_hardware_supply_up", "Whether a power supply is there and gives power",
             "hardware", "supply", {{{"supply", "name"}}}),
       "there"),
    is(gauge("yoke_hardware_link_up", "Whether an interface of the kernel's has a link", "hardware",
             "link", {{{"interface", "name"}}}),
       "up"),
    gauge("yoke_hardware_module_temperature_celsius", "Temperature of an interface's module",
          "hardware", "module_celsius", kModule),
    gauge("yoke_hardware_module_rx_watts", "Light that an interface's module receives", "hardware",
          "rx_watts", kModule),
    gauge("yoke_hardware_module_tx_watts", "Light that an interface's module sends", "hardware",
          "tx_watts", kModule),
    gauge("yoke_hardware_disk_wear_ratio", "Part of a disk's life that is over", "hardware",
          "wear_ratio", {{{"disk", "name"}}}),
    gauge("yoke_hardware_watchdog_reset", "Whether the last reset was the watchdog's doing",
          "hardware", "reset", {{{"watchdog", "name"}}}),
};

}  // namespace

std::span<const Metric> metrics() noexcept { return kMetrics; }

}  // namespace yoke::metrics
