# SPDX-License-Identifier: Apache-2.0
"""Two whole units, a dedicated cable between them, a server that answers and a client who asks
without a pause: what tests of a pair with data planes have in common."""

import contextlib
import json
import os
import shutil
import socket
import threading
import time

import lease_watch
import unit as units
import waiting
from namespace import Namespace, Switch

VIP = "10.9.0.100"
PROFILE = os.environ.get("YOKE_PAIR_PROFILE", "vm")
CONFIGURATION = {
    "revision": 1, "hash_key": "00" * 16, "groups": [{"name": "blue", "lease": "held"}],
    "pools": [{"name": "dns", "method": "nat", "servers": [
        {"endpoint": "10.9.0.21:53", "weight": 1, "state": "up"}]}],
    "vips": [{"name": "dns", "address": f"{VIP}:53/udp", "pool": "dns", "snat": [],
              "idle_timeout_s": 0, "group": "blue"}]}


class WholeUnit(units.Unit):
    """A data plane with a pair process beside it."""

    def __init__(self, namespace, number):
        self.name = namespace.name
        self.number = number
        self.pair = None
        super().__init__(namespace)

    def board(self, **changes):
        text = super().board(**changes)
        return text.replace(units.IPV4, f"10.9.0.{self.number}").replace(
            units.IPV6, f"2001:db8:9::{self.number}")

    def write_pair_settings(self):
        settings = {"version": 1, "profile": PROFILE, "dedicated": {"interface": "ha0"},
                    "data": {"interface": "wan", "links": ["wan", "eth0"]},
                    "groups": [{"name": "blue", "vrid": 7, "mac": "own", "vips": [VIP]}]}
        (self.root / "var/lib/yoke/pair.json").write_text(json.dumps(settings), encoding="utf-8")

    def start_all(self):
        if self.dataplane is None or self.dataplane.exit_status is not None:
            self.start_dataplane()
            self.forward("apply", version=1, configuration=CONFIGURATION)
        if self.pair is None or self.pair.exit_status is not None:
            self.pair = self.namespace.start(f"yoke-pair-{self.name}",
                                             units.PROGRAMS / "yoke-pair", "--root", self.root,
                                             environment=units.LEAKS_OF_OTHERS)
            self.pair.until(self.ha, "the pair process answers")

    def call(self, method, **parameters):
        return units.call(self.root / "run/yoke/pair.sock", method, parameters)

    def ha(self):
        with contextlib.suppress(OSError):
            return self.call("status")
        return {}

    def group(self):
        return (self.ha().get("groups") or [{}])[0]

    def page(self):
        return lease_watch.Page(self.root / "run/yoke/lease")


class Client:
    """Asks the VIP every millisecond or so, and remembers when it was answered."""

    def __init__(self, namespace):
        with namespace.entered():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.002)
        self.answered = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self):
        self._thread.start()
        waiting.until(lambda: self.answered, "the VIP is answered", 20)
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join()
        self._socket.close()

    def _ask(self):
        while not self._ending.is_set():
            with contextlib.suppress(OSError):
                self._socket.sendto(b"?", (VIP, 53))
                self._socket.recv(100)
                self.answered.append(time.monotonic())

    def until_answered_again(self):
        since = time.monotonic()
        waiting.until(lambda: self.answered[-1] > since, "the VIP is answered again", 30)

    def blackout_ms(self):
        return max(b - a for a, b in zip(self.answered, self.answered[1:])) * 1000


def echo(namespace):
    """A server that answers datagrams."""
    with namespace.entered():
        service = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        service.bind(("10.9.0.21", 53))

    def answer():
        while True:
            _, asker = service.recvfrom(100)
            service.sendto(b"!", asker)

    threading.Thread(target=answer, daemon=True).start()


@contextlib.contextmanager
def laid(kind, names, servers=("server1",), serve=echo):
    """(client, [unit, unit]), with a key each, of the class `kind`. A unit's files outlive its
    namespace, so each test file has names of its own. `serve` is called for each server's
    namespace, which has the addresses 10.9.0.21 and 2001:db8:9::21 and those that follow."""
    switch = Switch()
    client, *rest = (Namespace(name) for name in ("client", *names, *servers))
    homes, hosts = rest[:len(names)], rest[len(names):]
    for number, namespace in (10, client), *enumerate(hosts, 21):
        switch.plug(namespace)
        namespace.ip(f"addr add 10.9.0.{number}/24 dev eth0")
        namespace.ip(f"addr add 2001:db8:9::{number}/64 dev eth0 nodad")
    for home in homes:
        switch.plug(home)
    for host in hosts:
        serve(host)
    both = [kind(home, number) for home, number in zip(homes, (2, 3))]
    first, second = both
    first.namespace.ip(f"link add ha0 type veth peer name ha0 netns {names[1]}")
    keys = first.root / "keys"
    first.namespace.run(units.PROGRAMS / "yoke-pair", "--make-keys", keys)
    for unit, place in ((first, "a"), (second, "b")):
        unit.namespace.ip("link set ha0 up")
        shutil.copy(keys / place / "pair.key", unit.root / "var/lib/yoke/pair.key")
    try:
        yield client, both
    finally:
        for unit in both:
            for process in (unit.mgmt, unit.pair, unit.dataplane):
                if process is not None:
                    process.kill()
        for namespace in (client, *hosts, *homes, switch.namespace):
            namespace.remove()
