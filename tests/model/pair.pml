/* SPDX-License-Identifier: Apache-2.0 */
/* Two units, what is between them, and time. One tick is a heartbeat. What is modelled, what is
   not, and which line stands for which function: README.md. What a run is like is said by -D:
     LOSSY      heartbeats' paths lose and delay; without it they take less than a tick
     VIPS_CUT   the VIPs' VLANs carry nothing; without it they carry all within a tick
     PARTED     they carry nothing until it is calm; only then no two may claim
     LATE_HANDOFFS   messages of a switchover come however late
     LATEST_RESIGN=n   ticks after which a Resign still comes
     STRICT     the policy; at most one unit has a witness
     FAULTS=n   so many of KILLS, HANGS, PAUSES, OFFS, UNABLES, each where it is 1
     SLIPS=n HANDOFFS=n   ticks that a clock loses, switchovers asked for
     BURST      the data plane sends for a tick more after its last look at the lease, however
                that ended
     NEVER=expression   what must not be reached: to see that it is
     CALM=n     from some moment on nothing goes wrong, and n ticks later all must be well
     GAP=n      somebody claims n ticks after the last claim at the latest
   and any rule that is broken on purpose. */

#ifndef LEASE
#define LEASE 4 /* Timers::lease */
#endif
#ifndef DEAD
#define DEAD 5 /* Timers::dead: the lease, and a tick by which clocks and bursts may be wrong */
#endif
#ifndef RESTART_HOLD
#define RESTART_HOLD 6 /* Timers::restart_hold */
#endif
#ifndef HAND_STEP
#define HAND_STEP (2 * DEAD) /* Timers::handoff_step, the least that check() lets through */
#endif
#ifndef GIVER_WAITS
#define GIVER_WAITS (2 * DEAD + 1)
#endif
#define QUIET 2 /* 1.5 heartbeats, the next whole tick */
#define ASK (2 * DEAD)
#ifndef DELAY
#define DELAY 2 /* LOSSY: ticks after which a heartbeat still comes */
#endif
#ifndef LATEST_RESIGN
#define LATEST_RESIGN DELAY
#endif
#ifndef MOST_EPOCHS
#define MOST_EPOCHS 9 /* the disk is full: nobody mints more */
#endif
/* Who starts anew leaves out what it found reserved, and calm is to find room. */
#define DISK_HOLDS (MOST_EPOCHS + 2 * (FAULTS - faults) + (calm -> 6 : 0))
#ifndef FAULTS
#define FAULTS 0
#endif
#ifndef KILLS
#define KILLS 0
#endif
#ifndef HANGS
#define HANGS 0
#endif
#ifndef PAUSES
#define PAUSES 0
#endif
#ifndef OFFS
#define OFFS 0
#endif
#ifndef SLIPS
#define SLIPS 0
#endif
#ifndef UNABLES
#define UNABLES 0
#endif
#ifndef HANDOFFS
#define HANDOFFS 0
#endif

/* Role. Syncing, Maintenance, NotEligible and Held are REST, with `able` false where they are
   not eligible. */
#define DOWN 0
#define LISTEN 1
#define REST 2
#define CANDIDATE 3
#define ACTIVE 4
#define ALONE 5
#define OUT 6   /* kHandoffOut */
#define TAKER 7 /* kHandoffIn */

/* Handoff::Phase */
#define NO_PHASE 0
#define PREPARING 1
#define FLUSH 2
#define GONE 3

/* The machine and its process. */
#define OFF 0
#define DEAD_PROCESS 1 /* the data plane goes on */
#define HUNG 2         /* so it does here */
#define PAUSED 3       /* the machine stands still, its clock does not */
#define RUNS 4

/* Messages of a handoff; 0: none. */
#define PREPARE 1
#define READY 2
#define GO 3
#define DONE 4
#define ABORT 5

/* On the VIPs' VLANs: a candidate's probe, one more if it is in sync; a holder's, and its epoch. */
#define CANDIDATE_ASKS 1
#define HOLDER_SAYS 2
#define UNPROBED 7

#ifdef PARTED
#define VIPS_CARRY calm
#else
#ifdef VIPS_CUT
#define VIPS_CARRY false
#else
#define VIPS_CARRY true
#endif
#endif

/* ---- a unit: State (mgmt/pair/state.h); spans count down, ages count up ---- */
byte life[2], role[2];
byte able[2], ready[2];   /* Tracking: data_link and able; ready */
byte page[2], told[2];    /* the lease page: what is left, and whether it was taken back */
byte lease_epoch[2], unacked[2];
byte promise[2], promise_epoch[2], wait[2], patience[2], hold[2];
byte quiet[2], peer[2], peer_able[2], peer_ready[2];
byte seen[2], floor[2], disk[2], proposed[2];
byte asks_epoch[2], asks_age[2], asks_ready[2], granted[2], probed[2];
byte phase[2], hand_epoch[2], hand_left[2], hand_age[2], ready_age[2], flushed[2];
byte new_boot[2], ticked[2], resumed[2];

/* ---- frames under way, by who sent them; the newest of a kind pushes out the one before ---- */
byte beat_role[2], beat_epoch[2], beat_age[2], beat_able[2], beat_ready[2]; /* role 0: none */
byte ack_epoch[2], ack_age[2];                               /* epoch 0: none */
byte resign_epoch[2], resign_age[2];                        /* epoch 0: none */
byte hand_kind[2], hand_of[2], hand_stamp[2], hand_under_way[2]; /* kind 0: none */
/* by whom they go to */
byte probe_to[2], reply_to[2], probe_waits[2], reply_waits[2];

/* ---- what only the checks and the faults know ---- */
byte claimed[2]; /* the highest epoch */
byte lags[2];    /* BURST: looked at the lease in the tick before */
byte faults = FAULTS, slips = SLIPS, handoffs = HANDOFFS;
byte tells; /* BURST: the data planes say when they have looked (Quiet) */
byte witness = 2, calm, since_calm, gap, fresh = 1;
#ifdef PARTED
byte landed; /* probes and answers in this tick */
#endif

/* ---- of one step ---- */
byte u, p, event, right, now_epoch, slip = 2;
bool tick, beat;

#define TICK 1
#define HEARTBEAT 2
#define ACK 3
#define RESIGN 4
#define HAND 5
#define PROBE 6
#define REPLY 7
#define WAITING 8
#define TIME 11
#define KILL 12
#define START 13
#define HANG 14
#define PAUSE 15
#define RESUME 16
#define POWER_OFF 17
#define ABLE 9
#define COMMAND 10
#define BE_CALM 18

#include "unit.pml"

#define POWERED(x) (life[x] != OFF && life[x] != PAUSED)
#ifdef LEASE_UNCHECKED
#define CLAIMS(x) (POWERED(x) && told[x])
#else
#define CLAIMS(x) (POWERED(x) && (page[x] > 0 || lags[x]))
#endif
#ifdef PROBE_UNANSWERED
#define ANSWERS(x) false
#else
#define ANSWERS(x) (POWERED(x) && page[x] > 0)
#endif

/* ---- time ---- */

#define LESS(v) v = (v > 0 -> v - 1 : 0)
#define MORE(v, most) v = (v < most -> v + 1 : most)

inline clock_of(x) {
  LESS(page[x]);
  LESS(promise[x]);
  LESS(wait[x]);
  LESS(hold[x]);
  LESS(granted[x]);
  LESS(hand_left[x]);
  MORE(quiet[x], DEAD);
  if
  :: HOLDS(x) -> MORE(unacked[x], QUIET)
  :: else
  fi;
  if
  :: role[x] == CANDIDATE -> MORE(asks_age[x], ASK)
  :: else
  fi;
  /* what it stamped comes back older */
  if
  :: beat_role[x] != 0 -> MORE(beat_age[x], LEASE)
  :: else
  fi;
  if
  :: ack_epoch[1 - x] != 0 -> MORE(ack_age[1 - x], LEASE)
  :: else
  fi;
  if
  :: hand_kind[x] == READY -> MORE(hand_stamp[x], DEAD + 1)
  :: else
  fi;
  if
  :: hand_kind[1 - x] == GO -> MORE(hand_stamp[1 - x], DEAD + 1)
  :: else
  fi;
  if
  :: role[x] == TAKER -> MORE(hand_age[x], DEAD + 1)
  :: else
  fi;
  if
  :: phase[1 - x] >= FLUSH -> MORE(hand_age[1 - x], DEAD + 1)
  :: else
  fi;
  if
  :: phase[x] == FLUSH -> MORE(ready_age[x], DEAD)
  :: else
  fi
}

inline pass_time_of(x) {
#ifdef BURST
  lags[x] = (page[x] > 0);
#endif
  if
  :: wait[x] == 0 && promise[x] == 0 && role[x] == REST -> MORE(patience[x], DEAD)
  :: else -> patience[x] = 0
  fi;
  if
  :: slip == x -> slips--
  :: else -> clock_of(x)
  fi;
  if
  :: role[x] == CANDIDATE && probed[x] < 2 -> probed[x]++
  :: else
  fi;
  /* nobody waits for what is too old to matter, or for what goes to nobody */
  if
  :: beat_age[x] > DELAY || life[1 - x] < HUNG ->
    beat_role[x] = 0;
    beat_epoch[x] = 0;
    beat_age[x] = 0;
    beat_able[x] = 0;
    beat_ready[x] = 0
  :: else
  fi;
  if
  :: ack_age[x] >= LEASE || life[1 - x] < HUNG ->
    ack_epoch[x] = 0;
    ack_age[x] = 0
  :: else
  fi;
  if
  :: resign_epoch[x] != 0 -> resign_age[x]++
  :: else
  fi;
  if
#ifndef LATE_HANDOFFS
  :: hand_kind[x] != 0 -> hand_under_way[x]++
#endif
  :: else
  fi;
  if
  :: resign_age[x] > LATEST_RESIGN || life[1 - x] < HUNG ->
    resign_epoch[x] = 0;
    resign_age[x] = 0
  :: else
  fi;
  if
  :: hand_under_way[x] > DELAY || life[1 - x] < HUNG ->
    hand_kind[x] = 0;
    hand_of[x] = 0;
    hand_stamp[x] = 0;
    hand_under_way[x] = 0
  :: else
  fi;
  ticked[x] = 0;
  fresh = 1
}

/* ---- machines ---- */

inline forget_process() {
  role[u] = DOWN;
  lease_epoch[u] = 0;
  unacked[u] = 0;
  promise[u] = 0;
  promise_epoch[u] = 0;
  wait[u] = 0;
  patience[u] = 0;
  hold[u] = 0;
  quiet[u] = DEAD;
  peer[u] = DOWN;
  peer_able[u] = 0;
  peer_ready[u] = 0;
  ready[u] = 0;
  seen[u] = 0;
  floor[u] = 0;
  proposed[u] = 0;
  probe_waits[u] = 0;
  reply_waits[u] = 0;
  resumed[u] = 0;
  forget_candidacy();
  forget_handoff();
  ready_age[u] = 0
}
inline begin() {
  life[u] = RUNS;
  set_lease(0);
#ifndef EPOCHS_FORGOTTEN
  floor[u] = disk[u];
#endif
  role[u] = LISTEN;
  hold[u] = RESTART_HOLD;
  promise[u] = RESTART_HOLD;
  new_boot[u] = 1;
  /* frames of a process that is no more are not let in */
  beat_role[u] = 0;
  beat_epoch[u] = 0;
  beat_age[u] = 0;
  beat_able[u] = 0;
  beat_ready[u] = 0;
  ack_epoch[u] = 0;
  ack_age[u] = 0;
  resign_epoch[u] = 0;
  resign_age[u] = 0;
  hand_kind[u] = 0;
  hand_of[u] = 0;
  hand_stamp[u] = 0;
  hand_under_way[u] = 0
}

/* ---- what happens, and to whom ---- */

#define RUN(x) (life[x] == RUNS)
#define GOES_WRONG (fresh && !calm)
#define FAULTY(kind) (GOES_WRONG && kind && faults > 0)
#ifdef LATE_HANDOFFS
#define HAND_IN_TIME(x) true
#else
#define HAND_IN_TIME(x) (hand_kind[x] == 0)
#endif
#define IN_TIME(x) \
  (beat_role[x] == 0 && ack_epoch[x] == 0 && resign_epoch[x] == 0 && HAND_IN_TIME(x))
#define ARRIVED (IN_TIME(0) || !RUN(1)) && (IN_TIME(1) || !RUN(0))
#define LANDED (probe_to[0] == 0 && probe_to[1] == 0 && reply_to[0] == 0 && reply_to[1] == 0)
#define NOTHING_WAITS(x) \
  (!RUN(x) || resumed[x] || (probe_waits[x] == 0 && reply_waits[x] == 0))

#ifdef LOSSY
#define MAY_PASS (!calm || (ARRIVED))
#else
#define MAY_PASS (ARRIVED)
#endif
/* Calm, frames take their turn. */
#define NO_TURN (calm && !((ARRIVED) && LANDED))

inline to(x, what) {
  u = x;
  event = what
}

inline choose() {
  if
  :: beat_role[0] != 0 && RUN(1) -> to(1, HEARTBEAT)
  :: beat_role[1] != 0 && RUN(0) -> to(0, HEARTBEAT)
  :: ack_epoch[0] != 0 && RUN(1) -> to(1, ACK)
  :: ack_epoch[1] != 0 && RUN(0) -> to(0, ACK)
  :: resign_epoch[0] != 0 && RUN(1) -> to(1, RESIGN)
  :: resign_epoch[1] != 0 && RUN(0) -> to(0, RESIGN)
  :: hand_kind[0] != 0 && RUN(1) -> to(1, HAND)
  :: hand_kind[1] != 0 && RUN(0) -> to(0, HAND)
  :: probe_to[0] != 0 -> to(0, PROBE)
  :: probe_to[1] != 0 -> to(1, PROBE)
  :: reply_to[0] != 0 -> to(0, REPLY)
  :: reply_to[1] != 0 -> to(1, REPLY)
  :: RUN(0) && (probe_waits[0] != 0 || reply_waits[0] != 0) -> to(0, WAITING)
  :: RUN(1) && (probe_waits[1] != 0 || reply_waits[1] != 0) -> to(1, WAITING)
  :: RUN(0) && !ticked[0] && NOTHING_WAITS(0) && !NO_TURN -> to(0, TICK)
  :: RUN(1) && !ticked[1] && NOTHING_WAITS(1) && !NO_TURN -> to(1, TICK)
  :: (ticked[0] || !RUN(0)) && (ticked[1] || !RUN(1)) && LANDED && MAY_PASS ->
    event = TIME;
    if
    :: true
    :: slips > 0 && !calm -> slip = 0
    :: slips > 0 && !calm -> slip = 1
    fi
  :: FAULTY(KILLS) && life[0] >= HUNG -> to(0, KILL)
  :: FAULTY(KILLS) && life[1] >= HUNG -> to(1, KILL)
  :: fresh && life[0] <= DEAD_PROCESS -> to(0, START)
  :: fresh && life[1] <= DEAD_PROCESS -> to(1, START)
  :: FAULTY(HANGS) && RUN(0) -> to(0, HANG)
  :: FAULTY(HANGS) && RUN(1) -> to(1, HANG)
  :: FAULTY(PAUSES) && RUN(0) -> to(0, PAUSE)
  :: FAULTY(PAUSES) && RUN(1) -> to(1, PAUSE)
  :: fresh && (life[0] == HUNG || life[0] == PAUSED) -> to(0, RESUME)
  :: fresh && (life[1] == HUNG || life[1] == PAUSED) -> to(1, RESUME)
  :: FAULTY(OFFS) && life[0] != OFF -> to(0, POWER_OFF)
  :: FAULTY(OFFS) && life[1] != OFF -> to(1, POWER_OFF)
  :: GOES_WRONG && RUN(0) && (UNABLES && faults > 0 || !able[0]) -> to(0, ABLE)
  :: GOES_WRONG && RUN(1) && (UNABLES && faults > 0 || !able[1]) -> to(1, ABLE)
  :: GOES_WRONG && handoffs > 0 && RUN(0) && HOLDS(0) -> to(0, COMMAND)
  :: GOES_WRONG && handoffs > 0 && RUN(1) && HOLDS(1) -> to(1, COMMAND)
#ifdef CALM
  :: GOES_WRONG && RUN(0) && RUN(1) && able[0] && able[1] -> event = BE_CALM
#endif
  fi
}

/* A step of unit u (election.cpp, step()): expire(), take(), settle(). */
inline step_unit() {
  if
  :: HOLDS(u) && !LEASE_HOLDS(u) -> lose()
  :: else
  fi;
  if
  :: event == TICK ->
    ticked[u] = 1;
    resumed[u] = 0;
    tick = true;
    ready[u] = (ready[u] || HOLDS(u) || (NOW_HEARD(u) && IS_HOLDER(peer[u])))
  :: event == HEARTBEAT ->
    meet_new_boot();
    right = IS_HOLDER(peer[u]);
    peer[u] = beat_role[p];
    peer_able[u] = beat_able[p];
    peer_ready[u] = beat_ready[p];
    hear_heartbeat(beat_role[p], beat_epoch[p], beat_age[p], beat_ready[p], right);
    right = 0;
    beat_role[p] = 0;
    beat_epoch[p] = 0;
    beat_age[p] = 0;
    beat_able[p] = 0;
    beat_ready[p] = 0
  :: event == ACK ->
    meet_new_boot();
    hear_ack(ack_epoch[p], ack_age[p]);
    ack_epoch[p] = 0;
    ack_age[p] = 0
  :: event == RESIGN ->
    meet_new_boot();
    hear_resign(resign_epoch[p]);
    resign_epoch[p] = 0;
    resign_age[p] = 0
  :: event == HAND ->
    meet_new_boot();
    take_handoff(hand_kind[p], hand_of[p], hand_stamp[p]);
    hand_kind[p] = 0;
    hand_of[p] = 0;
    hand_stamp[p] = 0;
    hand_under_way[p] = 0
  :: event == WAITING || event == PROBE || event == REPLY ->
    if
    :: probe_waits[u] != 0 ->
      hear_probe(probe_waits[u]);
      probe_waits[u] = 0
    :: else
    fi;
    if
    :: reply_waits[u] && role[u] == CANDIDATE && ANSWER_STOPS(u) -> back_off()
    :: else
    fi;
    reply_waits[u] = 0
  :: event == ABLE ->
    faults = (able[u] -> faults - 1 : faults);
    able[u] = 1 - able[u];
    if
    :: able[u] && RESTS(u) -> wait[u] = MAX(wait[u], DEAD)
    :: else
    fi;
    beat = true
  :: event == COMMAND ->
    handoffs--;
    begin_handoff()
  :: else
  fi;
  settle()
}

/* Frames on the VIPs' VLANs come to a machine: its data plane answers, its process hears. */
inline land() {
#ifdef PARTED
  landed++;
  assert(landed < 12); /* I13: units do not answer each other without end */
#endif
  if
  :: event == PROBE ->
    if
    :: ANSWERS(u) -> reply_to[p] = 1
    :: else
    fi;
    probe_waits[u] = ((life[u] == HUNG || life[u] == RUNS || life[u] == PAUSED) ->
                      MAX(probe_waits[u], probe_to[u]) : 0);
    probe_to[u] = 0
  :: event == REPLY ->
    reply_waits[u] = (life[u] >= HUNG);
    reply_to[u] = 0
  fi
}

inline befall() {
  if
  :: event == KILL ->
    faults--;
    life[u] = DEAD_PROCESS;
    forget_process()
  :: event == START -> begin()
  :: event == HANG ->
    faults--;
    life[u] = HUNG
  :: event == PAUSE ->
    faults--;
    life[u] = PAUSED
  :: event == RESUME ->
    life[u] = RUNS;
    resumed[u] = 1
  :: event == POWER_OFF ->
    faults--;
    life[u] = OFF;
    set_lease(0);
    lags[u] = 0;
    forget_process()
  fi
}

inline pass_time() {
#ifdef PARTED
  landed = 0;
#endif
#ifdef CALM
  if
  :: calm -> since_calm++
  :: else
  fi;
#endif
#ifdef GAP
  gap = ((CLAIMS(0) || CLAIMS(1) || claimed[0] + claimed[1] == 0) -> 0 : gap + 1);
#endif
  pass_time_of(0);
  pass_time_of(1);
  slip = 2
}

inline check() {
#ifdef PARTED
  assert(since_calm < 2 || !(CLAIMS(0) && CLAIMS(1))); /* I1: they have met */
#else
  assert(!(CLAIMS(0) && CLAIMS(1))); /* I1: one claims */
#endif
  assert(!CLAIMS(0) || page[0] > 0 || lags[0]); /* I4: nothing after the lease */
  assert(!CLAIMS(1) || page[1] > 0 || lags[1]);
#ifdef NEVER
  assert(!(NEVER)); /* what a run must reach */
#endif
#ifdef CALM
  /* I2, I9: one serves, the other waits, before long; then it stays so */
  if
  :: since_calm == CALM ->
    assert((CLAIMS(0) && role[0] == ACTIVE && role[1] == REST) ||
           (CLAIMS(1) && role[1] == ACTIVE && role[0] == REST));
    since_calm = CALM - 1
  :: else
  fi;
#endif
#ifdef GAP
  assert(gap <= GAP); /* I2: by a single fault */
#endif
}

init {
  d_step {
    u = 0;
    do
    :: u < 2 ->
      forget_process();
      begin();
      new_boot[u] = 0;
      able[u] = 1;
      disk[u] = 3;
      u++
    :: else -> break
    od;
    u = 0
  }
#ifdef STRICT
  if
  :: witness = 0
  :: witness = 1
  :: true
  fi;
#endif
#ifdef BURST
  if
  :: tells = 1
  :: true
  fi;
#endif
  do
  :: atomic {
       choose();
       d_step {
         p = 1 - u;
         if
         :: event == PROBE || event == REPLY -> land()
         :: else
         fi;
         if
         :: event < TIME ->
           fresh = 0;
           if
           :: RUN(u) -> step_unit()
           :: else
           fi
         :: event == TIME -> pass_time()
         :: event == BE_CALM -> calm = 1
         :: else -> befall()
         fi;
         printf("event %d %c   A role %d page %d promise %d wait %d epoch %d   ", event, 65 + u,
                role[0], page[0], promise[0], wait[0], seen[0]);
         printf("B role %d page %d promise %d wait %d epoch %d\n", role[1], page[1], promise[1],
                wait[1], seen[1]);
         check();
         u = 0;
         p = 0;
         event = 0;
         tick = false;
         beat = false
       }
     }
  od
}
