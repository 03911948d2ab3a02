# SPDX-License-Identifier: Apache-2.0
"""The lease in the data plane: without one, no frame of a VIP or SNAT address leaves the unit.

yoke-dataplane alone runs, told what to forward over its own socket; `lease_holder` keeps the leases
as yoke-pair does. What leaves the unit is seen at its port of the switch."""

import contextlib
import ipaddress
import os
import signal
import socket
import threading
import time

import pytest

import frames
import topology
import unit
import waiting

LEASE_MS, EVERY_MS = 200, 10
PORT_QUEUE = 512  # frames that a ring of af_packet holds
PLAIN = "10.9.0.102"  # a VIP in no group, which stands
SNAT4, SNAT6 = "10.9.0.110", "2001:db8:9::110"
BLUE = {"nat4": (topology.NAT4, "nat"), "nat6": (topology.NAT6, "nat"),
        "dsr4": (topology.DSR4, "dsr"), "dsr6": (topology.DSR6, "dsr")}
HELD = [topology.NAT4, topology.NAT6, topology.DSR4, topology.DSR6, SNAT4, SNAT6]


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def configuration(lab):
    """Each VIP with port 80 by TCP and 53 by UDP; those of BLUE are in the group that is held."""
    made = {"revision": 1, "hash_key": "00" * 16, "pools": [], "vips": [],
            "groups": [{"name": "blue", "lease": "held"}]}
    for name, (address, method) in (BLUE | {"plain": (PLAIN, "nat")}).items():
        family = 6 if ":" in address else 4
        for port, protocol in ((80, "tcp"), (53, "udp")):
            pool = f"{name}-{protocol}"
            made["pools"].append(
                {"name": pool, "method": method, "servers": [
                    {"endpoint": server.endpoint(family, port), "weight": 1, "state": "up"}
                    for server in lab.servers]})
            vip = {"name": pool, "address": f"{endpoint(address, port)}/{protocol}", "pool": pool,
                   "snat": [], "idle_timeout_s": 0}
            if name in BLUE:
                vip["group"] = "blue"
                if method == "nat":
                    vip["snat"] = [SNAT6 if family == 6 else SNAT4]
            made["vips"].append(vip)
    return made


class Holder:
    """lease_holder for the group `blue`, one at a time."""

    def __init__(self, lab):
        self._lab = lab
        self._process = None
        self.epoch = 0

    def start(self, lease_ms=LEASE_MS):
        self.stop()
        self.epoch += 1
        self._process = self._lab.unit.namespace.start(
            "lease_holder", unit.PROGRAMS / "lease_holder", self._lab.unit.root / "run/yoke/lease",
            lease_ms, EVERY_MS, self.epoch, "blue")

    def hold(self):
        """Starts it; returns once the data plane has its lease."""
        self.start()
        self._process.until(self._has_granted, "the data plane has the lease")

    def _has_granted(self):
        """Also where the lease of the holder before goes on for a while."""
        now = lease(self._lab)
        return now["served"] and now["epoch"] == self.epoch

    def pause(self):
        """It is stopped, and what it granted is over."""
        self._process.pause()
        time.sleep(LEASE_MS / 1000 + 0.02)

    def resume(self):
        """It finds its lease lapsed, and goes."""
        self._process.resume()
        waiting.until(lambda: self._process.exit_status == 3, "the holder gives up")

    def stop(self):
        if self._process is not None:
            self._process.kill()


def lease(lab):
    """What the data plane says of the group."""
    leases = lab.unit.status().get("leases", [])
    return next((each for each in leases if each["group"] == "blue"), {"served": False})


class Watch:
    """What leaves the unit, as its port of the switch sees it."""

    OUTGOING = 4  # PACKET_OUTGOING: towards the unit

    def __init__(self, lab):
        with lab.switch.namespace.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
            self._socket.bind(("unit", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.settimeout(0.1)
        self._addresses = {ipaddress.ip_address(each).packed for each in HELD}
        self.seen = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        while not self._ends.is_set():
            with contextlib.suppress(TimeoutError):
                frame, (_, _, kind, *_) = self._socket.recvfrom(65536)
                if kind != self.OUTGOING and self._is_of_a_held_vip(frame):
                    self.seen.append(frame)

    def _is_of_a_held_vip(self, frame):
        """It comes from one of their addresses or claims to know where one is; DSR leaves sources
        as they are, so what goes to a VIP of such comes from the unit as well."""
        ethertype, packet = int.from_bytes(frame[12:14]), frame[14:]
        if ethertype == frames.ETHERTYPE_ARP:
            return packet[14:18] in self._addresses
        if ethertype == frames.ETHERTYPE_IPV4:
            return bool({packet[12:16], packet[16:20]} & self._addresses)
        if ethertype != frames.ETHERTYPE_IPV6:
            return False
        return bool({packet[8:24], packet[24:40], packet[48:64]} & self._addresses)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        time.sleep(0.2)  # what is on its way
        self._ends.set()
        self._thread.join()
        self._socket.close()


class Knocking:
    """Somebody wants something of every VIP, every few milliseconds, and knows the unit's MAC."""

    def __init__(self, lab, unit_mac):
        self._wire = frames.Wire(lab.client)
        self._frames = list(self._all(unit_mac))
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._knock, daemon=True)
        self._thread.start()

    def _all(self, unit_mac):
        own = self._wire.mac
        everybody = "ff:ff:ff:ff:ff:ff"
        for address in HELD:
            if ":" in address:
                ours = "2001:db8:9::10"
                solicited = frames.neighbor_solicitation(ours, address, address, own)
                yield frames.ethernet(unit_mac, own, frames.ETHERTYPE_IPV6,
                                      frames.ipv6(ours, address, frames.ICMPV6, solicited, 255))
                for protocol, segment in (
                        (frames.TCP, frames.tcp(ours, address, 40000, 80)),
                        (frames.UDP, frames.udp(ours, address, 40000, 53, b"x" * 20)),
                        (frames.ICMPV6, frames.icmpv6_echo(ours, address))):
                    yield frames.ethernet(unit_mac, own, frames.ETHERTYPE_IPV6,
                                          frames.ipv6(ours, address, protocol, segment))
            else:
                ours = "10.9.0.10"
                yield frames.ethernet(everybody, own, frames.ETHERTYPE_ARP,
                                      frames.arp_request(own, ours, address))
                for protocol, segment in (
                        (frames.TCP, frames.tcp(ours, address, 40000, 80)),
                        (frames.UDP, frames.udp(ours, address, 40000, 53, b"x" * 20)),
                        (frames.ICMP, frames.icmp_echo())):
                    yield frames.ethernet(unit_mac, own, frames.ETHERTYPE_IPV4,
                                          frames.ipv4(ours, address, protocol, segment))

    def _knock(self):
        while not self._ends.is_set():
            for frame in self._frames:
                with contextlib.suppress(OSError):
                    self._wire.send(frame)
            self._ends.wait(0.005)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()
        self._wire.close()


class Connection:
    """A TCP connection to a VIP that asks one thing after the other, and never anew."""

    def __init__(self, lab, address):
        with lab.client.entered():
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            self._socket = socket.socket(family)
            self._socket.settimeout(20)
            self._socket.connect((address, 80))
        self.server = self.ask()

    def ask(self):
        """The server that answers."""
        self._socket.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n")
        answer = b""
        while not answer.endswith(b"\n") or b"\r\n\r\n" not in answer:
            piece = self._socket.recv(4096)
            assert piece, f"the connection ended after {answer!r}"
            answer += piece
        return answer.partition(b"\r\n\r\n")[2].decode().strip()

    def close(self):
        self._socket.close()


@pytest.fixture(name="held", scope="module")
def _held(bare_lab):
    """The lab with what is held configured, and a holder that does not hold yet."""
    bare_lab.unit.start_dataplane()
    bare_lab.unit.forward("apply", version=1, configuration=configuration(bare_lab))
    bare_lab.holder = Holder(bare_lab)
    yield bare_lab
    bare_lab.holder.stop()
    assert bare_lab.unit.dataplane.terminate() == 0


def unit_mac(lab):
    return lab.unit.counters()["ports"][0]["mac"]


def lost(lab):
    return lab.unit.drops()["no-lease"]


def connect_to_all(lab):
    """A connection to every VIP, those of the group and the one that stands."""
    return {name: Connection(lab, address)
            for name, (address, _) in (BLUE | {"plain": (PLAIN, "nat")}).items()}


def assert_they_go_on(connections):
    for name, connection in connections.items():
        assert connection.ask() == connection.server, name


@contextlib.contextmanager
def nothing_leaves(lab):
    """While it is knocked at, no frame of a VIP that is held leaves the unit, and what is asked for
    is counted as dropped."""
    before = lost(lab)
    with Watch(lab) as watch, Knocking(lab, unit_mac(lab)):
        yield
        waiting.until(lambda: lost(lab) > before + 100, "the unit has been asked")
    assert not watch.seen, f"{len(watch.seen)} frames, the first {watch.seen[0].hex()}"


def test_before_anybody_grants_a_lease_nothing_is_answered(held):
    assert lease(held) == {"group": "blue", "lease": "held", "served": False, "line": False,
                           "epoch": 0, "remaining_us": 0, "reason": "no-page"}
    with nothing_leaves(held):
        pass
    Connection(held, PLAIN).close()


def test_a_page_without_a_lease_is_none(held):
    held.holder.start(lease_ms=0)
    waiting.until(lambda: lease(held).get("line"), "the data plane finds the line")
    with nothing_leaves(held):
        assert not lease(held)["served"]


def test_while_it_is_renewed_traffic_flows(held):
    held.holder.hold()
    connections = connect_to_all(held)
    before = lost(held)
    until = time.monotonic() + 2
    with Watch(held) as watch:
        while time.monotonic() < until:
            assert_they_go_on(connections)
    assert watch.seen, "or no other test would see anything"
    assert lost(held) == before
    assert lease(held)["epoch"] == held.holder.epoch
    for connection in connections.values():
        connection.close()


def test_a_holder_that_hangs_ends_it_within_the_lease_and_flows_go_on_under_the_next(held):
    held.holder.hold()
    connections = connect_to_all(held)
    held.holder.pause()
    with nothing_leaves(held):
        assert connections["plain"].ask() == connections["plain"].server
    held.holder.resume()
    with nothing_leaves(held):
        assert not lease(held)["served"]
    held.holder.hold()
    assert_they_go_on(connections)
    for connection in connections.values():
        connection.close()


def test_a_holder_that_is_killed_ends_it_and_the_next_begins_anew(held):
    held.holder.hold()
    held.holder.stop()
    time.sleep(LEASE_MS / 1000 + 0.02)
    with nothing_leaves(held):
        pass
    held.holder.hold()
    for connection in connect_to_all(held).values():
        connection.close()


@pytest.mark.smoke
def test_a_data_plane_that_hung_past_the_end_sends_nothing_of_what_it_has(held):
    """The zombie: it wakes with its queue full of what the other unit has long answered."""
    held.holder.hold()
    connections = connect_to_all(held)
    for _ in range(5):
        before = lost(held)
        with Knocking(held, unit_mac(held)):
            time.sleep(0.05)
            held.unit.dataplane.pause()
            held.holder.pause()
            time.sleep(0.3)
            with Watch(held) as watch:
                held.unit.dataplane.resume()
                waiting.until(lambda: lost(held) > before + 30, "it has looked at what it has")
        assert not watch.seen, f"{len(watch.seen)} frames, the first {watch.seen[0].hex()}"
        held.holder.hold()
    assert_they_go_on(connections)
    for connection in connections.values():
        connection.close()


def test_all_that_hung_sends_nothing_when_it_goes_on(held):
    """Both processes, as when a virtual machine is stopped; the holder does not renew what lapsed.
    What the port's own queue held when they were stopped may leave (dataplane/api/README.md), which
    on a busy machine is more than nothing; then nothing does."""
    held.holder.hold()
    mac = unit_mac(held)
    with Knocking(held, mac):
        time.sleep(0.05)
        held.unit.dataplane.pause()
        held.holder.pause()
        with Watch(held) as watch:
            held.unit.dataplane.resume()
            held.holder.resume()
            waiting.until(lambda: held.unit.status(), "the data plane answers")
    assert len(watch.seen) <= PORT_QUEUE, f"{len(watch.seen)} frames"
    with nothing_leaves(held):
        pass


@pytest.mark.parametrize("holds", (True, False))
def test_a_data_plane_that_is_killed_comes_back_as_the_page_says(held, holds):
    held.holder.hold()
    if not holds:
        held.holder.pause()
    held.unit.dataplane.kill()
    held.unit.start_dataplane()
    held.unit.forward("apply", version=1, configuration=configuration(held))
    if holds:
        waiting.until(lambda: lease(held)["served"], "it finds the page")
        for connection in connect_to_all(held).values():
            connection.close()
    else:
        with nothing_leaves(held):
            assert not lease(held)["served"]


def test_what_the_kernel_sends_from_a_held_address_stays_without_a_lease(held):
    """Somebody has given the twin a VIP that is the other unit's: nothing says so on the wire."""
    held.holder.hold()
    client = "10.9.0.10"
    twin = "wan"
    held.unit.namespace.ip("addr", "add", f"{SNAT4}/24", "dev", twin)
    ping = ("ping", "-q", "-c", "3", "-i", "0.2", "-W", "1", "-I", SNAT4, client)
    try:
        with Watch(held) as watch:
            held.unit.namespace.run(*ping, check=False)
        assert watch.seen, "or the test would see nothing below"
        held.holder.pause()
        with Watch(held) as watch:
            held.unit.namespace.run(*ping, check=False)
        assert not watch.seen, f"{len(watch.seen)} frames, the first {watch.seen[0].hex()}"
    finally:
        held.holder.stop()
        held.unit.namespace.ip("addr", "del", f"{SNAT4}/24", "dev", twin)


@pytest.mark.smoke
@pytest.mark.parametrize("harm", ("cut short", "overwritten", "removed", "a folder"))
def test_a_page_that_is_harmed_is_no_lease_and_ends_nobody(held, harm):
    held.holder.hold()
    page = held.unit.root / "run/yoke/lease"
    if harm == "cut short":
        os.truncate(page, 0)
    elif harm == "overwritten":
        with open(page, "r+b") as file:
            file.write(os.urandom(4096))
    else:
        page.unlink()
        if harm == "a folder":
            page.mkdir()
    waiting.until(lambda: not lease(held)["served"], "the lease is gone")
    with nothing_leaves(held):
        assert held.unit.dataplane.exit_status is None
    held.holder.stop()
    if harm == "a folder":
        page.rmdir()
    held.holder.hold()
    for connection in connect_to_all(held).values():
        connection.close()


def test_a_signal_that_stops_neither_ends_nothing(held):
    """SIGSTOP for less than the lease is nobody's fault."""
    held.holder.hold()
    connections = connect_to_all(held)
    os.kill(held.unit.dataplane.pid, signal.SIGSTOP)
    time.sleep(0.05)
    os.kill(held.unit.dataplane.pid, signal.SIGCONT)
    assert_they_go_on(connections)
    for connection in connections.values():
        connection.close()
