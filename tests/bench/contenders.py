# SPDX-License-Identifier: Apache-2.0
"""Systems of two units that takeover_bench.py compares, on one switch, before the same servers.

Each has: `name`, `vip`, `held` (addresses of connections that are held open), `datagrams` (whether
its VIP takes them), `parts` (what of it can be killed or stopped), `has_cable`; units with `port`
(at the switch), `namespace` and signal(number, *parts); settle(), which starts what is missing and
returns (active, standby) once all is well; boot(unit), which clears what a killed one has left
in its kernel; switch_over(unit), as planned."""

import flow_relay
import keepalived
import paired


class Yoke(paired.Paired):
    """Ours. Until yoke-pair carries flows, a relay of the lab's does, unless that is not wanted."""

    name = "yoke"
    datagrams = True

    def __init__(self, lab, profile, with_relay):
        super().__init__(lab)
        self.start()
        self.configure(profile)
        self._relay = flow_relay.Relay(*self.units) if with_relay else None

    def settle(self, are_flows_known=None):
        return super().settle(self._relay is not None)

    def stop(self):
        if self._relay:
            self._relay.stop()
        super().stop()


def made(lab, profile, with_relay):
    return [Yoke(lab, profile, with_relay), keepalived.Nftables(lab, profile),
            keepalived.Haproxy(lab, profile)]
