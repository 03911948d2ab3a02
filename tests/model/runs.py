# SPDX-License-Identifier: Apache-2.0
"""What the model is run with: in which worlds it must hold, which broken rule each world must show,
and what must be reached for a run to mean anything."""

import dataclasses

# A lease of three heartbeats instead of four, where there are too many states with four.
SHORT = ("LEASE=3", "DEAD=4", "RESTART_HOLD=5")
ANY_FAULT = ("FAULTS=1", "KILLS=1", "HANGS=1", "PAUSES=1", "OFFS=1")
STRICT = ("STRICT=1", "VIPS_CUT=1", "LOSSY=1", "DELAY=0", "MOST_EPOCHS=3", *SHORT)
PARTED = ("PARTED=1", "LOSSY=1", "DELAY=0", "MOST_EPOCHS=4", "CALM=20", *SHORT)


@dataclasses.dataclass(frozen=True)
class World:
    holds: str  # in words
    define: tuple
    large: bool = False  # millions of states: worth optimising for


WORLDS = {
    "lease": World(
        "the VIPs' VLANs carry nothing, heartbeats come within a tick; any one fault, two "
        "switchovers, a clock that loses a tick",
        ("VIPS_CUT=1", *ANY_FAULT, "UNABLES=1", "HANDOFFS=2", "SLIPS=1")),
    "burst": World(
        "the same, and the data plane sends for a tick after its last look at the lease",
        ("VIPS_CUT=1", *ANY_FAULT, "UNABLES=1", "HANDOFFS=2", "BURST=1")),
    "storm": World(
        "any heartbeat and Ack may be lost or late; the VIPs' VLANs carry everything",
        ("LOSSY=1", "DELAY=1", "MOST_EPOCHS=4")),
    "storm-fault": World(
        "any may be lost; a process is killed, or hangs for a while",
        ("LOSSY=1", "DELAY=0", "MOST_EPOCHS=3", "FAULTS=1", "KILLS=1", "HANGS=1", *SHORT),
        large=True),
    "storm-handoff": World(
        "any may be lost, in the middle of a switchover too",
        ("LOSSY=1", "DELAY=0", "MOST_EPOCHS=4", "HANDOFFS=1", *SHORT)),
    "strict": World(
        "strict: nothing is sure to come anywhere, a clock loses a tick",
        (*STRICT, "SLIPS=1")),
    "strict-fault": World(
        "strict: nothing is sure to come anywhere, and a process is killed",
        (*STRICT, "MOST_EPOCHS=2", "FAULTS=1", "KILLS=1"), large=True),
    "strict-handoff": World(
        "strict: nothing is sure to come anywhere, in the middle of a switchover too",
        (*STRICT, "HANDOFFS=1")),
    "late-handoff": World(
        "the VIPs' VLANs carry nothing, heartbeats come within a tick, messages of a switchover "
        "however late or never",
        ("VIPS_CUT=1", "HANDOFFS=2", "LATE_HANDOFFS=1", "SLIPS=1", *SHORT)),
    "late-resign": World(
        "the same as storm, and a Resign comes up to 15 ticks late",
        ("LOSSY=1", "DELAY=0", "MOST_EPOCHS=5", "LATEST_RESIGN=15")),
    "parted": World(
        "two networks, an active unit in each; 2 ticks after they have met one claims, the one "
        "with the higher epoch", PARTED),
    "gap": World(
        "any one fault: after 8 ticks without one somebody claims",
        ("GAP=8", *ANY_FAULT, "UNABLES=1")),
    "calm": World(
        "any one fault and a switchover: 16 ticks without one at the most; 20 ticks after the last "
        "of it one is active, one waits",
        ("CALM=20", "GAP=16", *ANY_FAULT, "UNABLES=1", "HANDOFFS=1")),
    "calm-storm": World(
        "20 ticks after a storm of losses one is active, one waits",
        ("CALM=20", "LOSSY=1", "DELAY=0", "MOST_EPOCHS=4")),
}


@dataclasses.dataclass(frozen=True)
class Mutant:
    broken: str  # in words
    define: tuple
    world: str
    found_by: str  # the invariant that fails, as it is marked where it is asserted


MUTANTS = {
    "lease-unchecked": Mutant(
        "the data plane claims until it is told to stop", ("LEASE_UNCHECKED",), "lease", "I4"),
    "dead-below-lease": Mutant(
        "a silent unit is taken for dead while its lease lasts", ("DEAD=3",), "lease", "I1"),
    "renew-after-lapse": Mutant(
        "a unit whose lease has lapsed renews it by itself", ("RENEW_LAPSED",), "lease", "I1"),
    "renew-when-heard": Mutant(
        "a unit renews by itself though its peer is heard and does not acknowledge",
        ("RENEW_HEARD",), "strict", "I1"),
    "lease-from-ack": Mutant(
        "the lease counts from the Ack, not from what it acknowledges", ("LEASE_FROM_ACK",),
        "strict", "I1"),
    "probe-ignored": Mutant(
        "a candidate claims though its probe is answered (and nobody alone asks)",
        ("PROBE_IGNORED",), "storm", "I1"),
    "probe-unanswered": Mutant(
        "the data plane does not answer probes", ("PROBE_UNANSWERED",), "storm-fault", "I1"),
    "late-look": Mutant(
        "a candidate that stood still takes its answers for read", ("LATE_LOOK",), "storm-fault",
        "I1"),
    "nobody-gives-way": Mutant(
        "of two candidates both go on", ("NOBODY_GIVES_WAY",), "storm", "I1"),
    "hold-forgotten": Mutant(
        "a restarted unit does not outwait what it promised before", ("RESTART_HOLD=0", "LEASE=4", "DEAD=5"),
        "strict-fault", "I1"),
    "higher-epoch-ignored": Mutant(
        "a holder goes on though the peer holds a higher epoch", ("NEVER_YIELDS",), "parted", "I13"),
    "lower-epoch-obeyed": Mutant(
        "a holder stops for a peer of a stale epoch", ("LOWER_OBEYED",), "parted", "I3"),
    "no-unit-bit": Mutant(
        "epochs do not tell which unit minted them", ("NO_UNIT_BIT",), "storm", "I3"),
    "epochs-forgotten": Mutant(
        "a unit starts without the epochs on its disk", ("EPOCHS_FORGOTTEN",), "storm-fault", "I3"),
    "old-go": Mutant(
        "a Go is obeyed however old, and whoever waits for it", ("OLD_GO",), "late-handoff",
        "I1"),
    "go-before-release": Mutant(
        "a unit says Go before its data plane has let go", ("GO_BEFORE_RELEASE",), "lease", "I1"),
    "go-at-once": Mutant(
        "a unit says Go while a burst may still leave it", ("GO_AT_ONCE",), "burst", "I1"),
    "quiet-too-early": Mutant(
        "the data plane says that it has let go while it may still send", ("QUIET_TOO_EARLY",),
        "burst", "I1"),
    "resign-ends-wait": Mutant(
        "a Resign, however late, takes back the wait for a candidate's probe too",
        ("RESIGN_ENDS_WAIT=true",), "late-resign", "I1"),
    "renew-never": Mutant(
        "a unit whose peer is gone lets its lease lapse", ("RENEW_NEVER",), "gap", "I2"),
}

# Each is said never to be, and found. A world where it is not reached would prove nothing of it.
REACHED = {
    "alone": ("role[0] == ALONE", "lease"),
    "handed over": ("role[1] == ACTIVE && hand_kind[1] == DONE", "lease"),
    "granted": ("role[1] == CANDIDATE && granted[1] > 1", "lease"),
    "called off": ("hand_kind[0] == ABORT && role[0] == ACTIVE", "late-handoff"),
    "claimed after a restart": ("role[0] == ACTIVE && floor[0] > 0", "storm-fault"),
    "two candidates": ("role[0] == CANDIDATE && role[1] == CANDIDATE", "storm"),
    "two holders, parted": ("CLAIMS(0) && CLAIMS(1)", "parted"),
    "strict with a witness": ("role[1] == ALONE && witness == 1", "strict"),
    "lapsed while hung": ("life[0] == HUNG && role[0] == ACTIVE && page[0] == 0", "storm-fault"),
}
