// SPDX-License-Identifier: Apache-2.0
#include "mgmt/events/kinds.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace yoke::events {
namespace {

using log::Level;

// In the order of Kind. V-1xx the process, 2xx the configuration, 3xx the data plane, 4xx VIPs and
// servers, 5xx the disk, 6xx the machine, 7xx the ways to whom events and figures go.
constexpr std::array kKinds{
    KindRow{Kind::kStarted, "started", "V-101", Level::kNotice, "ca3cc926261e9e2d4aab8d091bde93b8",
            "The management plane has started", "show status"},
    KindRow{Kind::kStopped, "stopped", "V-102", Level::kNotice, "94e631f10991dfca69c4699296d47ba0",
            "The management plane was asked to end"},
    KindRow{Kind::kStartRefused, "start-refused", "V-103", Level::kError,
            "41ee115a06bcec511b62eb0d0bb45a96",
            "The management plane cannot start; the text says why (in the journal alone)"},
    KindRow{Kind::kBoardFile, "board-file", "V-104", Level::kWarning,
            "185f15a805accbdd35ff51a302e42475",
            "The board file has a mistake; the unit is named after its host meanwhile"},
    KindRow{Kind::kCommit, "commit", "V-201", Level::kNotice, "bd139d61d018cb4ebbfe59c6aa75ad9a",
            "A revision was committed", "show history"},
    KindRow{Kind::kCommitConfirmed, "commit-confirmed", "V-202", Level::kNotice,
            "414c6991235df1f46a2683e04ccad128", "The commit that waited was confirmed",
            "show history"},
    KindRow{Kind::kCommitUndone, "commit-undone", "V-203", Level::kWarning,
            "0eae86762baa0718590e62f7ca6592c9",
            "A commit was undone: rejected, or not confirmed in time", "show history"},
    KindRow{Kind::kCommitReverted, "commit-reverted", "V-204", Level::kError,
            "403c7f57d052c448ba33d94f6b721387",
            "The data plane did not take a commit; what was before is back", "show history"},
    KindRow{Kind::kCommitNotUndone, "commit-not-undone", "V-205", Level::kError,
            "28f28add8fee6f615e0638703cd78fde",
            "A commit whose time is up cannot be undone yet; it is tried again", "show log"},
    KindRow{Kind::kCommitWaits, "commit-waits", "V-206", Level::kNotice,
            "27f3de9de00dd393fe59cb1785289830", "A commit waits for its confirmation", "confirm"},
    KindRow{Kind::kCommitSettled, "commit-settled", "V-207", Level::kInfo,
            "3b3c0db63855eb8395c36492c8d82123", "No commit waits for a confirmation any more",
            "show history"},
    KindRow{Kind::kRevertWaiting, "revert-waiting", "V-208", Level::kWarning,
            "e8c08013b9543cffdfd4785092c5497c",
            "What was before a commit is activated once the data plane answers", "show status"},
    KindRow{Kind::kConfigurationApplied, "configuration-applied", "V-209", Level::kNotice,
            "ed7d005b5ceb8be85bd3f4cdd8b23959", "The data plane was given what is committed",
            "show status"},
    KindRow{Kind::kCommitScheduled, "commit-scheduled", "V-210", Level::kNotice,
            "49042af8dcaa407b91fb1e16166e65f6", "A commit is to be made at a time to come",
            "show status"},
    KindRow{Kind::kCommitCancelled, "commit-cancelled", "V-211", Level::kNotice,
            "4cd5d40770dd9f935a59d9732656f921", "A commit that was scheduled was cancelled",
            "show status"},
    KindRow{Kind::kScheduledCommitGivenUp, "scheduled-commit-given-up", "V-212", Level::kError,
            "477c2158d396c8d52a0755772689da50",
            "A commit that was scheduled is not made; the text says why", "show history"},
    KindRow{Kind::kLockTaken, "lock-taken", "V-213", Level::kNotice,
            "7a178a351dae3a7595108728d5655894",
            "Somebody took configure exclusive from somebody else", "show log"},
    KindRow{Kind::kRestored, "restored", "V-214", Level::kNotice,
            "da359ce1f7294f93a248f6e9ce21ad57",
            "What a backup holds became somebody's candidate; nothing is committed yet",
            "show history"},
    KindRow{Kind::kUndoneNotStored, "undone-not-stored", "V-215", Level::kError,
            "0d8e4f6b7c214a539be1d2a0f3c67e58",
            "A commit is undone where it runs, and the store takes no writes to hold that: nothing "
            "can be committed until it does",
            "show status"},
    KindRow{Kind::kUndoneStored, "undone-stored", "V-216", Level::kNotice,
            "b7f15a2e90c84d6c8a3be94d01f2c7a6", "The store holds what runs again", "show history"},
    KindRow{Kind::kDataPlaneConnected, "dataplane-connected", "V-301", Level::kNotice,
            "abb1d08c2cb15165ef6e44366f9d1eb9", "The data plane runs what is committed",
            "show status"},
    KindRow{Kind::kDataPlaneLost, "dataplane-lost", "V-302", Level::kError,
            "b2149ac327364945605ba979d9656b98", "The data plane does not answer", "show log"},
    KindRow{Kind::kDataPlaneNotInStep, "dataplane-not-in-step", "V-303", Level::kWarning,
            "2d855f32f19f0480698445fa6c62bc49",
            "The data plane does not run what is committed; the text says why", "show log"},
    KindRow{Kind::kLinkDown, "link-down", "V-304", Level::kError,
            "00e1cd8501cf072cfbbed6aa22f23d62", "A data port has no link", "show interface"},
    KindRow{Kind::kLinkUp, "link-up", "V-305", Level::kNotice, "1d85fea89e98da84643a73106a971250",
            "A data port has its link again", "show interface"},
    KindRow{Kind::kFlowTableHigh, "flow-table-high", "V-306", Level::kWarning,
            "077c675291170fd0058eae8178605578",
            "The flow table is 90 % full; when it is full new flows are dropped", "show traffic"},
    KindRow{Kind::kFlowTableNormal, "flow-table-normal", "V-307", Level::kNotice,
            "84b27429d0be2615e8e942d35c70a310", "The flow table is below 80 % again",
            "show traffic"},
    KindRow{Kind::kPortMapPending, "port-map-pending", "V-308", Level::kWarning,
            "7ad8455b626e80bc8efa2e014caa681f",
            "Ports were committed that the data plane has from its next start on", "show port"},
    KindRow{Kind::kPortMapInUse, "port-map-in-use", "V-309", Level::kNotice,
            "910006e9cdad50d5df1f893c6a09fca2", "The data plane has the ports that are committed",
            "show port"},
    KindRow{Kind::kPortNotAsConfigured, "port-not-as-configured", "V-310", Level::kError,
            "97b177e8208836df3b2f5b3fcdaa3a9f",
            "A port is not as it is configured, its device or the file of the port map being "
            "unusable: it is as the board file says, or left out",
            "show port"},
    KindRow{Kind::kPortAsConfigured, "port-as-configured", "V-311", Level::kNotice,
            "c798df882a634f00dc47630616e92b4a", "A port is as it is configured again", "show port"},
    KindRow{Kind::kPortMapUnwritten, "port-map-unwritten", "V-312", Level::kError,
            "55ed07c68d36c291e3e2314e62f5654d",
            "The file by which the data plane starts cannot be written; it is tried again",
            "show port"},
    KindRow{Kind::kPortMapWritten, "port-map-written", "V-313", Level::kNotice,
            "68478b184d5371c7160055656fd3b8f3",
            "The file by which the data plane starts holds what is committed again"},
    KindRow{Kind::kServerUp, "server-up", "V-401", Level::kNotice,
            "84fabefef757aab1d5714502e1f78667", "A server passes its checks and takes flows",
            "show pool {POOL}"},
    KindRow{Kind::kServerDown, "server-down", "V-402", Level::kWarning,
            "4735952e77f1bf5ee07dd02f056cbd29", "A server fails its checks and takes no flows",
            "show check {POOL} {SERVER}"},
    KindRow{Kind::kVipDown, "vip-down", "V-403", Level::kError, "dd2b6dc0113ff2f948b0ff27888e0752",
            "No server of a VIP's pool takes flows", "show pool {POOL}"},
    KindRow{Kind::kVipUp, "vip-up", "V-404", Level::kNotice, "1e82a33d2fc039cbcffcc9ec92f94837",
            "A VIP has a server again", "show pool {POOL}"},
    KindRow{Kind::kCheckNotTried, "check-not-tried", "V-405", Level::kWarning,
            "d18a2120018d638723aee05650fd72f1",
            "A check cannot be made, so that its servers stay as they are; the text says why",
            "show check {POOL}"},
    KindRow{Kind::kCheckTried, "check-tried", "V-406", Level::kNotice,
            "a96715ad576428f74b4df3a4be578d35", "A check is made again, or is gone",
            "show check {POOL}"},
    KindRow{Kind::kVipLimited, "vip-limited", "V-407", Level::kWarning,
            "beaf3dea086c4b8c8cbd3ae90acce8b6",
            "A VIP refuses new flows, having reached its max-flows or its new-flow-rate",
            "show traffic {VIP}"},
    KindRow{Kind::kVipUnlimited, "vip-unlimited", "V-408", Level::kNotice,
            "d99734a003f8462ea40c4e71aa03c753",
            "A VIP has refused nobody by its limits for a minute", "show traffic {VIP}"},
    KindRow{Kind::kCertificateExpires, "certificate-expires", "V-409", Level::kWarning,
            "7b1104b23a9935f5b698eaf338229eaf",
            "A check sees a certificate that has ended, or ends within the check's warn-days",
            "show check {POOL}"},
    KindRow{Kind::kCertificateRenewed, "certificate-renewed", "V-410", Level::kNotice,
            "8ddd3ed40c6d0d1e02f9f3ccea4a4ec2",
            "All certificates that a check sees last long enough again, or the check is gone",
            "show check {POOL}"},
    KindRow{Kind::kDiskLow, "disk-low", "V-501", Level::kWarning,
            "dd7fedac830f591c479b967ca6519e71", "The file system of the store is nearly full",
            "show backup"},
    KindRow{Kind::kDiskNormal, "disk-normal", "V-502", Level::kNotice,
            "5e5deac62e1b86316d113378302df6a5", "The file system of the store has room again"},
    KindRow{Kind::kStoreUnwritable, "store-unwritable", "V-503", Level::kError,
            "5be96e33274d91e93efcdf1335f597e2",
            "The store takes no writes, its disk being full, read-only or failing: commits fail",
            "show status"},
    KindRow{Kind::kStoreWritable, "store-writable", "V-504", Level::kNotice,
            "11d3aff33dbbc4f23ac847edf15008ee", "The store takes writes again"},
    KindRow{Kind::kStoreNew, "store-new", "V-512", Level::kError,
            "6c0a3f1d9be2477fa1c58e0d94b7263e",
            "The data plane runs a configuration of which the store, begun anew, holds nothing: it "
            "goes on, and servers are not checked",
            "show backup"},
    KindRow{Kind::kStoreKnown, "store-known", "V-513", Level::kNotice,
            "a91b5c07d2e84f63b4de17520c8f3a96",
            "The data plane runs what is committed, or nothing"},
    KindRow{Kind::kStoreDamaged, "store-damaged", "V-514", Level::kError,
            "6f4d8824478c46fd98d04074d781cac6",
            "A file of the store is damaged on the disk, which the next start would refuse; what "
            "runs goes on",
            "export set secrets"},
    KindRow{Kind::kStoreWhole, "store-whole", "V-515", Level::kNotice,
            "b555e05e2ea145dfae2815bc3b7e57ce", "The files of the store are whole"},
    KindRow{
        Kind::kPairRole, "pair-role", "V-801", Level::kNotice, "3ceaaf308142c8ea91d93080f9b439fc",
        "What this unit is for a group has changed: it holds it, stands by, or may not", "show ha"},
    KindRow{Kind::kPairAway, "pair-away", "V-802", Level::kError,
            "9dfb369bab13dfae627655daa05f1119",
            "yoke-pair does not answer or does not follow its settings: VIPs may not be "
            "taken over",
            "show ha"},
    KindRow{Kind::kPairAnswers, "pair-answers", "V-803", Level::kNotice,
            "6301bbfca0c5154e0ff9bb510944fe0c", "yoke-pair answers and follows its settings"},
    KindRow{Kind::kPairJeopardy, "pair-jeopardy", "V-804", Level::kWarning,
            "6fced11d2bd8a1e6047a8387cdde8d51",
            "One way to the peer is left: if it fails too, the peer is taken for dead", "show ha"},
    KindRow{Kind::kPairRedundant, "pair-redundant", "V-805", Level::kNotice,
            "3a124c647e02ff05b7c1dce27f7695f5",
            "The peer is heard on several ways again, or on none"},
    KindRow{Kind::kPeerSilent, "peer-silent", "V-806", Level::kError,
            "66080f174c96d8e25cbd0ba3a1a6bcde",
            "The peer is silent on every way: nobody would take over from this unit", "show ha"},
    KindRow{Kind::kPeerHeard, "peer-heard", "V-807", Level::kNotice,
            "b120a366f0bbe9cf42f2dc05873f9bd0", "The peer is heard again"},
    KindRow{Kind::kPairFault, "pair-fault", "V-808", Level::kWarning,
            "78b7d0ac84773ce0ce4cda11b43c589b",
            "Something is wrong between the units, as the alarm says", "show ha"},
    KindRow{Kind::kPairFaultOver, "pair-fault-over", "V-809", Level::kNotice,
            "2330fcf1562ae4b848668d77e827062c", "It is right again"},
    KindRow{Kind::kTrackDown, "track-down", "V-825", Level::kWarning,
            "2bbb99ecc66b422188b7f56abdc1f6bf",
            "Something that this unit tracks is down, by which it may lose its VIPs to its peer",
            "show ha track"},
    KindRow{Kind::kTrackUp, "track-up", "V-826", Level::kNotice, "d3434a713ec743e2bcf7d3609b62989a",
            "What this unit tracks is up again, or tracked no more", "show ha track"},
    KindRow{Kind::kTrackNotTried, "track-not-tried", "V-827", Level::kWarning,
            "ac1819f277ea4d5c8c414ff17443d418",
            "What is tracked cannot be looked at, so that it counts as before; the text says why",
            "show ha track"},
    KindRow{Kind::kTrackTried, "track-tried", "V-828", Level::kNotice,
            "2f6bcdceeeea46f4bccc307733436218", "It is looked at again", "show ha track"},
    KindRow{Kind::kConfigUnreplicated, "config-unreplicated", "V-810", Level::kWarning,
            "b2adb12eb40dfc9ecdf994ee1c8ebe37",
            "A commit is on this unit alone: if the other takes over, it is without it",
            "show ha config"},
    KindRow{Kind::kConfigReplicated, "config-replicated", "V-811", Level::kNotice,
            "39ba64c5f63ccaad521923f2bd591d34", "Both units have the same configuration again"},
    KindRow{Kind::kConfigDiverged, "config-diverged", "V-812", Level::kWarning,
            "0e498dcdf09c99ba8727a984db80413d",
            "Both units had committed what the other had not: what gave way is kept as a branch",
            "show ha branches"},
    KindRow{Kind::kConfigUnited, "config-united", "V-813", Level::kNotice,
            "9a8636c212d9241e61fb184fbf8f9266", "There is one history again"},
    KindRow{Kind::kConfigNotFollowed, "config-not-followed", "V-814", Level::kWarning,
            "63cc90b87819e56332c6b04763497a0e",
            "What the other unit has committed cannot be taken over here: are both of one release?",
            "show ha config"},
    KindRow{Kind::kConfigFollowed, "config-followed", "V-815", Level::kNotice,
            "1a3c53423e7f08f980ab2b2086cb659b", "What the other unit commits is taken over again"},
    KindRow{Kind::kConfigTaken, "config-taken", "V-816", Level::kNotice,
            "7657a1e0169f98fe73202e9d904ac025",
            "A revision that the other unit has made is committed here, too", "show history"},
    KindRow{
        Kind::kPairRequest, "pair-request", "V-820", Level::kNotice,
        "3e085bc36103ec5f6faabd20f1e239a9",
        "Somebody has asked for a pairing, or confirmed, rejected or ended one, or seen or dropped "
        "a branch",
        "show ha pairing"},
    KindRow{Kind::kPairAttempt, "pair-attempt", "V-821", Level::kWarning,
            "bc0ae0a906c1d3525f9566a5ff4a68ad",
            "Two units, this being one, may be paired: a person is to compare the code on both",
            "show ha pairing"},
    KindRow{Kind::kPairPaired, "pair-paired", "V-822", Level::kNotice,
            "daf59d0a5e633377ef8769999257095b", "This unit has the key of a pair",
            "show ha pairing"},
    KindRow{Kind::kPairFailed, "pair-failed", "V-823", Level::kWarning,
            "38b25c0ec64f4f57b77cd19e5834a31c", "A pairing came to nothing", "show ha pairing"},
    KindRow{Kind::kPairForgotten, "pair-forgotten", "V-824", Level::kNotice,
            "d3afc6df0e405ccd08a80d630b604d8a", "This unit has forgotten the key of its pair",
            "show ha pairing"},
    KindRow{Kind::kEventLogFailed, "event-log-failed", "V-505", Level::kWarning,
            "be42a32e7288a89040ed1e2ce80dccac",
            "Events cannot be written to the event log; the latest are held in memory", "show log"},
    KindRow{Kind::kEventLogWritten, "event-log-written", "V-506", Level::kNotice,
            "a30dc4794395a61a6bc46cf17513a748", "Events are written to the event log again",
            "show log"},
    KindRow{Kind::kEventLogReplaced, "event-log-replaced", "V-507", Level::kWarning,
            "c7761817d4772aca03a0392208ebe84f",
            "The event log was damaged or foreign; it was put aside and a new one begun",
            "show log"},
    KindRow{Kind::kEventsLost, "events-lost", "V-508", Level::kWarning,
            "76b8f609132d5f3ddcb776d0ea582aae",
            "More events than memory holds came while none could be written; the journal has them",
            "show log"},
    KindRow{Kind::kBackupMade, "backup-made", "V-509", Level::kNotice,
            "72f7692090d54a57a9bb5599c2228d2c", "A backup was made, and sent where it is to go",
            "show backup"},
    KindRow{Kind::kBackupFailed, "backup-failed", "V-510", Level::kError,
            "dd2b6e3c095749e6845a12de01bba665",
            "A backup could not be made or sent; the text says why", "show backup"},
    KindRow{Kind::kBackupNotRemoved, "backup-not-removed", "V-511", Level::kWarning,
            "e01796c2d483450aad3001f1a4970f87",
            "A backup whose time is over could not be removed, here or where it was sent",
            "show backup"},
    KindRow{
        Kind::kClockBehind, "clock-behind", "V-601", Level::kWarning,
        "592ed8cdb9990f498e818a1511311770",
        "The clock stands before a commit of the history, and NTP does not keep it: times in logs "
        "and certificates are wrong",
        "show history"},
    KindRow{Kind::kClockRight, "clock-right", "V-602", Level::kNotice,
            "b69970c33104034064d111f6bfd4d05c",
            "The clock stands after the history again, or NTP keeps it"},
    KindRow{Kind::kSystemNotSet, "system-not-set", "V-603", Level::kWarning,
            "daf2a769a5abfcb567e6038a97e9d404",
            "Settings of the machine (time zone, NTP, DNS, banner, SSH keys) cannot be handed to "
            "its programs; it is tried again",
            "show system"},
    KindRow{Kind::kSystemSet, "system-set", "V-604", Level::kNotice,
            "ef5585c5e738c9624e90df3bc2db0576",
            "Settings of the machine are handed to its programs again"},
    KindRow{Kind::kInterfaceNotSet, "interface-not-set", "V-605", Level::kWarning,
            "9f67112135944d97a02204b5f5680714",
            "An interface or a route of the unit itself is not as configured, or has no link",
            "show address"},
    KindRow{Kind::kInterfaceSet, "interface-set", "V-606", Level::kNotice,
            "011eade3455a4bae929993a27aaa15d5",
            "An interface or a route of the unit itself is as configured again"},
    KindRow{Kind::kTemperatureHigh, "temperature-high", "V-607", Level::kWarning,
            "f6fadfa7e5c15b629362da5cc13da58a", "A temperature is above its limit",
            "show hardware"},
    KindRow{Kind::kTemperatureNormal, "temperature-normal", "V-608", Level::kNotice,
            "2c63888f28f004817e6ddce7a7ace732", "A temperature is well below its limit again",
            "show hardware"},
    KindRow{Kind::kTemperatureCritical, "temperature-critical", "V-609", Level::kError,
            "8a119b9e16bc17328f7b7676d015b0dc", "A temperature is so high that the box is at risk",
            "show hardware"},
    KindRow{Kind::kTemperatureSafe, "temperature-safe", "V-610", Level::kNotice,
            "bc67ba94637d6efa609e467ada679f81", "A temperature is no longer critical",
            "show hardware"},
    KindRow{Kind::kFanStopped, "fan-stopped", "V-611", Level::kError,
            "fab36728a78beb7e0787c0de2f960063", "A fan stands still, or turns too slowly",
            "show hardware"},
    KindRow{Kind::kFanTurns, "fan-turns", "V-612", Level::kNotice,
            "a712755f6cace4d519d5269512e74f7b", "A fan turns as it should again", "show hardware"},
    KindRow{Kind::kVoltageOff, "voltage-off", "V-613", Level::kWarning,
            "ac8efe121c5989f1ba2dde83458bfed0", "A voltage is outside its limits", "show hardware"},
    KindRow{Kind::kVoltageRight, "voltage-right", "V-614", Level::kNotice,
            "5796a670482c590e0d9782bfcdc83011", "A voltage is within its limits again",
            "show hardware"},
    KindRow{Kind::kSupplyLost, "supply-lost", "V-615", Level::kError,
            "0b80a25553a12945a93258ef7777682c", "A power supply is gone, off, or gives too little",
            "show hardware"},
    KindRow{Kind::kSupplyBack, "supply-back", "V-616", Level::kNotice,
            "45ac16b9c20dbc210f8a7abff2e91ac7", "A power supply is there again", "show hardware"},
    KindRow{Kind::kSensorSilent, "sensor-silent", "V-617", Level::kWarning,
            "dd2ee150d2840277789c1af40ce8fcc9",
            "A sensor that the board file names does not answer", "show hardware"},
    KindRow{Kind::kSensorAnswers, "sensor-answers", "V-618", Level::kNotice,
            "3c3ae353fb14628e90b401a6c1cc0aff", "A sensor answers again", "show hardware"},
    KindRow{Kind::kModulePowerLow, "module-power-low", "V-619", Level::kWarning,
            "b9c8b9ffe46ed627d419c7723226db94",
            "The module of an interface receives or sends less light than its maker wants",
            "show hardware"},
    KindRow{Kind::kModulePowerNormal, "module-power-normal", "V-620", Level::kNotice,
            "bbeeb6361d33bc6d96f0da847a2a3b87", "A module has light enough again, or no link",
            "show hardware"},
    KindRow{Kind::kDiskWorn, "disk-worn", "V-621", Level::kWarning,
            "68e58909ccb2b416525a56c9a30f4300",
            "Four fifths of the life of a disk are over: it is to be replaced", "show hardware"},
    KindRow{Kind::kDiskSound, "disk-sound", "V-622", Level::kNotice,
            "ff53a46f5ead703a84c4b877678537a3", "A worn disk is replaced", "show hardware"},
    KindRow{Kind::kWatchdogReset, "watchdog-reset", "V-623", Level::kError,
            "e179f773a6e0f3c09514b7dde2ad0478",
            "The watchdog has reset this machine within the last day: something hung",
            "show hardware"},
    KindRow{Kind::kWatchdogResetOver, "watchdog-reset-over", "V-624", Level::kNotice,
            "0c28cec1b94722af64b936976b4b76b0", "The last reset by the watchdog is a day ago",
            "show hardware"},
    KindRow{Kind::kHardwareUnwatched, "hardware-unwatched", "V-625", Level::kWarning,
            "a398d022d4351df48322905089933837",
            "Nobody looks at the hardware any more: yoke-hardware.service does not run, or hangs",
            "show hardware"},
    KindRow{Kind::kHardwareWatched, "hardware-watched", "V-626", Level::kNotice,
            "4c8b1eb44f1eaccf4372a2a784a67245", "The hardware is looked at again", "show hardware"},
    KindRow{Kind::kHttpFailed, "http-failed", "V-701", Level::kWarning,
            "d3fc63b8d00aeb5209d2dbd49f06df8b",
            "Metrics or the status page cannot be served where the configuration wants it",
            "show address"},
    KindRow{Kind::kHttpServes, "http-serves", "V-702", Level::kNotice,
            "fe5f895997c6a936c2d82eb6c75fa0e8", "Metrics or the status page are served again"},
    KindRow{Kind::kSyslogLost, "syslog-lost", "V-703", Level::kWarning,
            "f5fc72c6173c401c54abba9f39b4b405",
            "A log server cannot be reached; events for it wait in memory",
            "show configuration | match \"syslog {SYSLOG}\""},
    KindRow{Kind::kSyslogConnected, "syslog-connected", "V-704", Level::kNotice,
            "18796b187dba446c5c1b6044d4cc5a23", "A log server takes events again"},
    KindRow{Kind::kEventsNotSent, "events-not-sent", "V-705", Level::kWarning,
            "05692f18a32795039fb77fdc739e76d1",
            "Events that somebody should have been told were lost: more came than memory holds, or "
            "one was "
            "refused; the text says how many",
            "show alarm"},
    KindRow{Kind::kNotifyFailed, "notify-failed", "V-706", Level::kWarning,
            "66226bbbcdaa487d978ccf80786e9a1d",
            "Somebody who is to be told of events is not; it is tried again",
            "request notify {NOTIFY} test"},
    KindRow{Kind::kNotifyWorks, "notify-works", "V-707", Level::kNotice,
            "c85aa749210a419b82c7cdb605b64903",
            "Whoever is to be told of events is told again, or is not to be told any more"},
    KindRow{Kind::kNotifyTest, "notify-test", "V-708", Level::kNotice,
            "5d0b7b1e5c3c4c7b9a62f0e7a8d94f1e",
            "Somebody tries a notification; nobody but whoever it tells hears of it"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i].kind != static_cast<Kind>(i)) return false;
  }
  return true;
}
static_assert(in_order() && kKinds.back().kind == Kind::kNotifyTest);

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

// In a cell of a table, which a bar would end.
std::string quoted(std::string_view text) {
  if (text.empty()) return {};
  std::string cell = "`";
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell + "`";
}

}  // namespace

std::span<const KindRow> kinds() noexcept { return kKinds; }
std::span<const AlarmRow> alarm_kinds() noexcept { return kAlarms; }
const KindRow& row_of(Kind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

const AlarmRow& alarm_row_of(Kind kind) noexcept {
  return *std::ranges::find(kAlarms, kind, &AlarmRow::raised);
}

std::string_view word(log::Level level) noexcept {
  switch (level) {
    case Level::kError:
      return "error";
    case Level::kWarning:
      return "warning";
    case Level::kNotice:
      return "notice";
    case Level::kInfo:
      return "info";
    case Level::kDebug:
      break;
  }
  return "debug";
}

std::string reference() {
  std::string page =
      "# Events\n"
      "What `yoke-mgmt` tells: in the journal (`YOKE_EVENT`, `YOKE_CODE`, `MESSAGE_ID`), in `show "
      "log`, and as alarms in `show alarm`. Made from `kinds.cpp`.\n\n"
      "| event | code | level | meaning | to type next | MESSAGE_ID |\n|---|---|---|---|---|---|\n";
  for (const KindRow& row : kKinds) {
    page += "| `" + std::string(row.id) + "` | " + std::string(row.code) + " | " +
            std::string(word(row.level)) + " | " + std::string(row.meaning) + " | " +
            quoted(row.command) + " | " + quoted(row.message_id) + " |\n";
  }
  page += "\n## Alarms\n| raised by | cleared by |\n|---|---|\n";
  for (const AlarmRow& row : kAlarms) {
    page += "| " + quoted(row_of(row.raised).id) + " | " + quoted(row_of(row.cleared).id) + " |\n";
  }
  return page;
}

}  // namespace yoke::events
