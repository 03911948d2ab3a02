# SPDX-License-Identifier: Apache-2.0
"""A machine that is switched off while a commit waits for its confirmation, and on again: by which
clock, and how much later, it must not matter."""

import time

import pytest

import boot

WHY_NOT = boot.why_not()
pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-"), pytest.mark.deadline(500)]
COMMANDS = ("-c 'set pool web server 10.9.0.21:80' -c 'set vip web 10.9.0.100:80/tcp pool web' "
            "-c commit", "-c 'delete vip web' -c 'commit confirm 10m'")
CONFIRM_S = 600
CONFIRMED, UNCONFIRMED, UNDONE = 1, 2, 3  # revisions


@pytest.fixture(scope="module", name="cut")
def _cut():
    """(disk, when it must be undone, how long it took to start) of a machine that was switched off
    right after the commit was acknowledged."""
    disk = boot.Disk("cut")
    began = time.monotonic()
    machine = boot.Boot(disk, time.time(), COMMANDS)
    try:
        machine.until(machine.done, "the commit is acknowledged")
    finally:
        machine.switch_off()
    assert f"Revision {UNCONFIRMED}: 1 change." in machine.says()
    yield disk, machine.done() + CONFIRM_S, time.monotonic() - began
    disk.remove()


def until_undone(machine):
    def undone():
        return [row for _, row in machine.shown() if row["revision_running"] == UNDONE]

    row = machine.until(undone, "it is undone", 200)[0]
    assert row["revision"] == UNDONE and row["vips"] == 1 and row["unconfirmed"] is None, row
    assert f"revision {UNCONFIRMED} was not confirmed" in machine.says(), machine.says()


HOURS = {"an hour late": 3600, "with a clock that has forgotten the time": -10 * 365 * 86400}


@pytest.mark.parametrize("later", HOURS.values(), ids=HOURS)
def test_switched_on_once_the_time_is_up_it_never_runs_what_nobody_confirmed(cut, later):
    disk, deadline, _ = cut
    copy = disk.copy("late")
    machine = boot.Boot(copy, deadline + later)
    try:
        until_undone(machine)
        running = {row["revision_running"] for _, row in machine.shown()}
        assert UNCONFIRMED not in running and "runs revision 2" not in machine.says()
    finally:
        machine.switch_off()
        copy.remove()


def test_switched_on_before_the_time_is_up_it_is_undone_on_time(cut):
    disk, deadline, start_s = cut
    for times in (2, 6, 18):
        copy = disk.copy("soon")
        machine = boot.Boot(copy, deadline - times * start_s - 3)
        try:
            until_undone(machine)
            shown = machine.shown()
        finally:
            machine.switch_off()
            copy.remove()
        waits = [(moment, row) for moment, row in shown if row["unconfirmed"]]
        if waits:  # else it has taken too long to start
            break
    assert waits
    for moment, row in waits:
        assert row["revision_running"] == UNCONFIRMED and row["back_to"] == CONFIRMED
        assert abs(moment + row["confirm_within_s"] - deadline) <= 2, (moment, deadline, row)
    undone_at = next(moment for moment, row in shown if row["revision"] == UNDONE)
    assert deadline - 1 <= undone_at < deadline + 30
