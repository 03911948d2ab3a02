# SPDX-License-Identifier: Apache-2.0
"""What a unit of two tracks beside its data links: who sees more of it down hands its VIPs over."""

import pytest

import waiting
from managed import Managed, settled, until_roles
from whole_units import VIP, Client, laid

COMMANDS = (
    "set ha interface ha0 data-interface wan data-links wan,eth0 profile vm",
    "set group blue vrid 7",
    "set pool dns server 10.9.0.21:53",
    f"set vip dns {VIP}:53/udp pool dns group blue",
)
GATEWAY = "10.9.0.10"  # the client's
TRACKED = (
    f"set track gateway:isp {GATEWAY} weight 20 groups blue interval 200ms timeout 150ms",
    "set track pool:dns dns at-least 2 weight 5 interval 200ms",
)


def commits(unit, *commands):
    """Whether it does: which of two units commits is settled a moment after who is active."""
    words = [word for command in (*commands, "commit") for word in ("-c", command)]
    return unit.yoke(*words, check=False).returncode == 0


@pytest.fixture(scope="module", name="both")
def _both():
    with laid(Managed, ("port", "starboard")) as (client, (first, second)):
        for unit in (first, second):
            unit.namespace.sysctl("ipv4/ping_group_range", "0 2147483647")
            unit.start_all()
        for unit in (first, second):
            unit.commit(*COMMANDS)
        active, _ = settled(first, second)
        waiting.until(lambda: commits(active, *TRACKED), "both have one history", 30)
        yield client, first, second


def row_of(unit, key):
    return next((row for row in unit.show("ha", "track") if row["track"] == key), {})


def lose_gateway(unit):
    unit.namespace.ip(f"neigh replace {GATEWAY} lladdr 02:00:00:00:00:99 dev wan nud permanent")


def find_gateway(unit):
    unit.namespace.ip(f"neigh del {GATEWAY} dev wan")


def test_both_units_look_for_themselves(both):
    _, first, second = both
    for unit in (first, second):
        waiting.until(lambda unit=unit: row_of(unit, "gateway:isp").get("state") == "up",
                      "the gateway answers", 20)
        waiting.until(lambda unit=unit: row_of(unit, "pool:dns").get("state") == "down",
                      "one server is not two", 20)
        assert row_of(unit, "pool:dns")["last"] == "1 of 2 servers of pool dns are up"
        waiting.until(lambda unit=unit: unit.ha_row().get("down") == ["pool:dns"],
                      "the pair process knows", 10)
        waiting.until(lambda unit=unit: "track-down" in unit.alarms(), "so does who looks", 10)


def test_who_loses_a_gateway_hands_over_and_keeps_nothing_from_coming_back(both):
    client, first, second = both
    active, standby = settled(first, second)
    with Client(client) as asking:
        lose_gateway(active)
        until_roles(active, standby, "STANDBY", "ACTIVE")
        asking.until_answered_again()
    assert "gateway:isp" in active.ha_row()["trouble"]
    assert row_of(active, "gateway:isp")["failures"] >= 3
    assert row_of(standby, "gateway:isp")["state"] == "up"
    assert "peer-healthier" in {row["reason"] for row in active.show("ha", "history")}
    find_gateway(active)
    waiting.until(lambda: row_of(active, "gateway:isp")["state"] == "up", "it is back", 10)
    assert standby.ha_row()["role"] == "ACTIVE", "nothing moves back by itself"


def test_what_was_told_is_told_to_a_pair_process_that_comes_anew(both):
    _, first, second = both
    _, standby = settled(first, second)
    standby.pair.kill()
    waiting.until(lambda: "pair-away" in standby.alarms(), "it is gone", 30)
    standby.start_pair()
    waiting.until(lambda: standby.ha_row().get("down") == ["pool:dns"], "it knows again", 30)


def test_without_a_weight_a_unit_may_not_hold_what_the_other_can(both):
    _, first, second = both
    active, standby = settled(first, second)
    waiting.until(lambda: commits(active, "set track gateway:isp weight 0"), "it commits", 20)
    waiting.until(lambda: row_of(standby, "gateway:isp").get("weight") == 0, "both know", 20)
    lose_gateway(active)
    until_roles(active, standby, "NOT_ELIGIBLE", "ACTIVE")
    assert "tracking-failed" in {row["reason"] for row in active.show("ha", "history")}
    find_gateway(active)
    until_roles(active, standby, "STANDBY", "ACTIVE")
