# SPDX-License-Identifier: Apache-2.0
"""Systems of two units that takeover_bench.py compares, on one switch, before the same servers.

Each has: `name`, `vip`, `held` (addresses of connections that are held open), `datagrams` (whether
its VIP takes them), `parts` (what of it can be killed or stopped), `has_cable`; units with `port`
(at the switch), `namespace` and signal(number, *parts); settle(), which starts what is missing and
returns (active, standby) once all is well; boot(unit), which clears what a killed one has left
in its kernel; switch_over(unit), as planned."""

import keepalived
import paired


class Yoke(paired.Paired):
    """Ours."""

    name = "yoke"
    datagrams = True

    def __init__(self, lab, profile):
        super().__init__(lab)
        self.start()
        self.introduce()
        self.configure(profile)


def made(lab, profile):
    return [Yoke(lab, profile), keepalived.Nftables(lab, profile), keepalived.Haproxy(lab, profile)]
