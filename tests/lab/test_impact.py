# SPDX-License-Identifier: Apache-2.0
"""What `diff` says that a commit would do to open connections is what the commit does to them."""

import collections
import contextlib
import json
import socket
import time

import pytest

import topology

WEB = topology.vip("web")
CONNECTIONS = 60
SOURCES = ("10.9.0.240", "10.9.0.241")
PATIENCE_S = 1.0  # a cut connection never answers


def ask(connection):
    """Whose answer it is to one more request on a connection that stays open; None: no answer."""
    try:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = connection.recv(4096)
            if not piece:
                return None
            answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                      if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += connection.recv(4096)
        return body.decode().strip()
    except OSError:
        return None


@contextlib.contextmanager
def open_connections(lab):
    """Established connections through the VIP, each with the server that answers it."""
    with contextlib.ExitStack() as stack:
        with lab.client.entered():
            opened = [stack.enter_context(socket.create_connection((WEB, 80), 5))
                      for _ in range(CONNECTIONS)]
        for connection in opened:
            connection.settimeout(PATIENCE_S)
        servers = [ask(connection) for connection in opened]
        assert None not in servers
        yield list(zip(opened, servers))


def impact(lab, *lines):
    """What diff says of these edits, by path and effect."""
    words = [word for line in (*lines, "diff") for word in ("-c", line)]
    answer = json.loads(lab.unit.yoke("--json", *words).stdout.splitlines()[-1])
    return {(effect["path"], effect["effect"]): effect["flows"] for effect in answer["impact"]}


def dead(connections):
    return sum(1 for connection, _ in connections if ask(connection) is None)


def endpoints(lab):
    return [row["server"] for row in lab.unit.show("pool", "web")]


@pytest.fixture(autouse=True)
def as_it_was(lab):
    before = lab.unit.show("status")[0]["revision"]
    yield
    lab.unit.yoke("rollback", str(before))
    lab.unit.until_servers("up")


@contextlib.contextmanager
def foretold(lab, line, path, effect):
    """Open connections, and how many of them `line` concerns, which is then committed."""
    before = impact(lab, line).get((path, effect), 0)
    with open_connections(lab) as connections:
        told = impact(lab, line)
        assert set(told) == {(path, effect)}
        lab.unit.commit(line)
        yield connections, told[path, effect] - before


def test_of_a_server_that_is_removed(lab):
    path = f"pool web server {endpoints(lab)[0]}"
    with foretold(lab, f"delete {path}", path, "cut") as (connections, told):
        assert dead(connections) == told > 0


def test_of_a_server_that_is_disabled(lab):
    path = f"pool web server {endpoints(lab)[1]}"
    with foretold(lab, f"disable {path}", path, "drain") as (connections, told):
        assert told in collections.Counter(server for _, server in connections).values()
        assert dead(connections) == 0


def test_of_a_vip_that_is_removed(lab):
    with foretold(lab, "delete vip web", "vip web", "cut") as (connections, told):
        assert told == CONNECTIONS
        assert dead(connections[:5]) == 5


def test_of_a_shorter_patience_is_on_those_that_rested_for_longer(lab):
    change = "set vip web idle-timeout 5s"
    with open_connections(lab) as connections:
        busy, resting = connections[:CONNECTIONS // 3], connections[CONNECTIONS // 3:]
        time.sleep(6)
        assert dead(busy) == 0
        assert impact(lab, change) == {("vip web", "cut"): len(resting)}
        lab.unit.commit(change)
        for _ in range(5):  # a turn of the sweep takes 4 s
            assert dead(busy) == 0
            time.sleep(1)
        assert dead(resting) == len(resting)


def test_of_some_source_addresses_is_on_those_that_leave_from_them(lab):
    lab.unit.commit(f"set vip web snat {','.join(SOURCES)}")
    with open_connections(lab) as connections:
        gone, = impact(lab, f"set vip web snat {SOURCES[0]}").values()
        kept, = impact(lab, f"set vip web snat {SOURCES[1]}").values()
        assert gone > 0 and kept > 0
        assert gone + kept == len(connections)


def test_of_a_server_and_its_vip_is_counted_once(lab):
    with open_connections(lab) as connections:
        told = impact(lab, "delete vip web", f"delete pool web server {endpoints(lab)[0]}")
        assert told == {("vip web", "cut"): len(connections)}


def test_of_names_is_none(lab):
    with open_connections(lab) as connections:
        lines = ("rename pool web to shop", "rename vip web to front")
        assert impact(lab, *lines) == {}
        lab.unit.commit(*lines)
        assert dead(connections) == 0


def test_is_told_in_words(lab):
    with open_connections(lab):
        said = lab.unit.yoke("-c", "delete vip web", "-c", "diff").stdout.splitlines()
        assert "open flows cut" in said[-2]
        assert said[-1].startswith("impact: ")
