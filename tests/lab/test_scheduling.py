# SPDX-License-Identifier: Apache-2.0
"""How new connections get their servers, where a table is not all."""

import collections
import pathlib
import socket
import sys

import pytest

import topology
import traffic
import waiting

HTTP = ("web", "web6", "direct", "direct6")
CHECK_PORT = 8080
PACE = "interval 500ms timeout 450ms"
SLOW_MS = 200


@pytest.fixture(scope="module")
def lab(bare_lab):
    """VIPs of every method and family; checks ask a port that can be made slow."""
    script = pathlib.Path(__file__).with_name("slow_answer.py")
    helpers = [server.namespace.start(f"{server.name}-answer", sys.executable, script, CHECK_PORT,
                                      server.folder / "delay") for server in bare_lab.servers]
    bare_lab.unit.start()
    bare_lab.unit.commit(*(command for name in HTTP for command in bare_lab.commands(name)))
    bare_lab.unit.commit(*(f"set pool {name} check http port {CHECK_PORT} {PACE}"
                           for name in HTTP))
    bare_lab.unit.until_servers("up")
    yield bare_lab
    bare_lab.unit.stop()
    for helper in helpers:
        helper.kill()


def schedule(lab, name, scheduler):
    lab.unit.commit(f"set pool {name} scheduler {scheduler}")


def responses(lab, name):
    """Seconds, by server, in the order of the lab's."""
    rows = {row["server"]: row["response_s"] for row in lab.unit.show("server", name)}
    family = topology.EVERYTHING[name][1]
    return [rows[server.endpoint(family)] for server in lab.servers]


def counts(lab, name, count):
    """Of so many connections, how many each server got."""
    requests = traffic.Traffic(lab.client, topology.vip(name, brackets=False), count).wait()
    assert not traffic.failed(requests)
    served = traffic.per_server(requests)
    return [served.get(server.name, 0) for server in lab.servers]


@pytest.mark.parametrize("name", HTTP)
def test_a_slow_server_gets_fewer_connections_until_it_recovers(lab, name):
    schedule(lab, name, "response-time")
    delay = lab.servers[1].folder / "delay"
    delay.write_text(str(SLOW_MS), encoding="ascii")
    try:
        def is_slow():
            first, slow, third = responses(lab, name)
            return slow and first and third and slow > 4 * max(first, third)
        waiting.until(is_slow, "checks have found it slow", seconds=40)
        waiting.until(lambda: told_slow(lab, name), "the data plane was told", seconds=10)
        first, slow, third = counts(lab, name, 900)
        assert 0 < slow < min(first, third) / 2, (first, slow, third)
    finally:
        delay.unlink()

    def is_well():
        first, mended, third = responses(lab, name)
        return mended < 1.5 * max(first, third)
    waiting.until(is_well, "checks have found it well", seconds=60)
    waiting.until(lambda: not told_slow(lab, name), "the data plane was told", seconds=10)
    first, mended, third = counts(lab, name, 900)
    assert mended > 150, (first, mended, third)
    schedule(lab, name, "maglev")


def told_slow(lab, name):
    family = topology.EVERYTHING[name][1]
    slow = lab.servers[1].endpoint(family)
    told = {row["server"]: row.get("response_us", 0)
            for row in lab.unit.forward("status")["servers"] if row["pool"] == name}
    return told[slow] > 4 * min(told.values())


@pytest.mark.parametrize("name", HTTP)
def test_round_robin_takes_turns(lab, name):
    """Each worker for itself; a SYN that is sent again may take a turn."""
    schedule(lab, name, "round-robin")
    assert all(abs(count - 100) <= 5 for count in counts(lab, name, 300))
    schedule(lab, name, "maglev")


@pytest.mark.parametrize("name", HTTP)
def test_a_client_keeps_its_server_by_source_hash(lab, name):
    schedule(lab, name, "source-hash")
    assert sorted(counts(lab, name, 200)) == [0, 0, 200]
    schedule(lab, name, "maglev")


def asked(address):
    """A connection that stays open, and who answered on it."""
    connection = socket.create_connection((address, 80), 5)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n")
    answer = b""
    while not answer.partition(b"\r\n\r\n")[2].endswith(b"\n"):
        piece = connection.recv(4096)
        assert piece, answer
        answer += piece
    return connection, answer.splitlines()[-1].decode()


@pytest.mark.parametrize("name", HTTP)
def test_least_connections_fills_up_the_one_with_fewest(lab, name):
    schedule(lab, name, "least-connections")
    held = []
    try:
        with lab.client.entered():
            for _ in range(9):
                held.append(asked(topology.vip(name, brackets=False)))
        first = held[0][1]
        assert sorted(collections.Counter(server for _, server in held).values()) == [3, 3, 3]
        # One server is rid of its three: the next three go there.
        for connection, server in held:
            if server == first:
                connection.close()
        with lab.client.entered():
            more = [asked(topology.vip(name, brackets=False)) for _ in range(3)]
        held += more
        assert {server for _, server in more} == {first}
    finally:
        for connection, _ in held:
            connection.close()
        schedule(lab, name, "maglev")
