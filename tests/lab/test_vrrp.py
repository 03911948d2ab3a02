# SPDX-License-Identifier: Apache-2.0
"""What the pair says of a VIP on the wire, to programs of others: VRRP adverts to and from a stock
keepalived, announcements and questions to and from a kernel. Frames are made and read by the
product's own code (wire_frames) and carried by the test."""

import json
import subprocess
import threading

import pytest

import frames
import namespace
import unit
import waiting

VRID, INTERVAL_S = 51, 0.1
FAMILIES = {
    4: {"ours": "10.7.0.2", "theirs": "10.7.0.3/24", "vips": ["10.7.0.100", "10.7.0.101"],
        "global": "10.7.0.100"},
    6: {"ours": "fe80::7:2", "theirs": "fe80::7:3/64", "vips": ["fe80::7:100", "2001:db8:7::100"],
        "global": "2001:db8:7::100"},
}


def wire_frames(*words, lines=None):
    done = subprocess.run([unit.PROGRAMS / "wire_frames", *map(str, words)], input=lines, capture_output=True,
                          text=True, timeout=20, check=True)
    return done.stdout.strip()


def made(*words):
    return bytes.fromhex(wire_frames(*words))


def told(frame):
    return wire_frames("parse", lines=frame.hex() + "\n")


def advert(family, priority, interval_s=INTERVAL_S):
    plan = FAMILIES[family]
    return made("advert", VRID, priority, round(interval_s * 100), "pseudo", plan["ours"],
                *plan["vips"])


class Sender:
    """Sends one frame at the adverts' interval until it is stopped."""

    def __init__(self, wire, frame):
        self._wire, self._frame, self._over = wire, frame, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._over.wait(INTERVAL_S / 2):
            self._wire.send(self._frame)

    def stop(self):
        self._over.set()
        self._thread.join()


class Keepalived:
    """A stock keepalived with lower priority than ours, in a namespace of its own."""

    def __init__(self, place, family, folder):
        self.place, self.family = place, family
        plan = FAMILIES[family]
        addresses = "\n".join(f"    {vip}" for vip in plan["vips"])
        config = folder / "keepalived.conf"
        config.write_text(f"""
global_defs {{
  vrrp_version 3
  vrrp_garp_master_delay 0
  router_id lab
}}
vrrp_instance lab {{
  state BACKUP
  interface eth0
  virtual_router_id {VRID}
  priority 100
  advert_int {INTERVAL_S}
  virtual_ipaddress {{
{addresses}
  }}
}}
""", encoding="ascii")
        config.chmod(0o600)
        self.process = place.start(
            f"keepalived{family}", "keepalived", "--dont-fork", "--vrrp", "--log-console",
            "--log-detail", "--use-file", config, "--pid", folder / "pid", "--vrrp_pid",
            folder / "vrrp_pid")

    def is_master(self):
        shown = json.loads(self.place.ip("-j addr show dev eth0"))
        vip = FAMILIES[self.family]["global"]
        return any(address.get("local") == vip
                   for interface in shown for address in interface.get("addr_info", []))

    def log(self):
        return self.process.log.read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module")
def ends():
    """Two namespaces with a cable between: ours, from which the test sends, and theirs."""
    ours, theirs = namespace.Namespace("ours"), namespace.Namespace("theirs")
    ours.ip("link add eth0 type veth peer name eth0 netns theirs")
    # The addresses are there before the link is, so that IPv6's own are not made.
    for place in (ours, theirs):
        place.ip("link set eth0 addrgenmode none")
        place.ip("link set eth0 up")
    for family, plan in FAMILIES.items():
        flag = "nodad" if family == 6 else ""
        theirs.ip("addr add", plan["theirs"], "dev eth0", flag)
    theirs.ip("addr add 2001:db8:7::3/64 dev eth0 nodad")
    yield ours, theirs
    ours.remove()
    theirs.remove()


@pytest.fixture
def wire(ends):
    made_wire = frames.Wire(ends[0])
    yield made_wire
    made_wire.close()


def heard_adverts(wire, family, seconds=3):
    """Adverts that come in, as wire_frames tells them; ends after silence."""
    at, group = {4: (30, "224.0.0.18"), 6: (38, "ff02::12")}[family]
    size = 4 if family == 4 else 16
    while True:
        frame = wire.receive(lambda frame: frame[at:at + size] == frames.packed(group), seconds)
        if frame is None:
            return
        yield told(frame)


@pytest.mark.parametrize("family", FAMILIES)
def test_keepalived_stays_backup_while_ours_come_and_takes_over_after(ends, wire, tmp_path, family):
    sender = Sender(wire, advert(family, 200))
    keepalived = None
    try:
        keepalived = Keepalived(ends[1], family, tmp_path)
        keepalived.process.until(lambda: "BACKUP STATE" in keepalived.log(), "it is BACKUP")
        # Ten times as long as it would wait for a master that is not there.
        with pytest.raises(waiting.Late):
            keepalived.process.until(keepalived.is_master, "(must not be)", seconds=4)
        sender.stop()
        keepalived.process.until(keepalived.is_master, "it is MASTER once ours stop")

        # Ours come back with the higher priority: it hands back.
        sender = Sender(wire, advert(family, 200))
        keepalived.process.until(lambda: not keepalived.is_master(), "it is BACKUP again")

        # On priority 0 it takes over after 3 s where it would wait for 18 s of silence else.
        sender.stop()
        wire.send(advert(family, 200, interval_s=5))
        wire.send(advert(family, 0, interval_s=5))
        keepalived.process.until(keepalived.is_master, "it is MASTER on priority 0", seconds=10)
        text = keepalived.log()
        assert "nvalid" not in text and "ncorrect" not in text, text
    finally:
        sender.stop()
        if keepalived:
            keepalived.process.kill()
            for vip in FAMILIES[family]["vips"]:
                ends[1].run("ip", "addr", "del", vip, "dev", "eth0", check=False)


@pytest.mark.parametrize("family", FAMILIES)
def test_keepaliveds_adverts_are_read(ends, wire, tmp_path, family):
    keepalived = Keepalived(ends[1], family, tmp_path)
    plan = FAMILIES[family]
    try:
        keepalived.process.until(keepalived.is_master, "it is MASTER")
        line = next(heard_adverts(wire, family))
        source = plan["theirs"].partition("/")[0]
        assert line.startswith(f"advert vrid={VRID} priority=100 interval=10 source={source} "), line
        assert " sum=pseudo " in line
        assert line.split()[-2:] == plan["vips"]
        # It says that it goes, as ours would.
        keepalived.process.terminate()
        assert any(" priority=0 " in line for line in heard_adverts(wire, family, seconds=1))
    finally:
        keepalived.process.kill()
        for vip in plan["vips"]:
            ends[1].run("ip", "addr", "del", vip, "dev", "eth0", check=False)


@pytest.mark.parametrize("vip", ("10.7.0.150", "2001:db8:7::150"))
def test_an_announcement_moves_the_vip_in_a_kernels_table(ends, wire, vip):
    old, new = "02:00:00:00:00:01", "00:00:5e:00:01:33"
    ends[1].ip("neigh replace", vip, "lladdr", old, "dev eth0 nud stale")
    wire.send(made("announcement", new, vip))
    waiting.until(lambda: new in ends[1].ip("neigh show", vip), "the table has the new MAC")


@pytest.mark.parametrize("address", ("10.7.0.3", "2001:db8:7::3"))
def test_a_question_is_answered_by_a_kernel_that_has_the_address(ends, wire, address):
    mac = json.loads(ends[1].ip("-j link show dev eth0"))[0]["address"]
    wire.send(made("question", "02:00:00:00:00:01", address))
    answers = (b"\x08\x06", b"\x86\xdd")
    frame = wire.receive(lambda frame: frame[12:14] in answers and frame[6:12] == frames.mac(mac) and
                         frames.packed(address) in frame)
    assert frame is not None
    assert told(frame) == f"holder {address} {mac}"


@pytest.mark.parametrize("address", ("10.7.0.77", "2001:db8:7::77"))
def test_a_question_changes_nobodys_table(ends, wire, address):
    wire.send(made("question", "02:00:00:00:00:01", address))
    assert wire.receive(lambda frame: frame[6:12] != frames.mac("02:00:00:00:00:01") and
                        frames.packed(address) in frame, seconds=0.5) is None
    assert "02:00:00:00:00:01" not in ends[1].ip("neigh show")
