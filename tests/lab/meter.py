# SPDX-License-Identifier: Apache-2.0
"""What a client notices of a takeover, from begin() to end()."""

import contextlib
import os
import time

import answers
import probes
import waiting

HELD = 24
PATIENCE_S = 5.0  # that a connection has to go on after a fault


class Meter:
    """All that looks at one system: who answers for the VIP, requests, connections that are held to
    the addresses `held`, and datagrams where the VIP takes some; and how the machine does."""

    def __init__(self, lab, vip, held, has_datagrams):
        with contextlib.ExitStack() as made:
            self._answers = made.enter_context(answers.Answers(lab, vip))
            self._http = made.enter_context(probes.Probe(lab.client, "http", vip))
            self._held = made.enter_context(probes.Probe(lab.client, "held", HELD, *held))
            self._datagrams = made.enter_context(probes.Probe(
                lab.client, "datagrams", vip)) if has_datagrams else None
            self._sleepers = [made.enter_context(probes.Probe(None, "stalls", core))
                              for core in sorted(os.sched_getaffinity(0))]
            self._made = made.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._made.close()

    def begin(self, patience=PATIENCE_S):
        self.until_answered()
        self._held.finish(patience)
        for probe in (self._http, self._datagrams, *self._sleepers):
            if probe:
                probe.take()
        self._answers.take()
        self._answers.overlooked()

    def until_answered(self, seconds=15):
        """Whether it is."""
        try:
            waiting.until(lambda: self._http.silent_ms() < 60, "the VIP is answered", seconds)
        except waiting.Late:
            return False
        return True

    def stall_ms(self):
        return max(sleeper.take()["worst_ms"] for sleeper in self._sleepers)

    def end(self, patience=PATIENCE_S):
        """What was noticed since the beginning."""
        back = self.until_answered()
        answers.wait_a_window()
        time.sleep(probes.LATE_S)  # until then what was sent last does not count as lost
        seen = self._answers.take()
        web, stall, held = self._http.take(), self.stall_ms(), self._held.finish(patience)
        datagrams = self._datagrams.take() if self._datagrams else {}
        blackout = web["blackout_ms"] if back else float("inf")
        stall = max(stall, web["worst_pause_ms"])
        return {"blackout_ms": blackout, "stall_ms": stall, "beyond_ms": max(0, blackout - stall),
                "lost": held["lost"], "resets": held["resets"], "held": held["held"],
                "lost_of": held["lost_of"],
                "refused": web["reset"], "dual_answers": answers.dual(seen), "answers": len(seen),
                "overlooked": self._answers.overlooked(),
                "datagrams_lost": datagrams.get("lost", 0),
                "datagrams": datagrams.get("sent", 0), "requests": web["sent"],
                "requests_lost": web["lost"]}
