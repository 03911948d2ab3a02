# SPDX-License-Identifier: Apache-2.0
"""The lab: a switch, a client, three servers and one unit, each in a network namespace.

                     client .10
                        |
      unit .2 ------ switch ------ server1 .21, server2 .22, server3 .23

All of 10.9.0.0/24 and 2001:db8:9::/64, which exist nowhere else.
"""

import shutil

from namespace import Namespace, Switch
from server import Server
from unit import Unit

NAT4, NAT6 = "10.9.0.100", "2001:db8:9::100"
DSR4, DSR6 = "10.9.0.101", "2001:db8:9::101"
CHECK_PACE = "interval 200ms timeout 150ms"
HTTP_CHECK = "http GET /health expect 200"


# Every kind of forwarding: name of the VIP and its pool: method, IP version, port, protocol, check
EVERYTHING = {
    "web": ("nat", 4, 80, "tcp", HTTP_CHECK),
    "web6": ("nat", 6, 80, "tcp", HTTP_CHECK),
    "direct": ("dsr", 4, 80, "tcp", HTTP_CHECK),
    "direct6": ("dsr", 6, 80, "tcp", HTTP_CHECK),
    "dns": ("nat", 4, 53, "udp", "tcp"),
    "dns6": ("nat", 6, 53, "udp", "tcp"),
    "direct-dns": ("dsr", 4, 53, "udp", "tcp"),
    "direct-dns6": ("dsr", 6, 53, "udp", "tcp"),
}
_VIPS = {("nat", 4): NAT4, ("nat", 6): NAT6, ("dsr", 4): DSR4, ("dsr", 6): DSR6}


class Network:
    """All of it but the unit. Made at once; goes with the sandbox it is made in, or when it is left."""

    def __init__(self):
        self.switch = Switch()
        self.client = self._host("client", 10)
        self.servers = [Server(self._host(f"server{i}", 20 + i), _v4(20 + i), _v6(20 + i))
                        for i in (1, 2, 3)]
        for server in self.servers:
            server.answer_for(DSR4, DSR6)
            server.start()

    def _host(self, name, number):
        namespace = Namespace(name)
        self.switch.plug(namespace)
        namespace.ip(f"addr add {_v4(number)}/24 dev eth0")
        namespace.ip(f"addr add {_v6(number)}/64 dev eth0 nodad")
        return namespace

    def server(self, name):
        return next(server for server in self.servers if server.name == name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            for process in (server.nginx, server.dns):
                if process is not None:
                    process.kill()
        for namespace in (self.client, self.switch.namespace,
                          *(server.namespace for server in self.servers)):
            namespace.remove()

    def commands(self, name, pace=CHECK_PACE):
        """What configures one of EVERYTHING, with a pool of all three servers."""
        method, family, port, protocol, check = EVERYTHING[name]
        endpoints = " ".join(server.endpoint(family, port) for server in self.servers)
        yield f"set pool {name} server {endpoints}"
        if method != "nat":
            yield f"set pool {name} method {method}"
        yield f"set pool {name} check {check} {pace}"
        yield f"set vip {name} {vip(name)}:{port}/{protocol} pool {name}"


class Lab(Network):
    """And the unit, as processes of this machine."""

    def __init__(self, kind=Unit, **unit):
        """`kind` is the class of its unit, made with what else is given."""
        super().__init__()
        namespace = Namespace("unit")
        # Queue 0 of several would be all that AF_XDP sees of a veth.
        self.switch.plug(namespace)
        self.unit = kind(namespace, **unit)

    def __exit__(self, *_):
        for process in (self.unit.dataplane, self.unit.mgmt):
            if process is not None:
                process.kill()
        super().__exit__()
        self.unit.namespace.remove()
        shutil.rmtree(self.unit.root)

    def configure_everything(self):
        self.unit.commit(*(command for name in EVERYTHING for command in self.commands(name)))
        self.unit.until_servers("up")


def vip(name, brackets=True):
    """Address of a VIP, as it stands before a port, or bare."""
    method, family, *_ = EVERYTHING[name]
    address = _VIPS[method, family]
    return f"[{address}]" if brackets and family == 6 else address


def _v4(number):
    return f"10.9.0.{number}"


def _v6(number):
    return f"2001:db8:9::{number}"
