# SPDX-License-Identifier: Apache-2.0
"""What is built by hand instead: two Linux machines with keepalived, and nftables or HAProxy."""

import json
import os
import pathlib
import signal

import waiting
from namespace import Namespace

# Three and a half of these are about what a unit of ours is silent for before it counts as dead.
ADVERT_S = {"vm": 0.14, "default": 0.03, "fast": 0.01}

_KEEPALIVED = """\
global_defs {{
  vrrp_version 3
  script_user root
  enable_script_security
}}
{script}
vrrp_instance vip {{
  state BACKUP
  nopreempt
  interface eth0
  virtual_router_id {vrid}
  priority {priority}
  advert_int {advert}
  virtual_ipaddress {{
    {vip}/24
  }}
{track}
}}
"""
_SCRIPT = """\
vrrp_script alive {{
  script "{folder}/alive"
  interval 1
  fall 1
  rise 1
}}
"""
_NFTABLES = """\
table ip balance {{
  chain in {{
    type nat hook prerouting priority -100;
    ip daddr {vip} tcp dport 80 dnat to numgen random mod 3 map {{ {servers} }}
    ip daddr {vip} udp dport 53 dnat to numgen random mod 3 map {{ {servers} }}
  }}
  chain out {{
    type nat hook postrouting priority 100;
    ip daddr {{ {bare} }} masquerade
  }}
}}
"""
_HAPROXY = """\
global
  maxconn 8000
defaults
  mode tcp
  timeout connect 3s
  timeout client 60s
  timeout server 60s
frontend web
  bind {vip}:80
  default_backend servers
backend servers
{servers}
"""


class Machine:
    """One of two: its namespace, its programs."""

    def __init__(self, lab, name, number, priority):
        self.port = name
        self.namespace = Namespace(name)
        lab.switch.plug(self.namespace)
        self.namespace.ip(f"addr add 10.9.0.{number}/24 dev eth0")
        self.folder = pathlib.Path("/run/lab", name)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.priority = priority
        self.processes = {}

    def write(self, name, text, mode=0o600):
        path = self.folder / name
        path.write_text(text, encoding="ascii")
        path.chmod(mode)
        return path

    def runs(self, part):
        return part in self.processes and self.processes[part].exit_status is None

    def signal(self, number, *parts):
        for part in parts:
            os.killpg(self.processes[part].pid, number)
        if number == signal.SIGKILL:
            for part in parts:
                self.processes[part].kill()

    def has(self, vip):
        shown = json.loads(self.namespace.ip("-j addr show dev eth0"))
        return any(address.get("local") == vip
                   for interface in shown for address in interface.get("addr_info", []))


class Keepalived:
    """What both kinds share. `parts`: "pair" is keepalived."""

    parts = ("pair",)
    has_cable = False
    datagrams = False
    script = track = ""

    def __init__(self, lab, profile, name, numbers, vip, vrid):
        self.vip = vip
        self.held = (vip,)
        self.units = []
        for index, number in enumerate(numbers):
            machine = Machine(lab, f"{name}{index + 1}", number, 100 - 10 * index)
            self.units.append(machine)
            self.prepare(machine, lab)
            machine.write("keepalived.conf", _KEEPALIVED.format(
                vrid=vrid, vip=vip, priority=machine.priority, advert=ADVERT_S[profile],
                script=self.script.format(folder=machine.folder), track=self.track))
        self.settle()

    def prepare(self, machine, lab):
        """What keepalived is to watch over."""

    def start(self, machine):
        if machine.runs("pair"):
            return
        self.boot(machine)
        for name in ("pid", "vrrp_pid"):
            (machine.folder / name).unlink(missing_ok=True)
        machine.processes["pair"] = machine.namespace.start(
            f"{machine.port}-keepalived", "keepalived", "--dont-fork", "--vrrp", "--log-console",
            "--use-file", machine.folder / "keepalived.conf", "--pid", machine.folder / "pid",
            "--vrrp_pid", machine.folder / "vrrp_pid")

    def settle(self):
        for machine in self.units:
            self.start(machine)
        waiting.until(self._holder, f"one machine of {self.name} has the VIP", 30)
        waiting.until(self._has_stood, f"{self.name} stays so", 30, every=0.5)
        holder = self._holder()
        return holder, next(each for each in self.units if each is not holder)

    def _holder(self):
        holders = [machine for machine in self.units if machine.has(self.vip)]
        return holders[0] if len(holders) == 1 else None

    def _has_stood(self):
        """The same one for longer than an advert may stay away."""
        before = self._holder()
        try:
            waiting.until(lambda: self._holder() is not before, "(hoped not)", 0.6)
        except waiting.Late:
            return before
        return None

    def boot(self, machine):
        """What one that was killed has left behind in the kernel is gone."""
        if machine.has(self.vip):
            machine.namespace.ip(f"addr del {self.vip}/24 dev eth0")

    @staticmethod
    def switch_over(machine):
        machine.processes["pair"].terminate()

    def stop(self):
        for machine in self.units:
            for process in machine.processes.values():
                process.kill()


class Nftables(Keepalived):
    """Destination NAT in the kernel; who takes over knows no connection."""

    name = "keepalived + nftables"
    datagrams = True

    def __init__(self, lab, profile):
        super().__init__(lab, profile, "nft", (31, 32), "10.9.0.104", 31)

    def prepare(self, machine, lab):
        machine.namespace.sysctl("ipv4/ip_forward", 1)
        machine.namespace.sysctl("ipv4/conf/all/send_redirects", 0)
        machine.namespace.sysctl("ipv4/conf/eth0/send_redirects", 0)
        servers = ", ".join(f"{i} : {server.ipv4}" for i, server in enumerate(lab.servers))
        rules = machine.write("rules.nft", _NFTABLES.format(
            vip=self.vip, servers=servers, bare=", ".join(each.ipv4 for each in lab.servers)))
        machine.namespace.run("nft", "-f", rules)


class Haproxy(Keepalived):
    """A proxy: connections end in it."""

    name = "keepalived + HAProxy"
    parts = ("pair", "dataplane")
    script = _SCRIPT
    track = "  track_script {\n    alive\n  }"

    def __init__(self, lab, profile):
        super().__init__(lab, profile, "proxy", (33, 34), "10.9.0.105", 32)

    def prepare(self, machine, lab):
        machine.namespace.sysctl("ipv4/ip_nonlocal_bind", 1)
        servers = "\n".join(f"  server {each.name} {each.ipv4}:80 check inter 200ms fall 3"
                            for each in lab.servers)
        machine.write("haproxy.cfg", _HAPROXY.format(vip=self.vip, servers=servers))
        machine.write("alive", f"#!/bin/sh\nkill -0 $(cat {machine.folder}/haproxy.pid)\n",
                      0o700)

    def start(self, machine):
        if not machine.runs("dataplane"):
            machine.processes["dataplane"] = machine.namespace.start(
                f"{machine.port}-haproxy", "haproxy", "-db", "-f", machine.folder / "haproxy.cfg")
            machine.write("haproxy.pid", str(machine.processes["dataplane"].pid))
        super().start(machine)
