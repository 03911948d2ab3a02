# SPDX-License-Identifier: Apache-2.0
"""Two data planes that know each other's flows: one is killed, and what clients have open goes on
through the other.

Both run alone, told by their own sockets; `lease_holder` says which has the VIPs, and a relay in
this process carries their frames. The second has two workers and the first one, so that flows lie
in other tables than those that their packets reach."""

import hashlib
import os
import socket
import types

import pytest

import server as servers
import test_lease
import unit as units
import waiting
from flow_relay import Relay
from namespace import Namespace

TCP_VIPS = {name: address for name, (address, _) in test_lease.BLUE.items()}
DOWNLOAD_BYTES = 16 * 1000 * 1000
_DNS_QUERY = (b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06server\x03lab\x04test\x00"
              b"\x00\x10\x00\x01")


class Side:
    """One unit of the two, and who holds its lease."""

    def __init__(self, lab, unit):
        self.lab = lab
        self.unit = unit
        self.holder = test_lease.Holder(types.SimpleNamespace(unit=unit))

    def start(self):
        self.unit.start_dataplane()
        made = test_lease.configuration(self.lab)
        made["pools"] = [pool for pool in made["pools"] if not pool["name"].startswith("plain")]
        made["vips"] = [vip for vip in made["vips"] if not vip["name"].startswith("plain")]
        self.unit.forward("apply", version=1, configuration=made)

    def kill(self):
        self.unit.dataplane.kill()
        self.holder.stop()

    def take(self, epoch):
        """It has the VIPs from now on, and everybody asks anew where they are."""
        self.holder.epoch = epoch - 1
        self.holder.hold()
        for host in (self.lab.client, *(each.namespace for each in self.lab.servers)):
            host.ip("neigh flush all")

    def sync(self):
        return self.unit.status().get("flow_sync", {})

    def nat_flows(self):
        """{VIP: flows open} of those whose flows no table implies."""
        vips = self.unit.counters()["vips"]
        return {name: count["flows_open"] for name, count in vips.items() if "nat" in name}


class Datagrams:
    """A client that asks over one UDP port, and remembers who answers."""

    def __init__(self, lab, address):
        with lab.client.entered():
            self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                                         socket.SOCK_DGRAM)
        self._socket.settimeout(1)
        self._socket.connect((address, 53))
        self.server = self.ask()

    def ask(self):
        for _ in range(10):
            try:
                self._socket.send(_DNS_QUERY)
                answer = self._socket.recv(4096)
            except (TimeoutError, ConnectionRefusedError):
                continue
            return answer.rpartition(b"server")[2].decode()
        raise AssertionError("no answer")

    def close(self):
        self._socket.close()


class Download:
    """A part of the big file, which comes slowly."""

    def __init__(self, lab, address):
        with lab.client.entered():
            self._socket = socket.create_connection((address, 80), 20)
        self._socket.sendall(f"GET /slow HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n"
                             f"Range: bytes=0-{DOWNLOAD_BYTES - 1}\r\n\r\n".encode())
        self._bytes = bytearray()

    def read(self, octets):
        while len(self._bytes) < octets:
            piece = self._socket.recv(65536)
            if not piece:
                break
            self._bytes += piece

    def digest(self):
        """Of what it has brought in the end."""
        self.read(1 << 40)
        self._socket.close()
        return hashlib.sha256(bytes(self._bytes).partition(b"\r\n\r\n")[2]).hexdigest()


def two_workers():
    """Cores for two, where the machine has them."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    return ", ".join(map(str, cores)) if len(cores) == 2 else "any"


@pytest.fixture(name="pair", scope="module")
def _pair(bare_lab):
    namespace = Namespace("replica")
    bare_lab.switch.plug(namespace)
    second = units.Unit(namespace, cores=two_workers())
    second.write_board(second.board(address="10.9.0.3/24, 2001:db8:9::3/64"))
    sides = [Side(bare_lab, bare_lab.unit), Side(bare_lab, second)]
    relay = Relay(*(side.unit for side in sides))
    for side in sides:
        side.start()
    sides[0].take(1)
    yield sides
    relay.stop()
    for side in sides:
        side.holder.stop()
        side.unit.dataplane.kill()


@pytest.fixture(name="opened")
def _opened(pair, bare_lab):
    """Something open of every kind, through the first, and known to the second."""
    active, standby = pair
    clients = {name: test_lease.Connection(bare_lab, address)
               for name, address in TCP_VIPS.items()}
    clients |= {f"{name} udp": Datagrams(bare_lab, address)
                for name, address in TCP_VIPS.items()}
    yield clients
    for each in clients.values():
        each.close()


def until_told(active, standby):
    waiting.until(lambda: active.sync().get("told") and standby.sync().get("whole"),
                  f"in sync: {active.sync()}, {standby.sync()}")
    waiting.until(lambda: active.nat_flows() == standby.nat_flows(),
                  f"the other has {active.nat_flows()}")


def move(active, standby, epoch):
    until_told(active, standby)
    assert all(active.nat_flows().values()), active.nat_flows()
    active.kill()
    standby.take(epoch)


def test_what_is_open_goes_on_through_the_other_and_back(pair, opened):
    first, second = pair
    move(first, second, 2)
    for name, client in opened.items():
        assert client.ask() == client.server, name
    # The first comes back knowing nothing, and is told.
    first.start()
    move(second, first, 3)
    for name, client in opened.items():
        assert client.ask() == client.server, name
    second.start()
    until_told(first, second)


def test_downloads_are_whole(pair, bare_lab):
    first, second = pair
    servers.make_big_file()
    with open(servers.BIG_FILE, "rb") as file:
        wanted = hashlib.sha256(file.read(DOWNLOAD_BYTES)).hexdigest()
    loads = [Download(bare_lab, address) for address in TCP_VIPS.values()]
    for load in loads:
        load.read(1 << 20)
    move(first, second, 4)
    assert [load.digest() for load in loads] == [wanted] * len(loads)
    first.start()
    until_told(second, first)
