# SPDX-License-Identifier: Apache-2.0
"""The lab: a switch, a client, three servers and one unit, each in a network namespace.

                     client .10
                        |
      unit .2 ------ switch ------ server1 .21, server2 .22, server3 .23

All of 10.9.0.0/24 and 2001:db8:9::/64, which exist nowhere else.
"""

from namespace import Namespace, Switch
from server import Server
from unit import Unit

NAT4, NAT6 = "10.9.0.100", "2001:db8:9::100"
DSR4, DSR6 = "10.9.0.101", "2001:db8:9::101"
CHECK = "interval 200ms timeout 150ms"


class Lab:
    """Made at once; goes with the sandbox it is made in."""

    def __init__(self, **unit):
        self.switch = Switch()
        self.client = self._host("client", 10)
        self.servers = [Server(self._host(f"server{i}", 20 + i), _v4(20 + i), _v6(20 + i))
                        for i in (1, 2, 3)]
        for server in self.servers:
            server.answer_for(DSR4, DSR6)
            server.start()
        namespace = Namespace("unit")
        # Queue 0 of several would be all that AF_XDP sees of a veth.
        self.switch.plug(namespace)
        self.unit = Unit(namespace, **unit)

    def _host(self, name, number):
        namespace = Namespace(name)
        self.switch.plug(namespace)
        namespace.ip(f"addr add {_v4(number)}/24 dev eth0")
        namespace.ip(f"addr add {_v6(number)}/64 dev eth0 nodad")
        return namespace

    def server(self, name):
        return next(server for server in self.servers if server.name == name)

    def pool_commands(self, name, method, family, port=80, check="http GET /health expect 200"):
        """Commands for a pool of all three servers."""
        endpoints = " ".join(endpoint(server.ipv4 if family == 4 else server.ipv6, port)
                             for server in self.servers)
        words = [f"set pool {name} server {endpoints}"]
        if method != "nat":
            words.append(f"set pool {name} method {method}")
        words.append(f"set pool {name} check {check} {CHECK}")
        return words

    def vip_commands(self, name, method, family, port=80, protocol="tcp", **pool):
        """Commands for a VIP, called as its pool, with a pool of all three servers."""
        address = {("nat", 4): NAT4, ("nat", 6): NAT6, ("dsr", 4): DSR4, ("dsr", 6): DSR6}
        return [*self.pool_commands(name, method, family, port, **pool),
                f"set vip {name} {endpoint(address[method, family], port)}/{protocol} pool {name}"]


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _v4(number):
    return f"10.9.0.{number}"


def _v6(number):
    return f"2001:db8:9::{number}"
