/* SPDX-License-Identifier: Apache-2.0 */
/* The election of one unit `u` (its peer is `p`): mgmt/pair by the names of its functions, see
   README.md. Everything here is run inside one d_step: a step of a unit is not interrupted. */

#define NOW_HEARD(x) (quiet[x] < DEAD)
#define HOLDS(x) (role[x] >= ACTIVE && role[x] <= OUT)
#define IS_HOLDER(r) ((r) >= ACTIVE && (r) <= OUT)
#define RESTS(x) (role[x] == REST || role[x] == TAKER)
#define MAX(a, b) ((a) > (b) -> (a) : (b))

/* ---- rules.cpp ---- */

#define HIGHEST(x) MAX(seen[x], floor[x])
#ifdef NO_UNIT_BIT
#define FRESH_EPOCH(x) (HIGHEST(x) + 1)
#else
#define FRESH_EPOCH(x) ((((HIGHEST(x) >> 1) + 1) << 1) | (x))
#endif
#define MINT(x) \
  ((proposed[x] > floor[x] && proposed[x] >= HIGHEST(x)) -> proposed[x] : FRESH_EPOCH(x))
#define IS_RESERVED(x) (MINT(x) <= disk[x])

#define PEER_IS_ABLE(x) (NOW_HEARD(x) && peer_able[x] && peer[x] != DOWN)
#define SAYS_IT_CANNOT(x) \
  (NOW_HEARD(x) && peer[x] != DOWN && !IS_HOLDER(peer[x]) && peer[x] != CANDIDATE && \
   peer[x] != TAKER && !peer_able[x])
#define IS_SILENT(x) (quiet[x] >= DEAD)

#define IN_SYNC(x) (ready[x] || !(PEER_IS_ABLE(x) && peer_ready[x]))

#ifdef STRICT
#define MAY_ALONE(x) (quiet[x] >= QUIET && witness == (x))
#define MAY_CLAIM_SILENT(x) (IS_SILENT(x) && witness == (x))
#define MAY_CLAIM_UNABLE(x) false
#define MAY_STAND(x) \
  (able[x] && IN_SYNC(x) && !(IS_SILENT(x) && witness != (x)) && IS_RESERVED(x))
#else
#define MAY_ALONE(x) (quiet[x] >= QUIET || SAYS_IT_CANNOT(x))
#define MAY_CLAIM_SILENT(x) IS_SILENT(x)
#define MAY_CLAIM_UNABLE(x) SAYS_IT_CANNOT(x)
#define MAY_STAND(x) (able[x] && IN_SYNC(x) && IS_RESERVED(x))
#endif

#ifdef RENEW_LAPSED
#define LEASE_HOLDS(x) true
#else
#define LEASE_HOLDS(x) (page[x] > 0)
#endif
#ifdef RENEW_NEVER
#define MAY_RENEW_ALONE(x) false
#else
#ifdef RENEW_HEARD
#define MAY_RENEW_ALONE(x) (page[x] > 0 && page[x] <= 1)
#else
#ifdef RENEW_LAPSED
#define MAY_RENEW_ALONE(x) MAY_ALONE(x)
#else
#define MAY_RENEW_ALONE(x) \
  (page[x] > 0 && (page[x] <= 1 || role[x] == ALONE) && MAY_ALONE(x) && able[x])
#endif
#endif
#endif

#ifdef LEASE_FROM_ACK
#define GRANT(age) LEASE
#else
#define GRANT(age) ((age) < LEASE -> LEASE - (age) : 0)
#endif

#ifdef STALE_EPOCH
#define ACK_RENEWS(x, e) true
#else
#define ACK_RENEWS(x, e) ((e) == lease_epoch[x])
#endif
#ifdef LOWER_OBEYED
#define YIELDS_TO(x, e) true
#else
#ifdef NEVER_YIELDS
#define YIELDS_TO(x, e) false
#else
#define YIELDS_TO(x, e) ((e) > lease_epoch[x])
#endif
#endif
#ifdef ANY_RESIGN
#define FREES_PROMISE(x, e) true
#else
#define FREES_PROMISE(x, e) ((e) == promise_epoch[x])
#endif
#ifndef RESIGN_ENDS_WAIT
#define RESIGN_ENDS_WAIT false
#endif
#ifdef PROMISE_BROKEN
#define PROMISE_OVER(x) true
#else
#define PROMISE_OVER(x) (promise[x] == 0)
#endif
/* Rank: in sync, then the unit; whoever is compared is eligible. */
#define OUTRANKS(theirs, own, x) ((theirs) != (own) -> (theirs) > (own) : (x) == 1)
#define IS_OUTRANKED(x) (PEER_IS_ABLE(x) && OUTRANKS(peer_ready[x], ready[x], x))
#ifdef NOBODY_GIVES_WAY
#define GIVES_WAY(x, theirs) false
#else
#define GIVES_WAY(x, theirs) OUTRANKS(theirs, asks_ready[x], x)
#endif
#ifdef PROBE_IGNORED
#define ANSWER_STOPS(x) false
#define SHOULD_PROBE_ALONE(x) false
#else
#define ANSWER_STOPS(x) true
#define SHOULD_PROBE_ALONE(x) (unacked[x] >= QUIET)
#endif
#ifdef LATE_LOOK
#define HAS_PROBED(x) (probed[x] >= 1 && probed[x] != UNPROBED)
#else
#define HAS_PROBED(x) (probed[x] == 1)
#endif

#ifdef OLD_GO
#define GO_IS_VALID(x, e, age) (!HOLDS(x))
#else
#define GO_IS_VALID(x, e, age) \
  (role[x] == TAKER && (e) == hand_epoch[x] && (e) >= seen[x] && (age) <= hand_age[x] && \
   (age) <= DEAD && IS_RESERVED(x))
#endif

/* A burst takes a tick at most: one has passed since it let go. */
#ifdef GO_AT_ONCE
#define MAY_SAY_GO(x) true
#else
#define MAY_SAY_GO(x) (hand_left[x] < DEAD)
#endif

/* ---- what a unit sends ---- */

inline send_ack(e, age) {
  ack_epoch[u] = e;
  ack_age[u] = age;
}
inline send_hand(kind, e, age) {
  hand_kind[u] = kind;
  hand_of[u] = e;
  hand_stamp[u] = age;
  hand_under_way[u] = 0
}
/* On the VIPs' VLANs; what a holder says hides what a candidate asks. */
inline send_probe(what) {
  if
  :: VIPS_CARRY && probe_to[p] < what -> probe_to[p] = what
  :: else
  fi
}
inline send_heartbeat() {
  beat_role[u] = role[u];
  beat_epoch[u] = (HOLDS(u) -> lease_epoch[u] :
                   (role[u] == CANDIDATE -> asks_epoch[u] : seen[u]));
  beat_age[u] = 0;
  beat_able[u] = able[u];
  beat_ready[u] = (role[u] == CANDIDATE -> asks_ready[u] : ready[u])
}

/* ---- resting.cpp, candidate.cpp: rest(), back_off(), begin() ---- */

inline change_role(to) {
  role[u] = to;
  beat = true;
}
inline forget_candidacy() {
  asks_ready[u] = 0;
  asks_epoch[u] = 0;
  asks_age[u] = 0;
  granted[u] = 0;
  probed[u] = 0;
}
inline forget_handoff() {
  phase[u] = NO_PHASE;
  hand_epoch[u] = 0;
  hand_age[u] = 0;
  hand_left[u] = 0;
  flushed[u] = 0;
}
inline back_off() {
  forget_candidacy();
  wait[u] = DEAD;
  change_role(REST);
}
inline begin_candidacy() {
  asks_epoch[u] = MINT(u);
  proposed[u] = asks_epoch[u];
  asks_ready[u] = ready[u];
  asks_age[u] = 0;
  granted[u] = 0;
  probed[u] = UNPROBED;
}
inline meet_candidate(theirs) {
  if
  :: GIVES_WAY(u, theirs) -> back_off()
  :: else
  fi
}

/* ---- holder.cpp ---- */

inline set_lease(left) {
  page[u] = left;
  told[u] = (left > 0)
}
inline mint_and_hold() {
  now_epoch = MINT(u);
  assert(now_epoch != claimed[0] && now_epoch != claimed[1]); /* I3: shared with nobody */
  assert(now_epoch > claimed[u]);                             /* I3: grows */
  claimed[u] = now_epoch;
  seen[u] = now_epoch;
  proposed[u] = 0;
  lease_epoch[u] = now_epoch;
  now_epoch = 0;
}
inline claim(left, acked) {
  mint_and_hold();
  unacked[u] = (acked -> 0 : QUIET);
  forget_candidacy();
  forget_handoff();
  promise[u] = 0;
  promise_epoch[u] = 0;
  set_lease(left);
  change_role(ACTIVE);
}
inline lose() {
  resign_epoch[u] = lease_epoch[u];
  resign_age[u] = 0;
  set_lease(0);
  lease_epoch[u] = 0;
  unacked[u] = 0;
  forget_handoff();
  wait[u] = DEAD;
  change_role(REST);
}
inline meet_holder(e) {
  if
  :: YIELDS_TO(u, e) ->
    assert(e > lease_epoch[u]); /* I3: the higher one stays */
    lose()
  :: else
  fi
}
inline keep_holding() {
  if
  :: !able[u] && PEER_IS_ABLE(u) -> lose()
  :: else ->
    if
    :: seen[u] > lease_epoch[u] && role[u] != OUT && IS_RESERVED(u) ->
      mint_and_hold();
      beat = true
    :: else
    fi;
    if
    :: tick && MAY_RENEW_ALONE(u) ->
      set_lease(LEASE);
      forget_handoff();
      role[u] = ALONE
    :: else
    fi;
    if
    :: tick && SHOULD_PROBE_ALONE(u) -> send_probe(HOLDER_SAYS + lease_epoch[u])
    :: else
    fi
  fi
}

/* ---- candidate.cpp: stand_if_due(), keep_asking() ---- */

inline stand_if_due() {
  if
  :: role[u] == REST && wait[u] == 0 && PROMISE_OVER(u) && MAY_STAND(u) &&
     !(IS_OUTRANKED(u) && patience[u] < DEAD) ->
    begin_candidacy();
    change_role(CANDIDATE)
  :: else
  fi
}
inline keep_asking() {
  if
  :: role[u] != CANDIDATE
  :: else ->
    if
    :: !MAY_STAND(u) -> back_off()
    :: else ->
      if
      :: asks_epoch[u] != MINT(u) -> begin_candidacy()
      :: else
      fi;
      right = 0;
      if
      :: !HAS_PROBED(u)
      :: else ->
        if
        :: granted[u] > 1 -> right = granted[u]
        :: else ->
          right = ((MAY_CLAIM_SILENT(u) || MAY_CLAIM_UNABLE(u)) -> LEASE : 0)
        fi
      fi;
      if
      :: right > 0 -> claim(right, granted[u] > 1)
      :: right == 0 && HAS_PROBED(u) && asks_age[u] >= ASK -> back_off()
      :: else ->
        if
        :: probed[u] != 0 ->
          probed[u] = 0;
          send_probe(CANDIDATE_ASKS + asks_ready[u])
        :: else
        fi
      fi;
      right = 0
    fi
  fi
}

/* ---- handoff.cpp: keep_handing(), let_go(), begin_handoff() ---- */

inline call_off() {
  send_hand(ABORT, lease_epoch[u], 0);
  forget_handoff();
  change_role(ACTIVE)
}
inline tell_go_if_due() {
  if
  :: MAY_SAY_GO(u) -> send_hand(GO, hand_epoch[u], hand_age[u])
  :: else
  fi
}
/* The data plane says that it has looked (Quiet); where it says nothing, a burst has its tick. */
inline lets_go_at_once() {
#ifndef QUIET_TOO_EARLY
  lags[u] = 0;
#endif
  send_hand(GO, hand_epoch[u], hand_age[u])
}
inline let_go_if_due() {
  if
  :: phase[u] == FLUSH && flushed[u] && ready_age[u] <= DEAD / 2 ->
    phase[u] = GONE;
    hand_left[u] = DEAD;
#ifndef GO_BEFORE_RELEASE
    set_lease(0);
#endif
    lease_epoch[u] = 0;
    unacked[u] = 0;
    promise[u] = GIVER_WAITS;
    promise_epoch[u] = hand_epoch[u];
    wait[u] = GIVER_WAITS;
    change_role(REST);
    if
    :: tells -> lets_go_at_once()
    :: else -> tell_go_if_due()
    fi
  :: else
  fi
}
inline keep_handing() {
  if
  :: role[u] == OUT && (hand_left[u] == 0 || !PEER_IS_ABLE(u)) -> call_off()
  :: role[u] == OUT && hand_left[u] > 0 && PEER_IS_ABLE(u) && tick ->
    if
    :: phase[u] == FLUSH -> flushed[u] = 1
    :: else
    fi;
    send_hand(PREPARE, lease_epoch[u], 0);
    let_go_if_due()
  :: phase[u] == GONE && hand_left[u] == 0 -> forget_handoff()
  :: phase[u] == GONE && hand_left[u] > 0 && tick -> tell_go_if_due()
  :: role[u] == TAKER && hand_left[u] == 0 ->
    forget_handoff();
    change_role(REST)
  :: else
  fi
}
inline begin_handoff() {
  if
  :: HOLDS(u) && role[u] != OUT && PEER_IS_ABLE(u) && peer[u] == REST &&
     peer_ready[u] ->
    forget_handoff();
    phase[u] = PREPARING;
    hand_epoch[u] = lease_epoch[u];
    hand_left[u] = HAND_STEP;
    change_role(OUT);
    send_hand(PREPARE, lease_epoch[u], 0)
  :: else
  fi
}
inline take_handoff(kind, e, age) {
  if
  :: kind == PREPARE && !HOLDS(u) && role[u] != CANDIDATE ->
    if
    :: RESTS(u) && able[u] && ready[u] && e == seen[u] && IS_RESERVED(u) ->
      if
      :: role[u] != TAKER ->
        forget_handoff();
        hand_epoch[u] = e;
        change_role(TAKER)
      :: else
      fi;
      hand_left[u] = DEAD;
      send_hand(READY, e, 0)
    :: else -> send_hand(ABORT, e, 0)
    fi
  :: kind == READY && role[u] == OUT && e == hand_epoch[u] &&
     !(phase[u] == FLUSH && age >= hand_age[u]) ->
    hand_age[u] = age;
    ready_age[u] = 0;
    if
    :: phase[u] == PREPARING ->
      phase[u] = FLUSH;
      hand_left[u] = HAND_STEP
    :: else
    fi;
    let_go_if_due()
  :: kind == GO && GO_IS_VALID(u, e, age) ->
    claim(LEASE, true);
    send_hand(DONE, e, 0)
  :: kind == DONE && phase[u] == GONE && e == hand_epoch[u] -> forget_handoff()
  :: kind == ABORT && e == hand_epoch[u] && role[u] == OUT ->
    forget_handoff();
    change_role(ACTIVE)
  :: kind == ABORT && e == hand_epoch[u] && role[u] == TAKER ->
    forget_handoff();
    change_role(REST)
  :: else
  fi
}

/* ---- hearing.cpp ---- */

inline acknowledge(e, age) {
  promise_epoch[u] = e;
  promise[u] = MAX(promise[u], DEAD);
  send_ack(e, age)
}
/* And the wait that goes with it; once it is over, a wait is for something else. */
inline take_back_promise() {
  if
  :: RESIGN_ENDS_WAIT || promise[u] > 0 -> wait[u] = 0
  :: else
  fi;
  promise[u] = 0
}
inline meet_new_boot() {
  if
  :: new_boot[p] ->
    new_boot[p] = 0;
    peer[u] = DOWN;
    peer_able[u] = 0;
    peer_ready[u] = 0;
    if
    :: role[u] == OUT ->
      forget_handoff();
      change_role(ACTIVE)
    :: role[u] == TAKER ->
      forget_handoff();
      change_role(REST)
    :: else
    fi
  :: else
  fi;
  quiet[u] = 0
}
inline hear_heartbeat(r, e, age, in_sync, was_holder) {
  if
  :: IS_HOLDER(r) ->
    if
    :: HOLDS(u) -> meet_holder(e)
    :: else
    fi;
    if
    :: !HOLDS(u) ->
      seen[u] = MAX(seen[u], e);
      acknowledge(e, age);
      if
      :: role[u] == CANDIDATE -> back_off()
      :: else
      fi
    :: else
    fi
  :: r == CANDIDATE && !HOLDS(u) ->
    if
    :: role[u] == CANDIDATE -> meet_candidate(in_sync)
    :: else
    fi;
    if
    :: role[u] != CANDIDATE && e >= seen[u] ->
      seen[u] = e;
      acknowledge(e, age)
    :: else
    fi
  :: r < CANDIDATE || r == TAKER ->
    seen[u] = MAX(seen[u], e);
    if
    :: r != TAKER && was_holder -> take_back_promise()
    :: r != TAKER && !was_holder -> promise[u] = 0
    :: else
    fi
  :: else
  fi
}
inline hear_ack(e, age) {
  if
  :: HOLDS(u) && ACK_RENEWS(u, e) && GRANT(age) > 0 ->
    unacked[u] = 0;
    page[u] = MAX(page[u], GRANT(age));
    if
    :: role[u] == ALONE -> change_role(ACTIVE)
    :: else
    fi
  :: role[u] == CANDIDATE && e == asks_epoch[u] && age <= asks_age[u] ->
    granted[u] = MAX(granted[u], GRANT(age))
  :: else
  fi
}
inline hear_resign(e) {
  if
  :: !HOLDS(u) && FREES_PROMISE(u, e) ->
    take_back_promise();
    if
    :: IS_HOLDER(peer[u]) -> peer[u] = REST
    :: else
    fi;
    peer_able[u] = 0
  :: else
  fi
}
inline hear_probe(what) {
  if
  :: HOLDS(u) && what > HOLDER_SAYS ->
    meet_holder(what - HOLDER_SAYS);
    if
    :: HOLDS(u) -> send_probe(HOLDER_SAYS + lease_epoch[u])
    :: else
    fi
  :: !HOLDS(u) && what > HOLDER_SAYS ->
    seen[u] = MAX(seen[u], what - HOLDER_SAYS);
    promise_epoch[u] = what - HOLDER_SAYS;
    promise[u] = MAX(promise[u], DEAD);
    if
    :: role[u] == CANDIDATE && ANSWER_STOPS(u) -> back_off()
    :: else
    fi
  :: what <= HOLDER_SAYS && role[u] == CANDIDATE ->
    meet_candidate(what - CANDIDATE_ASKS)
  :: what <= HOLDER_SAYS && (role[u] == REST || role[u] == LISTEN) ->
    wait[u] = MAX(wait[u], DEAD)
  :: else
  fi
}

/* ---- election.cpp: settle() ---- */

inline listen() {
  if
  :: (NOW_HEARD(u) && IS_HOLDER(peer[u])) || hold[u] == 0 ->
    hold[u] = 0;
    change_role(REST)
  :: else
  fi
}
inline settle() {
  keep_handing();
  if
  :: role[u] == LISTEN -> listen()
  :: HOLDS(u) -> keep_holding()
  :: role[u] == TAKER && !able[u] ->
    forget_handoff();
    change_role(REST)
  :: else
  fi;
  stand_if_due();
  keep_asking();
  disk[u] = MAX(disk[u], (HIGHEST(u) + 3 < DISK_HOLDS -> HIGHEST(u) + 3 : DISK_HOLDS));
  if
  :: beat || tick -> send_heartbeat()
  :: else
  fi
}
