# SPDX-License-Identifier: Apache-2.0
"""Two whole units under traffic, each single fault once: at no time do two answer for the VIP, as
the client's port of the switch sees it, and the VIP is answered again.

How long that takes, and many times each, beside other systems: tests/bench/takeover_bench.py."""

import time

import pytest

import answers
import faults
import meter as meters
import paired
import promise
import topology

SINGLE = ("kill-dataplane", "kill-pair", "kill-mgmt", "power", "stop-pair", "stop-mgmt", "stop-all",
          "cut-data", "cut-cable", "cut-data-out", "cut-data-in", "cut-cable-out", "cut-cable-in",
          "planned")
MOST_SECONDS = 1.2  # longer than a takeover takes


@pytest.fixture(scope="module", name="pair")
def _pair():
    with topology.Lab(kind=paired.PairedUnit) as lab:
        pair = paired.Paired(lab)
        pair.start()
        pair.introduce()
        pair.configure()
        yield pair
        pair.stop()


@pytest.fixture(scope="module", name="meter")
def _meter(pair):
    pair.settle()
    with meters.Meter(pair.lab, pair.vip, pair.held, has_datagrams=True) as meter:
        yield meter


@pytest.mark.parametrize("name", SINGLE)
def test_never_two_answer(pair, meter, name):
    fault = next(each for each in faults.FAULTS if each.name == name)
    active, _ = pair.settle()
    meter.begin(patience=0)
    end = fault.begin(pair.lab, pair, active)
    time.sleep(min(fault.seconds, MOST_SECONDS))
    if end:
        end()
    pair.settle()
    noticed = meter.end(patience=0)
    print(f"\n{name}: no answer for {noticed['blackout_ms']:.1f} ms at most, "
          f"stalls {noticed['stall_ms']:.1f} ms; {noticed['answers']} answers")
    assert noticed["blackout_ms"] != float("inf"), "the VIP is answered again"
    assert noticed["answers"] > 0 and noticed["overlooked"] == 0
    promise.kept(noticed["dual_answers"] == 0, f"both answered: {noticed['dual_answers']} frames")


MS = 1_000_000
A, B = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"


@pytest.mark.parametrize("seen, frames", [
    ([(0, A), (5, A), (6, B), (9, B)], 0),                # a takeover
    ([(0, A), (6, B), (500, B), (506, A)], 0),            # and back, later
    ([(0, A), (6, B), (10, B), (11, A), (14, B)], 1),     # the first had not stopped
    ([(0, A), (3000, B), (3005, A), (3006, A), (3010, B)], 2),
    ([(0, A), (1, B), (2, A), (3, B), (4, A), (5, A)], 1),  # both, all the time
])
def test_what_counts_as_two(seen, frames):
    assert answers.dual([(moment * MS, sender) for moment, sender in seen]) == frames
