# SPDX-License-Identifier: Apache-2.0
"""Two units' pair processes, with a dedicated cable between them and a data network.

    alpha ===== ha0 ===== beta
       \\                  /
      eth0 -- switch -- eth0

There is no data plane here: who may answer is read from the lease pages (lease_watch.py).
"""

import contextlib
import json
import os
import pathlib
import shutil

import lease_watch
import unit as units
import waiting
from namespace import Namespace, Switch

PROFILE = os.environ.get("YOKE_PAIR_PROFILE", "vm")
VIPS = ["10.9.0.100", "2001:db8:9::100"]


class PairUnit:
    """One of them: its namespace, its files and its process."""

    def __init__(self, name, number):
        self.name = name
        self.namespace = Namespace(name)
        self.root = pathlib.Path("/run/lab", name)
        for folder in ("var/lib/yoke", "run/yoke"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.number = number
        self.process = None

    def settings(self, **changes):
        return {"version": 1, "profile": PROFILE, "data_plane": False,
                "dedicated": {"interface": "ha0"}, "data": {"interface": "eth0"},
                "groups": [{"name": "", "vrid": 51, "mac": "own", "vips": VIPS}]} | changes

    def write_settings(self, **changes):
        text = json.dumps(self.settings(**changes))
        (self.root / "var/lib/yoke/pair.json").write_text(text, encoding="utf-8")

    @staticmethod
    def program():
        return units.PROGRAMS / "yoke-pair"

    def start(self):
        self.process = self.namespace.start(f"yoke-pair-{self.name}", self.program(), "--root",
                                            self.root, environment=units.LEAKS_OF_OTHERS)
        self.process.until(self.status, "it answers")

    def call(self, method, **parameters):
        return units.call(self.root / "run/yoke/pair.sock", method, parameters)

    def status(self):
        """Empty while it does not answer."""
        with contextlib.suppress(OSError):
            return self.call("status")
        return {}

    def group(self):
        return (self.status().get("groups") or [{}])[0]

    def role(self):
        return self.group().get("role")

    def page(self):
        return lease_watch.Page(self.root / "run/yoke/lease")

    def reasons(self):
        """What became of its group: (role, reason), the newest last."""
        return [(entry["to"], entry["reason"]) for entry in self.call("history")["entries"]
                if "to" in entry]


class Pair:
    """Both, with a key; not started."""

    def __init__(self):
        self.switch = Switch()
        self.units = [PairUnit("alpha", 2), PairUnit("beta", 3)]
        for unit in self.units:
            self.switch.plug(unit.namespace)
            unit.namespace.ip(f"addr add 10.9.0.{unit.number}/24 dev eth0")
        alpha, beta = self.units
        alpha.namespace.ip("link add ha0 type veth peer name ha0 netns beta")
        for unit in self.units:
            unit.namespace.ip("link set ha0 up")
            unit.write_settings()
        keys = pathlib.Path("/run/lab/keys")
        alpha.namespace.run(units.PROGRAMS / "yoke-pair", "--make-keys", keys)
        for unit, place in zip(self.units, "ab"):
            shutil.copy(keys / place / "pair.key", unit.root / "var/lib/yoke/pair.key")
        shutil.rmtree(keys)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for unit in self.units:
            if unit.process is not None:
                unit.process.kill()
            unit.namespace.remove()
            shutil.rmtree(unit.root)
        self.switch.namespace.remove()

    def start(self):
        for unit in self.units:
            if unit.process is None or unit.process.exit_status is not None:
                unit.start()

    def active(self):
        """Who holds the group, by what both say; None where that is nobody, or not clear."""
        holders = [unit for unit in self.units if unit.role() in ("ACTIVE", "ALONE")]
        return holders[0] if len(holders) == 1 else None

    def other(self, unit):
        return next(each for each in self.units if each is not unit)

    def until_settled(self, seconds=30):
        """One holds, the other could take over at once, and both hear each other by both ways."""

        def settled():
            active = self.active()
            if active is None or active.role() != "ACTIVE":
                return None
            standby = self.other(active)
            calm = not any(unit.group().get("alarms", ["?"]) for unit in self.units)
            return active if standby.role() == "STANDBY" and calm else None

        try:
            return waiting.until(settled, "one is active, the other stands by", seconds)
        except waiting.Late as late:
            told = "\n".join(json.dumps(unit.group()) for unit in self.units)
            logs = "\n".join(unit.process.tail(15) for unit in self.units)
            raise waiting.Late(f"{late}\n{told}\n{logs}") from None

    def watch(self):
        return lease_watch.LeaseWatch({unit.name: unit.page() for unit in self.units})
