# SPDX-License-Identifier: Apache-2.0
"""Two whole units as somebody sets them up, looks at them and moves VIPs: by commands alone."""

import pexpect
import pytest

import unit as units
import waiting
from managed import Managed, settled, until_roles
from whole_units import VIP, Client, laid

COMMANDS = (
    "set ha interface ha0 data-interface wan data-links wan,eth0 profile vm",
    "set group blue vrid 7",
    "set pool dns server 10.9.0.21:53",
    f"set vip dns {VIP}:53/udp pool dns group blue",
)

PAIR_ALARMS = {"pair-away", "peer-silent", "pair-jeopardy", "pair-fault"}


@pytest.fixture(scope="module", name="both")
def _both():
    with laid(Managed, ("north", "south")) as (client, (first, second)):
        for unit in (first, second):
            unit.start_all()
        yield client, first, second


def test_a_unit_that_stands_alone_says_how_it_becomes_one_of_two(both):
    _, alpha, _ = both
    refused = alpha.yoke("show", "ha", check=False)
    assert refused.returncode == 4 and "E-470" in refused.stderr
    assert "set ha interface" in refused.stderr


def test_a_group_without_a_virtual_router_is_refused(both):
    _, alpha, _ = both
    refused = alpha.yoke("-c", COMMANDS[0], "-c", "set group blue", "-c", "commit", check=False)
    assert refused.returncode != 0 and "E-250" in refused.stderr


def test_the_same_commands_on_both_make_them_a_pair(both):
    client, alpha, beta = both
    for unit in (alpha, beta):
        unit.commit(*COMMANDS)
    active, standby = settled(alpha, beta)
    with Client(client):
        pass
    row = active.ha_row()
    assert row["group"] == "blue" and row["vrid"] == 7 and row["peer_role"] == "STANDBY"
    assert row["trouble"] == "" and row["epoch"] > 0
    ways = {way["way"]: way for way in standby.show("ha", "link")}
    assert ways["dedicated"]["interface"] == "ha0" and ways["data"]["interface"] == "wan"
    assert all(way["link"] == "up" and way["received"] > 0 for way in ways.values())
    waiting.until(lambda: not (active.alarms() | standby.alarms()) & PAIR_ALARMS, "all is well", 20)


def prompt_of(shell):
    """The next one."""
    shell.sendline("")
    shell.expect_exact("> ")
    return shell.before + shell.after


def test_the_prompt_says_which_unit_this_is(both):
    _, alpha, beta = both
    active, standby = settled(alpha, beta)
    for unit, role in ((active, "ACTIVE"), (standby, "STANDBY")):
        shell = pexpect.spawn(str(units.PROGRAMS / "yoke"), ["--root", str(unit.root)],
                              encoding="utf-8", timeout=20)
        # It is what was seen within the last second.
        shell.expect_exact("> ")
        waiting.until(lambda: prompt_of(shell).endswith(f"({role})> "), f"it says {role}", 20)
        shell.close(force=True)


def test_a_failover_that_is_asked_for(both):
    client, alpha, beta = both
    active, standby = settled(alpha, beta)
    with Client(client) as asking:
        active.yoke("request", "ha", "failover")
        until_roles(active, standby, "STANDBY", "ACTIVE")
        asking.until_answered_again()
    newest = active.show("ha", "history")[0]
    assert newest["to"] == "STANDBY" and newest["group"] == "blue"
    reasons = [row["reason"] for row in active.show("ha", "history")]
    assert "handed-over" in reasons and "handoff-asked" in reasons
    def told():
        return [row["text"] for row in standby.show("log") if row["event"] == "pair-role"]

    waiting.until(lambda: "ACTIVE" in told()[0], "it is in the log", 10)


def test_a_unit_in_standby_takes_nothing_until_it_may(both):
    _, alpha, beta = both
    active, standby = settled(alpha, beta)
    active.yoke("request", "ha", "standby")
    waiting.until(lambda: active.ha_row().get("role") == "MAINTENANCE", "it is", 30)
    waiting.until(lambda: standby.ha_row().get("role") in ("ACTIVE", "ALONE"), "the other works", 30)
    active.yoke("request", "ha", "resume")
    until_roles(active, standby, "STANDBY", "ACTIVE")


def test_a_pair_process_that_is_gone_is_an_alarm_on_both(both):
    _, alpha, beta = both
    active, standby = settled(alpha, beta)
    standby.pair.kill()
    waiting.until(lambda: "pair-away" in standby.alarms(), "its own unit tells", 30)
    waiting.until(lambda: "peer-silent" in active.alarms(), "so does the other", 30)
    assert "E-471" in standby.yoke("show", "ha", check=False).stderr
    standby.start_pair()
    until_roles(active, standby, "ACTIVE", "STANDBY")
    waiting.until(lambda: not (active.alarms() | standby.alarms()) & PAIR_ALARMS,
                  "all is well again", 30)
