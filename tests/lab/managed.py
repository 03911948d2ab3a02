# SPDX-License-Identifier: Apache-2.0
"""A whole unit of two with its management plane, and what the two are to each other."""

import contextlib

import unit as units
import waiting
from whole_units import WholeUnit


class Managed(WholeUnit):
    """With its management plane, which tells the other two what to do."""

    def start_all(self):
        self.start_dataplane()
        self.start_pair()
        self.start_mgmt()

    def start_pair(self):
        self.pair = self.namespace.start(f"yoke-pair-{self.name}", units.PROGRAMS / "yoke-pair",
                                         "--root", self.root, environment=units.LEAKS_OF_OTHERS)

    def ha_row(self):
        with contextlib.suppress(AssertionError):
            return self.show("ha")[0]
        return {}

    def alarms(self):
        return {row["alarm"] for row in self.show("alarm") if row["state"] == "raised"}


def until_roles(first, second, *roles):
    waiting.until(lambda: (first.ha_row().get("role"), second.ha_row().get("role")) == roles,
                  f"{first.name} and {second.name} are {roles}", 40)


def settled(alpha, beta):
    """(active, standby), once they are."""
    def roles():
        found = {unit.ha_row().get("role"): unit for unit in (alpha, beta)}
        return found if set(found) == {"ACTIVE", "STANDBY"} else None

    found = waiting.until(roles, "one is active, the other stands by", 40)
    return found["ACTIVE"], found["STANDBY"]
