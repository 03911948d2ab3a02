// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/mutants.h"

#include <algorithm>
#include <array>

namespace yoke::sim {
namespace {

using pair::Ack;
using pair::Epoch;
using pair::HandoffGo;
using pair::Heartbeat;
using pair::Rank;
using pair::Reason;
using pair::Resign;
using pair::Rules;
using pair::Span;
using pair::View;

const std::array kMutants{
    // -- the lease
    Mutant{.name = "lease-unchecked",
           .broken = "the data plane claims until it is told to stop",
           .quirks = [](Quirks& quirks) { quirks.lease_unchecked = true; }},
    Mutant{.name = "renew-after-lapse",
           .broken = "a unit whose lease has lapsed renews it by itself",
           .rules =
               [](Rules& rules) {
                 rules.lease_holds = [](const View&) { return true; };
                 rules.may_renew_alone = [](const View& view) {
                   return view.setup.rules->is_silent(view, view.setup.timers.heartbeat * 3 / 2);
                 };
               }},
    Mutant{.name = "renew-when-heard",
           .broken = "a unit renews by itself though its peer is heard and does not acknowledge",
           .rules =
               [](Rules& rules) {
                 rules.may_renew_alone = [](const View& view) {
                   return view.now < view.state.lease.until;
                 };
               }},
    Mutant{
        .name = "renew-never",
        .broken = "a unit whose peer is gone lets its lease lapse",
        .rules = [](Rules& rules) { rules.may_renew_alone = [](const View&) { return false; }; }},
    Mutant{.name = "lapse-unnoticed",
           .broken = "a unit whose lease has lapsed goes on as active",
           .rules = [](Rules& rules) { rules.lease_holds = [](const View&) { return true; }; }},
    Mutant{.name = "lease-from-ack",
           .broken = "the lease counts from the acknowledgement, not from what it acknowledges",
           .rules =
               [](Rules& rules) {
                 rules.granted_until = [](const View& view, MonoTime) {
                   return view.now + view.setup.timers.lease;
                 };
               }},
    Mutant{.name = "dead-below-lease",
           .broken = "a silent unit is taken for dead while its lease lasts",
           .adjust = [](Schedule& schedule) { schedule.timers.dead = schedule.timers.lease / 2; }},
    Mutant{.name = "lease-too-long",
           .broken = "the lease outlasts what the peer has promised",
           .adjust = [](Schedule& schedule) { schedule.timers.lease *= 3; }},
    Mutant{.name = "peers-timers-unheeded",
           .broken = "a unit waits for a peer with slower timers by its own",
           .rules =
               [](Rules& rules) {
                 rules.dead = [](const View& view) { return view.setup.timers.dead; };
               }},
    // -- two holders
    Mutant{
        .name = "higher-epoch-ignored",
        .broken = "a holder goes on though the peer holds a higher epoch",
        .rules = [](Rules& rules) { rules.yields_to = [](const View&, Epoch) { return false; }; }},
    Mutant{
        .name = "lower-epoch-obeyed",
        .broken = "a holder stops for a peer of a stale epoch",
        .rules = [](Rules& rules) { rules.yields_to = [](const View&, Epoch) { return true; }; }},
    Mutant{.name = "alone-unprobed",
           .broken = "a unit alone never asks whether another claims",
           .rules =
               [](Rules& rules) { rules.should_probe_alone = [](const View&) { return false; }; }},
    Mutant{.name = "old-heartbeat-believed",
           .broken = "what was heard before counts as news when it comes again",
           .rules =
               [](Rules& rules) {
                 rules.is_fresh = [](const View&, const Heartbeat&) { return true; };
               }},
    // -- taking over
    Mutant{.name = "promise-broken",
           .broken = "a unit claims within the time it has promised not to",
           .rules = [](Rules& rules) { rules.promise_over = [](const View&) { return true; }; }},
    Mutant{.name = "any-resign-frees",
           .broken = "an old Resign takes back a promise given since",
           .rules =
               [](Rules& rules) {
                 rules.frees_promise = [](const View&, const Resign&) { return true; };
               }},
    Mutant{.name = "silence-assumed",
           .broken = "the peer counts as silent though it is heard",
           .rules = [](Rules& rules) { rules.is_silent = [](const View&, Span) { return true; }; }},
    Mutant{.name = "unable-claims",
           .broken = "a unit without a data link takes over",
           .rules = [](Rules& rules) { rules.may_stand = [](const View&) { return true; }; }},
    Mutant{.name = "no-probe",
           .broken = "a candidate claims without asking",
           .rules = [](Rules& rules) { rules.has_probed = [](const View&) { return true; }; }},
    Mutant{.name = "late-look",
           .broken = "a candidate that stood still takes its answers for read",
           .rules =
               [](Rules& rules) {
                 rules.has_probed = [](const View& view) {
                   const auto& candidacy = view.state.candidacy;
                   return candidacy.probes >= view.setup.timers.probes &&
                          view.now - candidacy.probed_at >= view.setup.timers.probe_wait;
                 };
               }},
    Mutant{.name = "answer-ignored",
           .broken = "a candidate claims though its probe is answered (and nobody alone asks)",
           .rules =
               [](Rules& rules) {
                 rules.answer_stops = [](const View&) { return false; };
                 rules.should_probe_alone = [](const View&) { return false; };
               }},
    Mutant{
        .name = "probes-unanswered",
        .broken = "the data plane does not answer probes (and nobody alone asks)",
        .rules = [](Rules& rules) { rules.should_probe_alone = [](const View&) { return false; }; },
        .quirks = [](Quirks& quirks) { quirks.probes_unanswered = true; }},
    Mutant{
        .name = "nobody-gives-way",
        .broken = "of two candidates both go on",
        .rules =
            [](Rules& rules) { rules.gives_way = [](const View&, const Rank&) { return false; }; }},
    Mutant{
        .name = "both-give-way",
        .broken = "of two candidates both stop",
        .rules =
            [](Rules& rules) { rules.gives_way = [](const View&, const Rank&) { return true; }; }},
    Mutant{
        .name = "claim-unasked",
        .broken = "a candidate claims though the peer does not agree, is heard, and was promised",
        .rules =
            [](Rules& rules) {
              rules.right_to_claim = [](const View&) { return Reason::kNoAnswer; };
              rules.promise_over = [](const View&) { return true; };
            }},
    Mutant{.name = "hold-forgotten",
           .broken = "a restarted unit does not outwait what it promised before (nor a burst of a "
                     "peer's that it never heard)",
           .rules =
               [](Rules& rules) {
                 rules.has_probed = [](const View& view) {
                   const auto& candidacy = view.state.candidacy;
                   const Span waited = view.now - candidacy.probed_at;
                   return candidacy.probes >= view.setup.timers.probes &&
                          waited >= view.setup.timers.probe_wait &&
                          waited <= 2 * view.setup.timers.probe_wait;
                 };
               },
           .adjust =
               [](Schedule& schedule) {
                 schedule.timers.restart_hold = schedule.timers.boot_hold = Time::zero();
                 schedule.timers.unmet_hold = Time::zero();
               }},
    // -- epochs
    Mutant{.name = "epoch-shared",
           .broken = "epochs do not tell which unit minted them",
           .rules =
               [](Rules& rules) {
                 rules.mint = [](const View& view) {
                   return std::max(view.state.seen, view.state.floor) + 1;
                 };
               }},
    Mutant{
        .name = "epoch-unreserved",
        .broken = "a unit claims with an epoch that is not on disk",
        .rules = [](Rules& rules) { rules.is_reserved = [](const View&, Epoch) { return true; }; },
        .quirks = [](Quirks& quirks) { quirks.disk_slow = true; }},
    Mutant{.name = "epoch-unsynced",
           .broken = "the disk says synced and is not",
           .quirks = [](Quirks& quirks) { quirks.disk_lies = true; }},
    Mutant{.name = "epoch-forgotten",
           .broken = "a unit starts without the epochs on its disk",
           .quirks = [](Quirks& quirks) { quirks.epochs_forgotten = true; }},
    // -- handing over
    Mutant{.name = "lets-go-too-late",
           .broken = "a unit says that it has let go before its data plane has",
           .quirks = [](Quirks& quirks) { quirks.resign_first = true; }},
    Mutant{.name = "go-before-last-burst",
           .broken = "a unit says Go while its data plane may still send",
           .rules = [](Rules& rules) { rules.may_say_go = [](const View&) { return true; }; }},
    Mutant{.name = "go-without-word",
           .broken = "a unit says Go after a burst, though its data plane has not said that it may",
           .rules =
               [](Rules& rules) {
                 rules.go_anyway_at = [](const View& view) {
                   return view.state.handoff.gone_at + view.setup.timers.burst;
                 };
               }},
    Mutant{.name = "quiet-too-early",
           .broken = "the data plane says that it has let go while it may still send",
           .quirks = [](Quirks& quirks) { quirks.quiet_too_early = true; }},
    Mutant{.name = "burst-outlasts-round",
           .broken = "a candidate asks for less long than a burst of the peer's takes",
           .adjust =
               [](Schedule& schedule) {
                 auto& timers = schedule.timers;
                 timers.burst = timers.dead - timers.lease - timers.lease / 500;
               }},
    Mutant{.name = "old-go-taken",
           .broken = "a Go is obeyed however old it is, and whoever waits for it",
           .rules =
               [](Rules& rules) {
                 rules.go_is_valid = [](const View& view, const HandoffGo&) {
                   return !pair::is_holder(view.state.role);
                 };
               }},
};

}  // namespace

std::span<const Mutant> mutants() { return kMutants; }

}  // namespace yoke::sim
