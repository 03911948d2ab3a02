# SPDX-License-Identifier: Apache-2.0
"""Two whole units, data planes and pair processes, and a client who asks without a pause: whatever
dies, the VIP is answered again, and never by two."""

import json
import os
import signal

import pytest

import lease_watch
import waiting
from whole_units import Client, WholeUnit, laid


@pytest.fixture(scope="module", name="whole")
def _whole():
    with laid(WholeUnit, ("alpha", "beta")) as (client, both):
        for unit in both:
            unit.write_pair_settings()
        yield client, both


@pytest.fixture(name="settled")
def _settled(whole):
    """(client, active, standby)"""
    client, both = whole
    for unit in both:
        unit.start_all()

    def settled():
        roles = [unit.group().get("role") for unit in both]
        return sorted(roles, key=str) == ["ACTIVE", "STANDBY"] and roles

    try:
        roles = waiting.until(settled, "one is active, the other stands by", 40)
    except waiting.Late as late:
        told = "\n".join(json.dumps(unit.ha()) + unit.pair.tail(20) for unit in both)
        raise waiting.Late(f"{late}\n{told}") from None
    return client, both[roles.index("ACTIVE")], both[roles.index("STANDBY")]


def watch(*both):
    return lease_watch.LeaseWatch({unit.name: unit.page() for unit in both})


def goes_on(settled, what, fault):
    """The client is answered again after the fault, by the other unit, and at no time by both."""
    client, active, standby = settled
    with watch(active, standby) as leases, Client(client) as asking:
        fault(active)
        waiting.until(lambda: standby.group().get("role") in ("ACTIVE", "ALONE"),
                      "the standby takes over", 30)
        asking.until_answered_again()
    print(f"\n{what}: no answer for {asking.blackout_ms():.1f} ms at most")
    assert not leases.both_held


def test_whole_unit_killed(settled):
    def kill(unit):
        # That one first, or it would say that its data plane is gone.
        for process in (unit.pair, unit.dataplane):
            os.killpg(process.pid, signal.SIGKILL)
        unit.pair.kill()
        unit.dataplane.kill()

    goes_on(settled, "both processes of the active killed", kill)


def test_data_plane_killed(settled):
    goes_on(settled, "data plane of the active killed", lambda unit: unit.dataplane.kill())


def test_pair_process_hangs(settled):
    _, active, standby = settled
    goes_on(settled, "pair process of the active stopped", lambda unit: unit.pair.pause())
    active.pair.resume()
    waiting.until(lambda: active.group().get("role") == "STANDBY", "it stands by", 30)
    assert standby.group()["role"] in ("ACTIVE", "ALONE")


def test_planned_failover(settled):
    goes_on(settled, "planned failover", lambda unit: unit.call("failover"))
