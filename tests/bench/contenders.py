# SPDX-License-Identifier: Apache-2.0
"""Systems of two units that takeover_bench.py compares, on one switch, before the same servers.

Each has: `name`, `vip`, `held` (addresses of connections that are held open), `datagrams` (whether
its VIP takes them), `parts` (what of it can be killed or stopped), `has_cable`; units with `port`
(at the switch), `namespace` and signal(number, *parts); settle(), which starts what is missing and
returns (active, standby) once all is well; boot(unit), which clears what a killed one has left
in its kernel; switch_over(unit), as planned."""

import signal

import flow_relay
import keepalived
import paired
import topology
import unit as units

VIPS = ("web", "web6", "direct", "direct6", "dns")


class Yoke:
    name = "yoke"
    vip = topology.NAT4
    held = (topology.NAT4, topology.NAT6, topology.DSR4, topology.DSR6)
    datagrams = True
    parts = paired.PARTS
    has_cable = True

    def __init__(self, lab, profile, with_relay):
        self._pair = paired.Paired(lab)
        self.units = self._pair.units
        for unit in self.units:
            unit.port = unit.namespace.name
        self._pair.start()
        self._pair.second.mgmt.terminate()
        self._pair.share_hash_key()
        self._pair.start()
        commands = [f"set ha interface ha0 data-interface wan data-links wan,eth0 profile {profile}",
                    f"set group blue vrid {paired.VRID}"]
        for name in VIPS:
            commands += [*lab.commands(name), f"set vip {name} group blue"]
        for unit in self.units:
            unit.commit(*commands)
        self._relay = flow_relay.Relay(*self.units) if with_relay else None

    def settle(self):
        self._pair.start()
        for unit in self.units:
            # What it has lost too often it does not take for a while; that is not what is measured.
            if "held" in unit.group().get("alarms", []):
                unit.signal(signal.SIGKILL, "pair")
                unit.start()
        active = self._pair.until_settled(are_flows_known=self._relay is not None)
        for unit in self.units:
            unit.until_servers("up")
        return active, self._pair.other(active)

    @staticmethod
    def switch_over(unit):
        units.call(unit.root / "run/yoke/pair.sock", "failover", {})

    def boot(self, unit):
        """Nothing of ours is left in the kernel."""

    def stop(self):
        if self._relay:
            self._relay.stop()
        self._pair.stop()


def made(lab, profile, with_relay):
    return [Yoke(lab, profile, with_relay), keepalived.Nftables(lab, profile),
            keepalived.Haproxy(lab, profile)]
