# SPDX-License-Identifier: Apache-2.0
"""Two boxes from one image, paired by hand at their consoles: what befalls one of them costs nobody a
connection. How long it took is told, never judged: emulated machines stand still when they like.

    client .10 ----------- switch ----------- server1 .21, server2 .22, server3 .23
                         /        \\
              wan .2 [a] == ha0 == [b] wan .3
"""

import concurrent.futures
import hashlib
import re
import time

import pytest

import box
import server
import topology
import traffic
import waiting

WHY_NOT = box.why_not()
pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-"), pytest.mark.deadline(1800)]

PACE = "interval 5s timeout 4900ms"
HTTP = ("web", "web6", "direct", "direct6")
HA = "set ha interface ha0 data-interface wan data-links ha0 profile vm"
LONG = "downloads of 30 MB at 1 MB/s, one by each way"


class Pair:
    """Both boxes, switched on, paired and configured."""

    def __init__(self, image, net):
        self.net = net
        self.cable = box.Cable()
        self.disks = {name: box.Disk(name, image) for name in "ab"}
        self.boxes = {}

    def switch_on(self, name):
        self.boxes[name] = box.Box(name, self.disks[name], self.net.switch, self.cable)
        return self.boxes[name]

    def console(self, name):
        return self.boxes[name].console

    def set_up(self):
        for name in "ab":
            self.switch_on(name)
        for name in "ab":
            self.boxes[name].until_it_runs()
        for number, name in ((2, "a"), (3, "b")):
            said = self.console(name).yoke(
                "configure", f"set system name lb-{name}",
                f"set interface wan address 10.9.0.{number}/24,2001:db8:9::{number}/64",
                f"set interface ha0 address 192.168.255.{number}/24", "commit", "exit")
            assert "E-" not in said, said
        self.introduce()
        self.console("a").yoke("configure")
        for line in (HA, "set group blue vrid 7",
                     *(line for name in HTTP for line in self.net.commands(name, PACE)),
                     *(f"set vip {name} group blue" for name in HTTP)):
            said = self.console("a").yoke(line)
            assert "E-" not in said, said
        said = self.console("a").yoke("commit")
        assert "Revision" in said, said
        self.console("a").yoke("exit")
        said = self.console("b").yoke("configure", HA, "commit")
        assert "Revision" in said, said
        self.console("b").yoke("exit")

    def introduce(self):
        """By the code that both consoles show."""
        waiting.until(lambda: "code" in self.console("a").yoke("request pair with 192.168.255.3"),
                      "b is reached over the cable", 120, every=2)
        code = re.search(r"^comparing.* (\d{6}) ", self.console("b").yoke("show ha pairing"), re.M)[1]
        assert code in self.console("a").yoke("show ha pairing")
        self.console("b").yoke(f"request pair confirm {code}")
        said = self.console("a").yoke(f"request pair confirm {code}")
        assert "of two" in said, said

    def role(self, name):
        said = re.search(r"^blue +7 +(\S+)", self.console(name).yoke("show ha"), re.M)
        return said[1] if said else None

    def until(self, roles, seconds=300):
        """`roles`: {box: role}"""
        waiting.until(lambda: all(self.role(name) == role for name, role in roles.items()),
                      f"{roles}", seconds, every=1)

    def stop(self):
        for unit in self.boxes.values():
            unit.cut_power()
        for disk in self.disks.values():
            disk.remove()


@pytest.fixture(scope="module", name="pair")
def _pair(image, net):
    server.make_big_file()
    pair = Pair(image, net)
    try:
        pair.set_up()
        waiting.until(lambda: {pair.role("a"), pair.role("b")} == {"ACTIVE", "STANDBY"},
                      "one is active, the other stands by", 300, every=1)
        yield pair
    finally:
        pair.stop()


def of_role(pair, role):
    return next(name for name in "ab" if pair.role(name) == role)


def until_served(net):
    def served():
        with net.client.entered():
            return all(not traffic.ask(topology.vip(name, brackets=False)).error for name in HTTP)
    waiting.until(served, "every VIP answers", 180, every=1)


def download(net, name, size):
    """The SHA-256 of what came."""
    url = f"http://{topology.vip(name)}/big"
    done = net.client.run("bash", "-c", "set -o pipefail; curl -sS --limit-rate 1M --speed-time 90 "
                          f"-r 0-{size - 1} '{url}' | sha256sum", seconds=400, check=False)
    return done.stdout.split()[0] if not done.returncode else done.stderr


def goes_on_through(pair, happens):
    """Downloads by every way, with `happens()` in their middle; prints who answered nobody for how long."""
    size = 30_000_000
    expected = hashlib.sha256(server.BIG_FILE.read_bytes()[:size]).hexdigest()
    until_served(pair.net)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        loads = {name: pool.submit(download, pair.net, name, size) for name in HTTP}
        time.sleep(5)
        with traffic.Traffic(pair.net.client, topology.NAT4, at_once=1, pause=0.05) as asked:
            happens()
            until_served(pair.net)
            requests = asked.stop()
        results = {name: load.result() for name, load in loads.items()}
    answered = sorted(each.ended for each in requests if not each.error)
    longest = max((b - a for a, b in zip(answered, answered[1:])), default=0)
    print(f"\n{len(results)} {LONG}; nobody was answered for {longest:.1f} s at the longest, of which "
          "the machine may have stood still")
    assert results == {name: expected for name in HTTP}


def test_both_have_one_configuration_and_one_answers(pair):
    until_served(pair.net)
    shown = [pair.console(name).yoke("show configuration | match vip") for name in "ab"]
    assert shown[0].count("set vip") == shown[1].count("set vip") >= len(HTTP)


def test_a_planned_failover_cuts_no_download(pair):
    giver = of_role(pair, "ACTIVE")
    taker = "b" if giver == "a" else "a"

    def hand_over():
        said = pair.console(giver).yoke("request ha failover")
        assert "E-" not in said, said
        pair.until({giver: "STANDBY", taker: "ACTIVE"})

    goes_on_through(pair, hand_over)


def test_the_active_ones_power_is_cut_and_no_download_is(pair):
    victim = of_role(pair, "ACTIVE")
    heir = "b" if victim == "a" else "a"
    pair.until({heir: "STANDBY"})

    def cut():
        pair.boxes[victim].cut_power()
        waiting.until(lambda: pair.role(heir) == "ACTIVE", "the other is active", 120, every=1)

    goes_on_through(pair, cut)
    pair.switch_on(victim).until_it_runs()
    pair.until({victim: "STANDBY", heir: "ACTIVE"})


def test_one_that_was_paused_answers_no_more_when_it_goes_on(pair):
    """QEMU stops it as a hypervisor would: its clock stands still with it, and its lease with the clock."""
    paused = of_role(pair, "ACTIVE")
    heir = "b" if paused == "a" else "a"
    pair.until({heir: "STANDBY"})
    until_served(pair.net)
    pair.boxes[paused].qmp("stop")
    waiting.until(lambda: pair.role(heir) == "ACTIVE", "the other is active", 120, every=1)
    until_served(pair.net)
    pair.boxes[paused].qmp("cont")
    pair.until({paused: "STANDBY", heir: "ACTIVE"})
    until_served(pair.net)
