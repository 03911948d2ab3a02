# SPDX-License-Identifier: Apache-2.0
"""VLANs and bonds: a kernel that has them makes them. The story is tests/unit/image/bond_story.sh,
which tells it by itself where this machine's kernel has them."""

import pathlib

import pytest

import machine
import unit

BOOT = pathlib.Path(__file__).resolve().parents[1] / "unit/image/boot_test.sh"
MODULES = ("8021q", "bonding", "veth", "tun", "macvlan")
WHY_NOT = machine.why_not()
SECONDS = 1300
pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-"),
              pytest.mark.deadline(SECONDS + 30)]


def test_vlans_and_bonds_are_made_and_taken_away():
    box = machine.Machine(MODULES, BOOT, unit.PROGRAMS.parent, "bond_story.sh",
                          environment={"YOKE_PATIENCE": machine.PATIENCE})
    try:
        status = box.wait(SECONDS)
        assert status == 0, box.says()
    finally:
        box.stop()
