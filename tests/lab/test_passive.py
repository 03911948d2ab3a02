# SPDX-License-Identifier: Apache-2.0
"""Servers that no check looks at, and that clients' own connections tell of."""

import pytest

import topology
import traffic
import waiting

POOL = ("passive-failures 5", "passive-window 10s", "passive-hold 3s")


@pytest.fixture(scope="module")
def unit(bare_lab):
    """VIPs in nat whose pools have passive checks alone."""
    bare_lab.unit.start()
    bare_lab.unit.commit(*commands(bare_lab, "web", 4), *commands(bare_lab, "web6", 6))
    yield bare_lab.unit
    bare_lab.unit.stop()


def commands(lab, name, family):
    servers = " ".join(server.endpoint(family) for server in lab.servers)
    address = f"[{topology.NAT6}]:80" if family == 6 else f"{topology.NAT4}:80"
    return (f"set pool {name} server {servers}", *(f"set pool {name} {rule}" for rule in POOL),
            f"set vip {name} {address}/tcp pool {name}")


@pytest.fixture(params=[(4, "web", topology.NAT4), (6, "web6", topology.NAT6)],
                ids=["IPv4", "IPv6"])
def requests(request, bare_lab):
    """Traffic to a VIP, with what it goes to: (family, pool, traffic)."""
    family, pool, address = request.param
    running = traffic.Traffic(bare_lab.client, address, at_once=16, pause=0.02)
    yield family, pool, running
    running.stop()


def row(unit, pool, endpoint):
    return next(row for row in unit.show("server", pool) if row["server"] == endpoint)


def passive(unit, pool, endpoint):
    return next(row for row in unit.show("check", pool)
                if (row["server"], row["check"]) == (endpoint, "passive"))


def until_all_is_well(requests, count=100):
    """As many requests as that in a row were answered."""
    def is_well():
        latest = requests.requests[-count:]
        return len(latest) == count and not traffic.failed(latest)
    waiting.until(is_well, f"{count} requests in a row are answered", seconds=60)


def breaks_and_mends(unit, requests, server, break_it, mend_it, word):
    family, pool, running = requests
    endpoint = server.endpoint(family)
    waiting.until(lambda: row(unit, pool, endpoint)["state"] == "up", "it is up", seconds=30)
    until_all_is_well(running)
    break_it()
    try:
        waiting.until(lambda: row(unit, pool, endpoint)["state"] == "down", "it is taken out",
                      seconds=60)
        seen = passive(unit, pool, endpoint)
        if seen["state"] == "down":  # not tried again already
            assert seen["last"].startswith("passive ") and word in seen["last"], seen
        told = [event for event in unit.show("log") if event["event"] == "server-down"]
        assert told[0]["fields"]["SERVER"] == endpoint, told
        assert "connections within 10s failed" in told[0]["text"], told
        others = [each for each in unit.show("server", pool) if each["server"] != endpoint]
        assert {each["state"] for each in others} == {"up"}, others
        counted = {each["server"]: each for each in unit.show("connection", pool)}
        assert counted[endpoint][word] >= 5, counted
    finally:
        mend_it()
    waiting.until(lambda: row(unit, pool, endpoint)["state"] == "up", "it is tried again",
                  seconds=60)
    until_all_is_well(running, 200)
    waiting.until(lambda: server.name in {request.server for request in running.requests[-200:]},
                  "it answers again", seconds=30)


def test_a_server_that_refuses_is_taken_out_and_tried_again(unit, bare_lab, requests):
    server = bare_lab.servers[1]
    breaks_and_mends(unit, requests, server, server.stop, server.start, "refused")


def test_a_server_that_does_not_answer_is_taken_out_and_tried_again(unit, bare_lab, requests):
    """Its answers have no way to the VIP, whose address the unit has towards it."""
    server = bare_lab.servers[2]
    family = requests[0]
    vip = topology.NAT4 if family == 4 else topology.NAT6
    route = f"{'-6' if family == 6 else '-4'} route {{}} blackhole {vip}"
    breaks_and_mends(unit, requests, server,
                     lambda: server.namespace.ip(route.format("add")),
                     lambda: server.namespace.ip(route.format("del")), "unanswered")


def test_no_more_than_half_of_the_servers_are_taken_out(unit, bare_lab, requests):
    _, pool, _ = requests
    for server in bare_lab.servers:
        server.stop()
    try:
        waiting.until(lambda: any("it stays" in (each["last"] or "")
                                  for each in unit.show("check", pool)),
                      "one is spared", seconds=60)
        states = [each["state"] for each in unit.show("server", pool)]
        assert states.count("up") >= 2, states
    finally:
        for server in bare_lab.servers:
            server.start()
    waiting.until(lambda: all(each["state"] == "up" for each in unit.show("server", pool)),
                  "all are tried again", seconds=60)
