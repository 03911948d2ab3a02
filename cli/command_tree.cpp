// SPDX-License-Identifier: Apache-2.0
#include "cli/command_tree.h"

#include <algorithm>
#include <array>

namespace yoke::cli {
namespace {

using model::EditVerb;

constexpr std::array kVipName{
    Node{.word = "NAME", .help = "One VIP", .value = Value::kKey, .kind = "vip"}};
constexpr std::array kGroupName{
    Node{.word = "NAME", .help = "One group", .value = Value::kKey, .kind = "group"}};
constexpr std::array kPoolName{
    Node{.word = "NAME", .help = "One pool", .value = Value::kKey, .kind = "pool"}};
constexpr std::array kServerKey{
    Node{.word = "SERVER", .help = "One server", .value = Value::kKey, .kind = "server"}};
constexpr std::array kPoolServer{Node{
    .word = "NAME", .help = "One pool", .value = Value::kKey, .kind = "pool", .next = kServerKey}};
constexpr std::array kSecrets{
    Node{.word = "secrets", .help = "With passwords in clear, which are hidden otherwise"}};
constexpr std::array kCandidate{
    Node{.word = "candidate",
         .help = "As edited in this session, not yet committed",
         .next = kSecrets},
    Node{.word = "secrets", .help = "With passwords in clear, which are hidden otherwise"},
    Node{.word = "REVISION",
         .help = "As committed then",
         .value = Value::kNumber,
         .next = kSecrets}};
constexpr std::array kRevision{
    Node{.word = "REVISION", .help = "One revision, whole", .value = Value::kNumber}};
constexpr std::array kTested{
    Node{.word = "check",
         .help = "Checks of a pool, or of one server, as the candidate has them",
         .may_end = false,
         .next = kPoolServer}};

// Each choice may be followed by those after it.
constexpr std::array kEventName{
    Node{.word = "EVENT", .help = "Such as server-down", .value = Value::kWord}};
constexpr std::array kEvent{
    Node{.word = "event", .help = "Of this kind only", .may_end = false, .next = kEventName}};
constexpr std::array kLevels{
    Node{.word = "error", .help = "Errors only", .next = kEvent},
    Node{.word = "warning", .help = "Warnings and errors", .next = kEvent},
    Node{.word = "notice", .help = "All but what is of no consequence", .next = kEvent}};
constexpr std::array kGraver{
    kEvent[0],
    Node{.word = "level", .help = "As grave as this or graver", .may_end = false, .next = kLevels}};
constexpr std::array kAge{Node{.word = "DURATION",
                               .help = "How long ago, such as 30m or 48h",
                               .value = Value::kAge,
                               .next = kGraver}};
constexpr std::array kLogChoice{
    kGraver[0], kGraver[1],
    Node{.word = "since", .help = "Not longer ago than this", .may_end = false, .next = kAge}};
constexpr std::array kHaPart{
    Node{.word = "link", .help = "The ways to the peer, and what goes by them"},
    Node{.word = "frames", .help = "What came from the peer, and what was refused and why"},
    Node{.word = "config", .help = "Whether both units have the same configuration"},
    Node{.word = "track", .help = "What this unit tracks, and what of it is down"},
    Node{.word = "branches", .help = "What was committed here alone and gave way to the peer's"},
    Node{.word = "history", .help = "How roles changed, and why, the newest first"},
    Node{.word = "pairing", .help = "Who asks to be the other unit, and the code to compare"}};

constexpr std::array kObjects{
    Node{.word = "status", .help = "The unit at a glance"},
    Node{.word = "vip", .help = "VIPs: state, servers, flows", .next = kVipName},
    Node{.word = "group", .help = "Groups of VIPs that move together", .next = kGroupName},
    Node{.word = "pool", .help = "Pools, or the servers of one", .next = kPoolName},
    Node{.word = "server", .help = "Servers of all pools, or of one", .next = kPoolName},
    Node{.word = "check",
         .help = "Checks and what they last saw, or the probes of a server",
         .next = kPoolServer},
    Node{.word = "traffic", .help = "Packets, bytes and flows of each VIP", .next = kVipName},
    Node{.word = "connection",
         .help = "Connections that servers answered, refused, left or reset (nat)",
         .next = kPoolName},
    Node{.word = "interface", .help = "Data ports and their counters"},
    Node{.word = "port", .help = "Data ports: their devices, and what is configured"},
    Node{.word = "address", .help = "The unit's own interfaces and addresses"},
    Node{.word = "route", .help = "Where the unit itself sends packets"},
    Node{.word = "hardware", .help = "The box: sensors, supplies, modules, disks, watchdog"},
    Node{.word = "ha", .help = "The pair: who holds which group, and the peer", .next = kHaPart},
    Node{.word = "worker", .help = "Packets of each worker, and why some were dropped"},
    Node{.word = "alarm", .help = "What is wrong, since when, and what to type next"},
    Node{.word = "log", .help = "What has happened, the newest first", .next = kLogChoice},
    Node{.word = "history",
         .help = "Committed revisions: who, when, what; or one of them whole",
         .next = kRevision},
    Node{.word = "configuration", .help = "The configuration, as set-commands", .next = kCandidate},
    Node{.word = "backup", .help = "Backups that are kept on this unit"},
    Node{.word = "system", .help = "Settings of the machine: time zone, NTP, DNS, banner"},
    Node{.word = "version", .help = "Versions of the software"},
};

constexpr std::array kNoteText{
    Node{.word = "TEXT", .help = "Why, for the history", .value = Value::kText}};
constexpr std::array kNote{
    Node{.word = "note", .help = "Say why, for the history", .may_end = false, .next = kNoteText}};
constexpr std::array kJustWithin{
    Node{.word = "DURATION",
         .help = "How long to wait, such as 90s or 5m, which it is unless you say",
         .value = Value::kDuration}};
constexpr std::array kConfirmAfter{
    Node{.word = "confirm", .help = "Undo it unless confirmed in time", .next = kJustWithin}};
constexpr std::array kNoteFirst{Node{.word = "TEXT",
                                     .help = "Why, for the history; in quotes if more follows",
                                     .value = Value::kText,
                                     .next = kConfirmAfter}};
constexpr std::array kWithin{
    Node{.word = "note", .help = "Say why, for the history", .may_end = false, .next = kNoteText},
    Node{.word = "DURATION",
         .help = "How long to wait, such as 90s or 5m, which it is unless you say",
         .value = Value::kDuration,
         .next = kNote}};
constexpr std::array kHow{
    Node{.word = "confirm", .help = "Undo it unless confirmed in time", .next = kWithin},
    Node{.word = "note", .help = "Say why, for the history", .may_end = false, .next = kNoteFirst}};
constexpr std::array kTime{Node{.word = "TIME",
                                .help = "Such as 02:00 or 2026-12-01T02:00",
                                .value = Value::kMoment,
                                .next = kHow}};
constexpr std::array kCommit{
    kHow[0], kHow[1],
    Node{.word = "at", .help = "Make it at a time to come", .may_end = false, .next = kTime}};
constexpr std::array kRollback{Node{.word = "REVISION",
                                    .help = "What to bring back; see show history",
                                    .value = Value::kNumber,
                                    .next = kHow}};
constexpr std::array kDiffTo{
    Node{.word = "REVISION", .help = "To this revision", .value = Value::kNumber}};
constexpr std::array kDiffFrom{Node{.word = "REVISION",
                                    .help = "From this revision, to the candidate unless you say",
                                    .value = Value::kNumber,
                                    .next = kDiffTo}};
constexpr std::array kForce{
    Node{.word = "force", .help = "Though somebody else does, who no longer may"}};
constexpr std::array kExclusive{
    Node{.word = "exclusive", .help = "And nobody else edits until you leave it", .next = kForce}};
constexpr std::array kForms{
    Node{.word = "set", .help = "As set-commands", .next = kCandidate},
    Node{.word = "json", .help = "As a JSON document", .next = kCandidate},
    Node{.word = "schema", .help = "What such a document may hold, as a JSON Schema"},
    Node{.word = "manual", .help = "What every setting means, as Markdown"}};
constexpr std::array kPreferred{
    Node{.word = "mine", .help = "Where both changed the same, as I have it"},
    Node{.word = "theirs", .help = "Where both changed the same, as they have it"}};
constexpr std::array kPlace{Node{.word = "URL",
                                 .help = "sftp://USER@HOST/FOLDER or https://HOST/FOLDER",
                                 .value = Value::kWord}};
constexpr std::array kBackup{
    Node{.word = "to", .help = "And send it there", .may_end = false, .next = kPlace}};
constexpr std::array kRestored{Node{.word = "FILE",
                                    .help = "The path of a backup, or of a database of any release",
                                    .value = Value::kWord,
                                    .kind = kBackupFile}};
constexpr std::array kNotifyRequest{
    Node{.word = "test", .help = "Tell them that it is tried, and say what became of it"}};
constexpr std::array kNotified{Node{.word = "WAY[:NAME]",
                                    .help = "A notification, as it is committed",
                                    .value = Value::kKey,
                                    .kind = "notify",
                                    .may_end = false,
                                    .next = kNotifyRequest}};
constexpr std::array kForced{
    Node{.word = "force", .help = "Though nobody can take over: the VIPs are answered by nobody"}};
constexpr std::array kOneGroup{
    Node{.word = "NAME", .help = "The group, and no other", .value = Value::kKey, .kind = "group"}};
constexpr std::array kForcedGroup{Node{.word = "NAME",
                                       .help = "The group, and no other",
                                       .value = Value::kKey,
                                       .kind = "group",
                                       .next = kForced}};
constexpr std::array kOfGroup{
    Node{.word = "group", .help = "Of one group", .may_end = false, .next = kOneGroup}};
constexpr std::array kOfGroupForced{
    Node{.word = "group", .help = "Of one group", .may_end = false, .next = kForcedGroup},
    kForced[0]};
constexpr std::array kBranchRequests{
    Node{.word = "keep", .help = "It is seen and stays: the alarm ends"},
    Node{.word = "drop", .help = "It goes, for good"}};
constexpr std::array kBranchName{Node{.word = "NAME",
                                      .help = "As show ha branches has it",
                                      .value = Value::kWord,
                                      .may_end = false,
                                      .next = kBranchRequests}};
constexpr std::array kHaRequests{
    Node{.word = "branch",
         .help = "What was committed here alone and gave way to the peer's",
         .may_end = false,
         .next = kBranchName},
    Node{.word = "failover", .help = "Give what this unit holds to the peer", .next = kOfGroup},
    Node{.word = "standby",
         .help = "The same, and take nothing until resume, restarts included",
         .next = kOfGroupForced},
    Node{.word = "resume", .help = "Be able to take over again", .next = kOfGroup}};
constexpr std::array kPairAddress{
    Node{.word = "ADDRESS",
         .help = "192.0.2.1, 2001:db8::1 or fe80::1%eth1, of a unit that is not paired",
         .value = Value::kWord}};
constexpr std::array kPairCode{
    Node{.word = "CODE", .help = "The six digits that both units show", .value = Value::kWord}};
constexpr std::array kPairForce{Node{
    .word = "force", .help = "Though VIPs may be let go: the other unit has to forget it too"}};
constexpr std::array kPairRequests{
    Node{.word = "with",
         .help = "Ask another unit to be one of two with this one",
         .may_end = false,
         .next = kPairAddress},
    Node{.word = "confirm",
         .help = "Both units show this code: they are meant",
         .may_end = false,
         .next = kPairCode},
    Node{.word = "reject", .help = "The codes differ, or it is not wanted"},
    Node{.word = "forget", .help = "Have no other unit any more", .next = kPairForce},
    Node{.word = "rotate", .help = "Agree on another key; nothing stops for it"}};
constexpr std::array kRequests{
    Node{.word = "pair",
         .help = "Make two fresh units a pair, or end one; its key",
         .may_end = false,
         .next = kPairRequests},
    Node{.word = "ha",
         .help = "Let the pair's other unit work, or this one again",
         .may_end = false,
         .next = kHaRequests},
    Node{.word = "backup", .help = "Copy configuration and history to a file", .next = kBackup},
    Node{.word = "notify",
         .help = "Try whether whoever is to be told of events can be",
         .may_end = false,
         .next = kNotified},
    Node{.word = "restore",
         .help = "Make what a backup holds the candidate, to be looked at and committed",
         .may_end = false,
         .next = kRestored}};
constexpr std::array kTopicWords{
    Node{.word = "WORDS", .help = "As far as you would type them", .value = Value::kText}};
constexpr std::array kTopic{Node{.word = "COMMAND",
                                 .help = "More about one command",
                                 .value = Value::kCommand,
                                 .next = kTopicWords}};

constexpr std::array kVerbs{
    Verb{.node = {.word = "show", .help = "Show something", .may_end = false, .next = kObjects},
         .prints = true,
         .example = "show pool web"},
    Verb{.node = {.word = "export", .help = "The configuration, for apply", .next = kForms},
         .prints = true,
         .example = "export json | save web.json"},
    Verb{.node = {.word = "test",
                  .help = "Run checks now and tell what they see",
                  .may_end = false,
                  .next = kTested},
         .prints = true,
         .example = "test check web 192.0.2.11:80"},
    Verb{.node = {.word = "configure", .help = "Enter configuration mode", .next = kExclusive},
         .example = "configure"},
    Verb{.node = {.word = "set", .help = "Change the candidate configuration", .may_end = false},
         .use = Use::kConfig,
         .edit = EditVerb::kSet,
         .example = "set vip web 203.0.113.10:80/tcp pool web"},
    Verb{.node = {.word = "delete", .help = "Remove from the candidate", .may_end = false},
         .use = Use::kConfig,
         .edit = EditVerb::kDelete,
         .example = "delete pool web server 192.0.2.11:80"},
    Verb{.node = {.word = "rename", .help = "Give a record another name or key", .may_end = false},
         .use = Use::kConfig,
         .edit = EditVerb::kRename,
         .example = "rename pool web to shop"},
    Verb{.node = {.word = "copy", .help = "Make another record like one", .may_end = false},
         .use = Use::kConfig,
         .edit = EditVerb::kCopy,
         .example = "copy pool web to shop"},
    Verb{.node = {.word = "enable", .help = "Put a VIP or server into use"},
         .use = Use::kConfig,
         .edit = EditVerb::kEnable,
         .example = "enable vip web"},
    Verb{.node = {.word = "disable", .help = "Take a VIP or server out of use, and keep it"},
         .use = Use::kConfig,
         .edit = EditVerb::kDisable,
         .example = "disable pool web server 192.0.2.11:80"},
    Verb{.node = {.word = "edit",
                  .help = "Enter a record, where lines that edit then begin",
                  .may_end = false},
         .use = Use::kConfig,
         .edit = EditVerb::kEnter,
         .example = "edit pool web"},
    Verb{.node = {.word = "up", .help = "Leave the record entered last"},
         .use = Use::kConfig,
         .example = "up"},
    Verb{.node = {.word = "top", .help = "Leave all records entered"},
         .use = Use::kConfig,
         .example = "top"},
    Verb{.node = {.word = "diff",
                  .help = "What the candidate changes, or a revision",
                  .next = kDiffFrom},
         .prints = true,
         .example = "diff"},
    Verb{.node = {.word = "update",
                  .help = "Bring the candidate onto what others have committed",
                  .next = kPreferred},
         .use = Use::kConfig,
         .prints = true,
         .example = "update mine"},
    Verb{.node = {.word = "check", .help = "Whether the candidate breaks a rule"},
         .use = Use::kConfig,
         .prints = true,
         .example = "check"},
    Verb{.node = {.word = "commit", .help = "Put the candidate into use, durably", .next = kCommit},
         .use = Use::kConfig,
         .prints = true,
         .example = "commit confirm 5m note \"add vip web\""},
    Verb{.node = {.word = "cancel", .help = "Do not make the commit that is scheduled"},
         .prints = true,
         .example = "cancel"},
    Verb{.node = {.word = "confirm", .help = "Keep the commit that waits for it"},
         .prints = true,
         .example = "confirm"},
    Verb{.node = {.word = "reject", .help = "Undo the commit that waits to be confirmed"},
         .prints = true,
         .example = "reject"},
    Verb{.node = {.word = "rollback",
                  .help = "Put an old revision into use, as a new one",
                  .may_end = false,
                  .next = kRollback},
         .use = Use::kConfig,
         .prints = true,
         .example = "rollback 213"},
    Verb{.node = {.word = "discard", .help = "Forget the candidate's edits"}, .example = "discard"},
    Verb{.node = {.word = "request",
                  .help = "Have the unit do something",
                  .may_end = false,
                  .next = kRequests},
         .prints = true,
         .example = "request backup"},
    Verb{.node = {.word = "help", .help = "What can be typed", .next = kTopic},
         .prints = true,
         .example = "help set vip"},
    Verb{.node = {.word = "exit", .help = "Leave this mode, or the session"}, .example = "exit"},
};

constexpr std::array kPattern{
    Node{.word = "PATTERN", .help = "Extended regular expression", .value = Value::kPattern}};
constexpr std::array kFile{Node{
    .word = "FILE", .help = "Path of the file, replaced if it is there", .value = Value::kFile}};
constexpr std::array kCount{Node{.word = "N", .help = "How many", .value = Value::kNumber}};

constexpr std::array kPipes{
    Node{.word = "match", .help = "Only matching lines", .may_end = false, .next = kPattern},
    Node{.word = "except", .help = "No matching lines", .may_end = false, .next = kPattern},
    Node{.word = "begin",
         .help = "From the first matching line on",
         .may_end = false,
         .next = kPattern},
    Node{.word = "head", .help = "The first lines", .may_end = false, .next = kCount},
    Node{.word = "tail", .help = "The last lines", .may_end = false, .next = kCount},
    Node{.word = "count", .help = "How many lines"},
    Node{.word = "json", .help = "As JSON"},
    Node{.word = "save", .help = "Into a file", .may_end = false, .next = kFile},
};

}  // namespace

std::span<const Verb> verbs() noexcept { return kVerbs; }

const Verb* find_verb(std::string_view word) noexcept {
  const auto* const found =
      std::ranges::find_if(kVerbs, [&](const Verb& verb) { return verb.node.word == word; });
  return found == kVerbs.end() ? nullptr : found;
}

std::span<const Node> pipes() noexcept { return kPipes; }

}  // namespace yoke::cli
