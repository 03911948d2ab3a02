# SPDX-License-Identifier: Apache-2.0
"""The unit of a lab and a second beside it, a cable between them: two whole units, each with data
plane, pair process and management plane.

    client .10      unit .2 ===== ha0 ===== unit2 .3
        |               |                      |
        +------------ switch ------------------+---- server1 .21, server2 .22, server3 .23
"""

import contextlib
import json
import os
import shutil
import signal

import topology
import unit as units
import waiting
from namespace import Namespace

VRID = 7
HA = "set ha interface ha0 data-interface wan data-links wan,eth0"
CHECK_PACE = "interval 500ms timeout 450ms"  # a busy machine takes no server out
VIPS = ("web", "web6", "direct", "direct6", "dns")
PARTS = ("pair", "dataplane", "mgmt")  # the first would tell of the others' death


class PairedUnit(units.Unit):
    """A unit with a pair process."""

    def __init__(self, namespace, number=2):
        self.number = number
        self.name = f"lb-{'ab'[number - 2]}"
        self.port = namespace.name  # of the switch
        self.pair = None
        super().__init__(namespace)

    def board(self, **changes):
        text = super().board(**changes)
        text = text.replace("lb-a", self.name)
        return text.replace(f"{units.IPV4}/", f"10.9.0.{self.number}/").replace(
            f"{units.IPV6}/", f"2001:db8:9::{self.number}/")

    def process(self, part):
        return getattr(self, part)

    def runs(self, part):
        return self.process(part) is not None and self.process(part).exit_status is None

    def start_all(self):
        """Whatever does not run of it."""
        if not self.runs("dataplane"):
            self.start_dataplane()
        if not self.runs("pair"):
            self.pair = self._start("yoke-pair", None)
            self.pair.until(self.ha, "the pair process answers")
        if not self.runs("mgmt"):
            self.start_mgmt()

    def signal(self, number, *parts):
        """To all of these at once, as nearly as that goes."""
        for part in parts:
            os.killpg(self.process(part).pid, number)
        if number == signal.SIGKILL:
            for part in parts:
                self.process(part).kill()

    def plug(self, state):
        """Its end of the cable, `up` or `down`. What is down loses its address of the link, which the
        kernel makes anew where it is the one to make it."""
        self.namespace.ip(f"link set ha0 {state}")
        if state == "up":
            self.namespace.ip(f"addr replace fe80::{self.number}/64 dev ha0 nodad")

    def ha(self):
        with contextlib.suppress(OSError):
            return units.call(self.root / "run/yoke/pair.sock", "status", {})
        return {}

    def is_called(self):
        """By yoke-pair."""
        return units.call(self.root / "run/yoke/pair.sock", "pairing", {}).get("name")

    def group(self):
        return (self.ha().get("groups") or [{}])[0]

    def role(self):
        return self.group().get("role")

    def is_calm(self):
        return not self.group().get("alarms", ["?"])


class Paired:
    """Both; not started, without keys, not configured. What can be done to them is in `faults.py`.
    The lab has been made with a PairedUnit."""

    vip = topology.NAT4
    held = (topology.NAT4, topology.NAT6, topology.DSR4, topology.DSR6)
    parts = PARTS
    has_cable = True

    def __init__(self, lab):
        self.lab = lab
        self.first = lab.unit
        home = Namespace("unit2")
        lab.switch.plug(home)
        self.second = PairedUnit(home, 3)
        self.units = [self.first, self.second]
        self.first.namespace.ip("link add ha0 type veth peer name ha0 netns unit2")
        for unit in self.units:
            unit.namespace.ip("link set ha0 addrgenmode none")
            unit.plug("up")

    def start(self):
        for unit in self.units:
            unit.start_all()

    def introduce(self, yoke=None):
        """They come to have a key. `yoke` runs a command on a unit: `yoke(*words, unit=unit)`."""
        yoke = yoke or (lambda *words, unit: unit.yoke(*words))
        for unit in self.units:
            waiting.until(lambda unit=unit: unit.is_called() == unit.name,
                          "yoke-pair knows what the unit is called", 20)
            self._until_pairing(unit, lambda row: row.get("state") == "unpaired")
        yoke("request", "pair", "with", f"fe80::{self.second.number}%ha0", unit=self.first)
        code = self._until_pairing(self.second, lambda row: row.get("code"))
        yoke("show", "ha", "pairing", unit=self.second)
        for unit in (self.second, self.first):
            yoke("request", "pair", "confirm", code, unit=unit)
        for unit in self.units:
            self._until_pairing(unit, lambda row: row.get("state") == "paired")

    @staticmethod
    def _until_pairing(unit, is_so):
        def looked():
            with contextlib.suppress(AssertionError):
                return is_so(unit.show("ha", "pairing")[0])
            return False

        return waiting.until(looked, f"{unit.name} comes further with pairing", 20)

    def configure(self, profile="vm"):
        """All VIPs in one group."""
        commands = [f"{HA} profile {profile}", f"set group blue vrid {VRID}"]
        for name in VIPS:
            commands += [*(each.replace(topology.CHECK_PACE, CHECK_PACE)
                           for each in self.lab.commands(name)), f"set vip {name} group blue"]
        self.first.commit(*commands)
        self.second.commit(HA)
        self.until_alike()

    def until_alike(self):
        """The second has taken over what the first has committed."""
        def are():
            with contextlib.suppress(AssertionError):
                return [row["state"] for row in self.first.show("ha", "config")] == ["alike"] * 2
            return False

        waiting.until(are, "both have the same configuration", 30)

    def other(self, unit):
        return self.second if unit is self.first else self.first

    def active(self):
        """Who holds the VIPs, by what both say; None where that is nobody, or not clear."""
        holders = [unit for unit in self.units if unit.role() in ("ACTIVE", "ALONE")]
        return holders[0] if len(holders) == 1 else None

    def until_settled(self, seconds=60):
        """One holds, the other could take over at once, flows and all: returns the one."""

        def settled():
            active = self.active()
            if active is None or active.role() != "ACTIVE":
                return None
            standby = self.other(active)
            if standby.role() != "STANDBY" or not all(unit.is_calm() for unit in self.units):
                return None
            if not (active.status().get("flow_sync", {}).get("told") and
                    standby.status().get("flow_sync", {}).get("whole")):
                return None
            return active

        try:
            return waiting.until(settled, "one is active, the other stands by", seconds)
        except waiting.Late as late:
            told = "\n".join(json.dumps(unit.group()) + json.dumps(
                unit.status().get("flow_sync", {})) for unit in self.units)
            raise waiting.Late(f"{late}\n{told}") from None

    def settle(self):
        """(active, standby), once what was killed runs again and all is well."""
        self.start()
        for unit in self.units:
            # What it has lost too often it does not take for a while; that is not what is tested.
            if "held" in unit.group().get("alarms", []):
                unit.signal(signal.SIGKILL, "pair")
                unit.start_all()
        active = self.until_settled()
        for unit in self.units:
            unit.until_servers("up")
        return active, self.other(active)

    def switch_over(self, unit):
        """As planned."""
        units.call(unit.root / "run/yoke/pair.sock", "failover", {})

    def boot(self, unit):
        """Nothing of ours is left in the kernel by one that was killed."""

    def stop(self):
        """The lab itself goes when it is left; the second unit is gone before."""
        for unit in self.units:
            for part in PARTS:
                if unit.process(part) is not None:
                    unit.process(part).kill()
        self.second.namespace.remove()
        shutil.rmtree(self.second.root)
