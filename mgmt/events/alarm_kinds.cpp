// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "mgmt/events/kinds.h"

namespace yoke::events {
namespace {

constexpr std::array kAlarms{
    AlarmRow{Kind::kServerDown, Kind::kServerUp, Telling::kSource, {"POOL", "SERVER"}},
    AlarmRow{Kind::kVipDown, Kind::kVipUp, Telling::kAlarm, {"VIP"}},
    AlarmRow{Kind::kCheckNotTried, Kind::kCheckTried, Telling::kAlarm, {"POOL", "CHECK"}},
    AlarmRow{Kind::kVipLimited, Kind::kVipUnlimited, Telling::kAlarm, {"VIP"}},
    AlarmRow{
        Kind::kCertificateExpires, Kind::kCertificateRenewed, Telling::kAlarm, {"POOL", "CHECK"}},
    AlarmRow{Kind::kDataPlaneLost, Kind::kDataPlaneConnected, Telling::kSource},
    AlarmRow{Kind::kLinkDown, Kind::kLinkUp, Telling::kAlarm, {"PORT"}},
    AlarmRow{Kind::kFlowTableHigh, Kind::kFlowTableNormal, Telling::kAlarm},
    AlarmRow{Kind::kPortMapPending, Kind::kPortMapInUse, Telling::kAlarm},
    AlarmRow{Kind::kPortNotAsConfigured, Kind::kPortAsConfigured, Telling::kAlarm, {"PORT"}},
    AlarmRow{Kind::kPortMapUnwritten, Kind::kPortMapWritten, Telling::kAlarm},
    AlarmRow{Kind::kCommitWaits, Kind::kCommitSettled, Telling::kAlarm},
    AlarmRow{Kind::kUndoneNotStored, Kind::kUndoneStored, Telling::kAlarm},
    AlarmRow{Kind::kDiskLow, Kind::kDiskNormal, Telling::kAlarm},
    AlarmRow{Kind::kStoreUnwritable, Kind::kStoreWritable, Telling::kAlarm},
    AlarmRow{Kind::kStoreNew, Kind::kStoreKnown, Telling::kAlarm},
    AlarmRow{Kind::kStoreDamaged, Kind::kStoreWhole, Telling::kAlarm},
    AlarmRow{Kind::kPairAway, Kind::kPairAnswers, Telling::kAlarm},
    AlarmRow{Kind::kPairJeopardy, Kind::kPairRedundant, Telling::kAlarm, {"GROUP"}},
    AlarmRow{Kind::kPeerSilent, Kind::kPeerHeard, Telling::kAlarm, {"GROUP"}},
    AlarmRow{Kind::kPairFault, Kind::kPairFaultOver, Telling::kAlarm, {"GROUP", "FAULT"}},
    AlarmRow{Kind::kTrackDown, Kind::kTrackUp, Telling::kAlarm, {"TRACK"}},
    AlarmRow{Kind::kTrackNotTried, Kind::kTrackTried, Telling::kAlarm, {"TRACK"}},
    AlarmRow{Kind::kConfigUnreplicated, Kind::kConfigReplicated, Telling::kAlarm},
    AlarmRow{Kind::kConfigDiverged, Kind::kConfigUnited, Telling::kAlarm},
    AlarmRow{Kind::kConfigNotFollowed, Kind::kConfigFollowed, Telling::kAlarm},
    AlarmRow{Kind::kEventLogFailed, Kind::kEventLogWritten, Telling::kAlarm},
    AlarmRow{Kind::kBackupFailed, Kind::kBackupMade, Telling::kSource},
    AlarmRow{Kind::kClockBehind, Kind::kClockRight, Telling::kAlarm},
    AlarmRow{Kind::kSystemNotSet, Kind::kSystemSet, Telling::kAlarm, {"SETTING"}},
    AlarmRow{Kind::kInterfaceNotSet, Kind::kInterfaceSet, Telling::kAlarm, {"INTERFACE"}},
    AlarmRow{Kind::kTemperatureHigh, Kind::kTemperatureNormal, Telling::kAlarm, {"SENSOR"}},
    AlarmRow{Kind::kTemperatureCritical, Kind::kTemperatureSafe, Telling::kAlarm, {"SENSOR"}},
    AlarmRow{Kind::kFanStopped, Kind::kFanTurns, Telling::kAlarm, {"SENSOR"}},
    AlarmRow{Kind::kVoltageOff, Kind::kVoltageRight, Telling::kAlarm, {"SENSOR"}},
    AlarmRow{Kind::kSupplyLost, Kind::kSupplyBack, Telling::kAlarm, {"SENSOR"}},
    AlarmRow{Kind::kSensorSilent, Kind::kSensorAnswers, Telling::kAlarm, {"SENSOR"}},
    AlarmRow{Kind::kModulePowerLow, Kind::kModulePowerNormal, Telling::kAlarm, {"MODULE"}},
    AlarmRow{Kind::kDiskWorn, Kind::kDiskSound, Telling::kAlarm, {"DISK"}},
    AlarmRow{Kind::kWatchdogReset, Kind::kWatchdogResetOver, Telling::kAlarm, {"WATCHDOG"}},
    AlarmRow{Kind::kHardwareUnwatched, Kind::kHardwareWatched, Telling::kAlarm},
    AlarmRow{Kind::kHttpFailed, Kind::kHttpServes, Telling::kAlarm, {"HTTP"}},
    AlarmRow{Kind::kSyslogLost, Kind::kSyslogConnected, Telling::kAlarm, {"SYSLOG"}},
    AlarmRow{Kind::kNotifyFailed, Kind::kNotifyWorks, Telling::kAlarm, {"NOTIFY", "TO"}},
};

}  // namespace

std::span<const AlarmRow> alarm_kinds() noexcept { return kAlarms; }

const AlarmRow& alarm_row_of(Kind kind) noexcept {
  return *std::ranges::find(kAlarms, kind, &AlarmRow::raised);
}

}  // namespace yoke::events
