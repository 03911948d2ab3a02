# SPDX-License-Identifier: Apache-2.0
"""Two whole units, set up by commands alone, real nginx and real clients: the unit that forwards
is killed, or hands over as it is asked to, and connections go on through the other."""

import contextlib
import hashlib
import os
import signal
import socket

import pytest

import server as servers
import topology
import waiting
from test_pair_commands import Managed, settled
from whole_units import laid

VIPS = {"nat4": topology.NAT4, "nat6": topology.NAT6,
        "dsr4": topology.DSR4, "dsr6": topology.DSR6}
HOSTS = ("flow1", "flow2", "flow3")
DOWNLOAD_BYTES = 12 * 1000 * 1000


def bracketed(address):
    return f"[{address}]" if ":" in address else address


def commands():
    """The same on both."""
    yield "set ha interface ha0 data-interface wan data-links wan,eth0 profile vm"
    yield "set group blue vrid 7"
    for name, address in VIPS.items():
        network = "2001:db8:9::" if ":" in address else "10.9.0."
        endpoints = " ".join(f"{bracketed(network + str(number))}:80" for number in (21, 22, 23))
        yield f"set pool {name} server {endpoints}"
        yield f"set pool {name} method {name[:3]}"
        yield f"set vip {name} {bracketed(address)}:80/tcp pool {name} group blue"


class Connection:
    """A TCP connection to a VIP, which is never made anew."""

    def __init__(self, client, address):
        with client.entered():
            self._socket = socket.create_connection((address, 80), 20)
        self._bytes = bytearray()

    def ask(self):
        """Which server answers."""
        self._socket.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n")
        answer = b""
        while not answer.endswith(b"\n") or b"\r\n\r\n" not in answer:
            piece = self._socket.recv(4096)
            assert piece, f"the connection ended after {answer!r}"
            answer += piece
        return answer.partition(b"\r\n\r\n")[2].decode().strip()

    def begin_download(self):
        """A part of the big file, which comes slowly."""
        self._socket.sendall(f"GET /slow HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n"
                             f"Range: bytes=0-{DOWNLOAD_BYTES - 1}\r\n\r\n".encode())
        while len(self._bytes) < 1 << 20:
            self._bytes += self._socket.recv(65536)

    def digest(self):
        """Of what it has brought in the end."""
        while piece := self._socket.recv(65536):
            self._bytes += piece
        self._socket.close()
        return hashlib.sha256(bytes(self._bytes).partition(b"\r\n\r\n")[2]).hexdigest()


def serve(namespace):
    number = 21 + HOSTS.index(namespace.name)
    host = servers.Server(namespace, f"10.9.0.{number}", f"2001:db8:9::{number}")
    servers.make_big_file()
    host.answer_for(topology.DSR4, topology.DSR6)
    host.start()


@pytest.fixture(name="pair", scope="module")
def _pair():
    with laid(Managed, ("upper", "lower"), HOSTS, serve) as (client, both):
        for unit in both:
            unit.start_all()
            unit.commit(*commands())
        yield client, both


def flows(unit):
    with contextlib.suppress(KeyError):
        return unit.status()["flow_sync"]
    return {}


def until_in_sync(both):
    """(active, standby), once the one has told and the other has heard everything."""
    active, standby = settled(*both)
    for unit in both:
        unit.until_servers("up")
    waiting.until(lambda: flows(active).get("told") and flows(standby).get("whole"),
                  f"in sync: {flows(active)}, {flows(standby)}, {active.ha()}, {standby.ha()}", 30)
    return active, standby


def kill(unit):
    # That one first, or it would say that its data plane is gone.
    for process in (unit.pair, unit.dataplane, unit.mgmt):
        os.killpg(process.pid, signal.SIGKILL)
    for process in (unit.pair, unit.dataplane, unit.mgmt):
        process.kill()


def goes_on(pair, fault):
    """Whatever is open when `fault` befalls the unit that forwards."""
    client, both = pair
    active, standby = until_in_sync(both)
    idle = [(name, Connection(client, address)) for name, address in VIPS.items() for _ in range(8)]
    before = [connection.ask() for _, connection in idle]
    loads = [Connection(client, address) for address in VIPS.values()]
    for load in loads:
        load.begin_download()
    until_in_sync(both)
    fault(active)
    waiting.until(lambda: standby.ha_row().get("role") in ("ACTIVE", "ALONE"), "it takes over", 30)
    with open(servers.BIG_FILE, "rb") as file:
        wanted = hashlib.sha256(file.read(DOWNLOAD_BYTES)).hexdigest()
    assert [load.digest() for load in loads] == [wanted] * len(loads)
    assert [connection.ask() for _, connection in idle] == before
    return active


def test_what_is_open_goes_on_after_the_active_unit_was_killed(pair):
    killed = goes_on(pair, kill)
    killed.start_all()
    until_in_sync(pair[1])


def test_what_is_open_goes_on_after_a_planned_failover(pair):
    goes_on(pair, lambda unit: unit.yoke("request", "ha", "failover"))


def test_show_ha_link_says_how_flows_are_carried(pair):
    _, both = pair
    active, standby = until_in_sync(both)
    assert active.ha_row()["flows"]["told"] and standby.ha_row()["flows"]["whole"]
    for unit in both:
        row = {way["way"]: way for way in unit.show("ha", "link")}["flows"]
        assert row["interface"] == "ha0" and row["link"] == "up"
        assert row["received"] > 0 and row["sent"] > 0
