# SPDX-License-Identifier: Apache-2.0
"""One box from its image, by nothing but its serial console and its cards.

    client .10 ---- switch ---- wan .2 [box] lan
                       |
                 server1 .21, server2 .22, server3 .23
"""

import hashlib
import pathlib
import re

import pytest

import box
import server
import topology
import traffic

WHY_NOT = box.why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-")

PACE = "interval 2s timeout 1900ms"
HTTP = ("web", "web6", "direct", "direct6")
OWN = "10.9.0.2/24,2001:db8:9::2/64"


@pytest.fixture(scope="module", name="disk")
def _disk(image):
    disk = box.Disk("a", image)
    yield disk
    disk.remove()


@pytest.fixture(scope="module", name="unit")
def _unit(disk, net):
    """Switched on for the first time, and configured by hand. A list, as a test may have another in its
    place."""
    unit = [box.Box("a", disk, net.switch)]
    try:
        unit[0].until_it_runs()
        commands = [f"set interface wan address {OWN}",
                    *(line for name in HTTP for line in net.commands(name, PACE))]
        said = unit[0].console.yoke("configure", *commands, "commit")
        assert "Revision 1:" in said, said
        unit[0].console.yoke("exit")
        yield unit
    finally:
        unit[0].cut_power()


def until_servers_are_up(console, count):
    for _ in range(60):
        said = console.yoke("show status")
        if re.search(rf"SERVERS +{count} of {count} up", said):
            return
    raise AssertionError(f"{count} servers are not up:\n{said}")


def answers(net, name, count=30):
    with net.client.entered():
        return [traffic.ask(topology.vip(name, brackets=False)) for _ in range(count)]


def serves(net):
    for name in HTTP:
        asked = answers(net, name)
        assert not [each.error for each in asked if each.error], name
        assert len({each.server for each in asked}) == 3, name


def test_it_starts_by_itself_and_serves_every_vip(unit, net):
    until_servers_are_up(unit[0].console, 3 * len(HTTP))
    serves(net)


def test_a_download_arrives_whole(unit, net):
    expected = server.make_big_file()
    arrived = pathlib.Path("/run/lab/arrived")
    net.client.run("curl", "-sS", "--max-time", 300, "-o", arrived,
                   f"http://{topology.vip('web')}/big", seconds=320)
    assert hashlib.sha256(arrived.read_bytes()).hexdigest() == expected
    arrived.unlink()


def test_no_alarm_is_left(unit):
    said = unit[0].console.yoke("show alarm | match 20..-")
    alarms = [line for line in said.splitlines() if line.startswith("20")]
    assert not [line for line in alarms if "cleared" not in line]


def test_what_was_committed_survives_a_power_cut(unit, disk, net):
    """In the very moment in which the commit was answered. The keys of Secure Boot were learnt at the
    first start, so this start goes by them."""
    said = unit[0].console.yoke("configure", "set system name lb-a", "commit")
    assert "Revision 2:" in said, said
    unit[0].cut_power()
    unit[0] = box.Box("a", disk, net.switch)
    assert "lb-a>" in unit[0].until_it_runs()
    assert "revision 2" in unit[0].console.yoke("show status")
    until_servers_are_up(unit[0].console, 3 * len(HTTP))
    serves(net)
