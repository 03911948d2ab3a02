# SPDX-License-Identifier: Apache-2.0
"""VIPs that move together: on one unit, out of use and back."""

import json
import socket

import topology
import traffic

GROUPED = ("web", "web6", "direct")
ALONE = "direct6"


def is_answered(lab, name):
    with lab.client.entered():
        return not traffic.ask(topology.vip(name, brackets=False)).error


def states(lab):
    return {row["name"]: row["state"] for row in lab.unit.show("vip")}


def test_a_group_takes_its_vips_out_and_brings_them_back(lab):
    lab.unit.commit("set group blue", *(f"set vip {name} group blue" for name in GROUPED))
    assert lab.unit.show("group") == [{"name": "blue", "state": "up", "vips": 3, "vips_up": 3,
                                       "pools": "direct,web,web6"}]
    assert all(is_answered(lab, name) for name in GROUPED)

    with lab.client.entered():
        held = [socket.create_connection((topology.vip(name, brackets=False), 80), timeout=10)
                for name in GROUPED]
    diff = json.loads(lab.unit.yoke("--json", "-c", "disable group blue", "-c", "diff")
                      .stdout.splitlines()[-1])
    assert {effect["path"]: effect["effect"] for effect in diff["impact"]} == {
        f"vip {name}": "cut" for name in GROUPED}, diff
    assert {effect["flows"] for effect in diff["impact"]} == {1}, "those that are closed are none"
    for connection in held:
        connection.close()

    lab.unit.commit("disable group blue")
    assert not any(is_answered(lab, name) for name in GROUPED)
    assert is_answered(lab, ALONE)
    assert {states(lab)[name] for name in GROUPED} == {"disabled"}
    assert states(lab)[ALONE] == "up"
    assert "blue" in lab.unit.yoke("show", "group").stdout
    assert lab.unit.show("group", "blue")[0]["state"] == "disabled"

    lab.unit.commit("enable group blue")
    assert all(is_answered(lab, name) for name in GROUPED)
    lab.unit.commit(*(f"delete vip {name} group" for name in GROUPED), "delete group blue")
