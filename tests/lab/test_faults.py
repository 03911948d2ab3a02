# SPDX-License-Identifier: Apache-2.0
"""Daemons and servers that die under traffic, and come back."""

import contextlib
import hashlib
import socket
import threading
import time

import pytest

import server
import topology
import traffic
import waiting

WEB = topology.vip("web")


class Download(threading.Thread):
    """The big file, sent slowly: a connection that is there for some seconds."""

    def __init__(self, namespace, address):
        super().__init__(daemon=True)
        self.received = 0
        self.failure = ""
        self._sum = hashlib.sha256()
        with namespace.entered():
            self._connection = socket.create_connection((address, 80), 5)
        self._connection.settimeout(20)
        self._connection.sendall(b"GET /slow HTTP/1.0\r\nHost: lab\r\n\r\n")
        head = bytearray()
        while b"\r\n\r\n" not in head:
            head += self._connection.recv(1)
        self.server = head.decode().split("Served-By: ")[1].split("\r\n")[0]
        self.start()

    def run(self):
        try:
            while piece := self._connection.recv(65536):
                self._sum.update(piece)
                self.received += len(piece)
        except OSError as error:
            self.failure = str(error)

    def moves_on(self):
        """Waits for more of it to arrive."""
        before = self.received
        waiting.until(lambda: self.received > before or self.failure, "the download moves on", 15)
        assert not self.failure

    def checksum(self):
        self.join()
        assert not self.failure, self.failure
        return self._sum.hexdigest()


@contextlib.contextmanager
def traffic_to(lab, address):
    with traffic.Traffic(lab.client, address, at_once=4, pause=0.005) as flow:
        waiting.until(lambda: len(flow.requests) > 50, "traffic flows")
        yield flow


def succeeds_after(flow, moment):
    waiting.until(lambda: any(request.started > moment and not request.error
                              for request in flow.requests), "requests succeed again", 20)


@pytest.mark.smoke
def test_forwarding_resumes_after_kill_9_of_the_data_plane(lab):
    before = lab.unit.status()["revision"]
    with traffic_to(lab, WEB) as flow:
        lab.unit.dataplane.kill()
        lab.unit.start_dataplane()
        succeeds_after(flow, time.monotonic())
        lab.unit.until_servers("up")
        settled = time.monotonic()
        waiting.until(lambda: sum(request.started > settled for request in flow.requests) > 300,
                      "traffic flows on")
    assert not [request for request in traffic.failed(flow.requests) if request.started > settled]
    assert lab.unit.status()["revision"] == before


@pytest.mark.parametrize("name", ("direct", "direct6"))
def test_dsr_connections_outlive_kill_9_of_the_data_plane(lab, name):
    expected = server.make_big_file()
    downloads = [Download(lab.client, topology.vip(name, brackets=False)) for _ in range(6)]
    assert len({download.server for download in downloads}) > 1
    lab.unit.dataplane.kill()
    lab.unit.start_dataplane()
    for download in downloads:
        download.moves_on()
    # A packet sent to another server would have ended its connection with a reset.
    assert {download.checksum() for download in downloads} == {expected}


@pytest.mark.smoke
def test_no_request_fails_while_the_management_plane_is_dead_and_when_it_returns(lab):
    with traffic_to(lab, WEB) as flow:
        lab.unit.mgmt.kill()
        enough = len(flow.requests) + 300
        waiting.until(lambda: len(flow.requests) > enough, "traffic flows on")
        generation = lab.unit.status()["generation"]
        lab.unit.start_mgmt()
        lab.unit.until_mgmt_is_in_charge()
        enough = len(flow.requests) + 300
        waiting.until(lambda: len(flow.requests) > enough, "traffic flows on")
        assert lab.unit.status()["generation"] >= generation
        assert set(lab.unit.server_states().values()) == {"up"}  # no flap
    assert not traffic.failed(flow.requests)


def test_a_restart_of_both_needs_no_configuration(lab):
    lab.unit.dataplane.kill()
    lab.unit.mgmt.kill()
    lab.unit.start()
    lab.unit.until_servers("up")
    with lab.client.entered():
        assert not traffic.ask(WEB).error


@pytest.mark.smoke
def test_a_server_that_dies_gets_no_connection_once_it_is_found_out(lab):
    victim = lab.servers[0]
    name = ("web", victim.endpoint(4))
    still_down = 0.0

    def is_up():
        nonlocal still_down
        asked = time.monotonic()
        if lab.unit.server_states().get(name) == "up":
            return True
        still_down = asked
        return False

    with traffic_to(lab, WEB) as flow:
        victim.stop()
        down = lab.unit.until_servers("down", [name])
        enough = len(flow.requests) + 300
        waiting.until(lambda: len(flow.requests) > enough, "traffic flows on")
        victim.start()
        waiting.until(is_up, "it is up", 20, every=0.002)
        up = time.monotonic()
        waiting.until(lambda: any(request.server == victim.name and request.started > up
                                  for request in flow.requests), "it serves again")
    assert not [request for request in traffic.failed(flow.requests) if request.started > down]
    assert not [request for request in flow.requests
                if request.server == victim.name and down + 0.05 < request.started
                and request.ended < still_down]


def test_a_server_whose_check_gets_503_finishes_what_it_has(lab):
    expected = server.make_big_file()
    downloads = [Download(lab.client, WEB) for _ in range(6)]
    victim = lab.server(downloads[0].server)
    name = ("web", victim.endpoint(4))
    victim.break_health()
    lab.unit.until_servers("down", [name])
    requests = traffic.Traffic(lab.client, WEB, 200).wait()
    assert not traffic.failed(requests)
    assert victim.name not in traffic.per_server(requests)
    row = next(row for row in lab.unit.show("pool", "web") if row["server"] == victim.endpoint(4))
    assert row["state"].lower() == "down" and "503" in row["check"], row
    victim.break_health(False)
    lab.unit.until_servers("up", [name])
    assert {download.checksum() for download in downloads} == {expected}


def test_a_hung_server_is_taken_out(lab):
    victim = lab.servers[2]
    name = ("web", victim.endpoint(4))
    victim.nginx.pause()
    try:
        lab.unit.until_servers("down", [name])
        requests = traffic.Traffic(lab.client, WEB, 200).wait()
        assert not traffic.failed(requests)
    finally:
        victim.nginx.resume()
    lab.unit.until_servers("up", [name])


def test_connections_survive_a_commit_that_keeps_their_server(lab):
    expected = server.make_big_file()
    downloads = [Download(lab.client, WEB) for _ in range(3)]
    lab.unit.commit("set pool web server 10.9.0.21:80 weight 7", "set vip web idle-timeout 10m",
                    "set vip ping 10.9.0.110:9/udp")
    lab.unit.commit("delete vip ping", "set pool web server 10.9.0.21:80 weight 1",
                    "set vip web idle-timeout 0s")
    assert {download.checksum() for download in downloads} == {expected}


def test_all_servers_down_is_a_counted_drop_and_ends_with_the_first_that_returns(lab):
    names = [("web", each.endpoint(4)) for each in lab.servers]
    for each in lab.servers:
        each.break_health()
    lab.unit.until_servers("down", names)
    before = lab.unit.drops()["no-server"]
    with lab.client.entered():
        assert traffic.ask(WEB).error
    assert lab.unit.drops()["no-server"] > before
    lab.servers[0].break_health(False)
    lab.unit.until_servers("up", names[:1])
    with lab.client.entered():
        assert traffic.ask(WEB).server == lab.servers[0].name
    for each in lab.servers:
        each.break_health(False)
    lab.unit.until_servers("up", names)
