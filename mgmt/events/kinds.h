// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "hal/base/log.h"

// Everything that yoke-mgmt has to tell, once: lines of the journal, the event log, alarms, syslog,
// notifications and the page that documents them all derive from this table. A name, a code or a
// MESSAGE_ID is never given a second meaning. Threads: constant data, any.
namespace yoke::events {

enum class Kind : std::uint8_t {
  kStarted,
  kStopped,
  kStartRefused,
  kBoardFile,
  kCommit,
  kCommitConfirmed,
  kCommitUndone,
  kCommitReverted,
  kCommitNotUndone,
  kCommitWaits,
  kCommitSettled,
  kRevertWaiting,
  kConfigurationApplied,
  kCommitScheduled,
  kCommitCancelled,
  kScheduledCommitGivenUp,
  kLockTaken,
  kRestored,
  kUndoneNotStored,
  kUndoneStored,
  kDataPlaneConnected,
  kDataPlaneLost,
  kDataPlaneNotInStep,
  kLinkDown,
  kLinkUp,
  kFlowTableHigh,
  kFlowTableNormal,
  kPortMapPending,
  kPortMapInUse,
  kPortNotAsConfigured,
  kPortAsConfigured,
  kPortMapUnwritten,
  kPortMapWritten,
  kServerUp,
  kServerDown,
  kVipDown,
  kVipUp,
  kCheckNotTried,
  kCheckTried,
  kVipLimited,
  kVipUnlimited,
  kCertificateExpires,
  kCertificateRenewed,
  kDiskLow,
  kDiskNormal,
  kStoreUnwritable,
  kStoreWritable,
  kStoreNew,
  kStoreKnown,
  kStoreDamaged,
  kStoreWhole,
  kPairRole,
  kPairAway,
  kPairAnswers,
  kPairJeopardy,
  kPairRedundant,
  kPeerSilent,
  kPeerHeard,
  kPairFault,
  kPairFaultOver,
  kTrackDown,
  kTrackUp,
  kTrackNotTried,
  kTrackTried,
  kConfigUnreplicated,
  kConfigReplicated,
  kConfigDiverged,
  kConfigUnited,
  kConfigNotFollowed,
  kConfigFollowed,
  kConfigTaken,
  kPairRequest,
  kPairAttempt,
  kPairPaired,
  kPairFailed,
  kPairForgotten,
  kPairRotating,
  kPairRotated,
  kPairRotationFailed,
  kEventLogFailed,
  kEventLogWritten,
  kEventLogReplaced,
  kEventsLost,
  kBackupMade,
  kBackupFailed,
  kBackupNotRemoved,
  kClockBehind,
  kClockRight,
  kSystemNotSet,
  kSystemSet,
  kInterfaceNotSet,
  kInterfaceSet,
  kTemperatureHigh,
  kTemperatureNormal,
  kTemperatureCritical,
  kTemperatureSafe,
  kFanStopped,
  kFanTurns,
  kVoltageOff,
  kVoltageRight,
  kSupplyLost,
  kSupplyBack,
  kSensorSilent,
  kSensorAnswers,
  kModulePowerLow,
  kModulePowerNormal,
  kDiskWorn,
  kDiskSound,
  kWatchdogReset,
  kWatchdogResetOver,
  kHardwareUnwatched,
  kHardwareWatched,
  kHttpFailed,
  kHttpServes,
  kSyslogLost,
  kSyslogConnected,
  kEventsNotSent,
  kNotifyFailed,
  kNotifyWorks,
  kNotifyTest,
};

// Of a kind that raises an alarm: who else tells of it.
enum class Telling : std::uint8_t {
  kSource,  // its source records the event as it happens, with the reason
  kAlarm,   // the alarm does, when it is raised and when it is cleared
};

struct KindRow {
  Kind kind;
  std::string_view id;    // "server-down": YOKE_EVENT
  std::string_view code;  // "V-402", the reason code
  log::Level level;
  std::string_view message_id;  // journald's
  std::string_view meaning;     // one sentence, no full stop
  // What to type next; {POOL} stands for the field of that name. Empty: nothing is to be done.
  std::string_view command = {};
};

// What raises an alarm and what clears it again.
struct AlarmRow {
  Kind raised;
  Kind cleared;
  Telling telling;
  // The fields of both events that say what it is wrong with; without, the unit.
  std::array<std::string_view, 2> subject = {};
};

[[nodiscard]] std::span<const KindRow> kinds() noexcept;
[[nodiscard]] std::span<const AlarmRow> alarm_kinds() noexcept;
[[nodiscard]] const KindRow& row_of(Kind kind) noexcept;
// `kind` raises one.
[[nodiscard]] const AlarmRow& alarm_row_of(Kind kind) noexcept;

[[nodiscard]] std::string_view word(log::Level level) noexcept;  // "warning"

// The page mgmt/events/EVENTS.md.
[[nodiscard]] std::string reference();

}  // namespace yoke::events
