# SPDX-License-Identifier: Apache-2.0
"""Two whole units under traffic, each single fault once: at no time do two answer for the VIP, as
the client's port of the switch sees it, and the VIP is answered again.

How long that takes, and many times each, beside other systems: tests/bench/takeover_bench.py."""

import contextlib
import itertools
import os
import socket
import time

import pytest

import answers
import faults
import meter as meters
import paired
import promise
import topology
import waiting

SINGLE = ("kill-dataplane", "kill-pair", "kill-mgmt", "power", "stop-dataplane", "stop-pair",
          "stop-mgmt", "stop-all", "cut-data", "cut-cable", "cut-data-out", "cut-data-in", "cut-cable-out", "cut-cable-in",
          "planned")
MOST_SECONDS = 1.2  # longer than a takeover takes


@pytest.fixture(scope="module", name="pair")
def _pair():
    with topology.Lab(kind=paired.PairedUnit) as lab:
        pair = paired.Paired(lab)
        pair.start()
        pair.introduce()
        pair.configure()
        yield pair
        pair.stop()


@pytest.fixture(scope="module", name="meter")
def _meter(pair):
    pair.settle()
    with meters.Meter(pair.lab, pair.vip, pair.held, has_datagrams=True) as meter:
        yield meter


@pytest.mark.parametrize("name", SINGLE)
def test_never_two_answer(pair, meter, name):
    fault = next(each for each in faults.FAULTS if each.name == name)
    active, _ = pair.settle()
    meter.begin(patience=0)
    end = fault.begin(pair.lab, pair, active)
    time.sleep(min(fault.seconds, MOST_SECONDS))
    if end:
        end()
    pair.settle()
    noticed = meter.end(patience=0)
    print(f"\n{name}: no answer for {noticed['blackout_ms']:.1f} ms at most, "
          f"stalls {noticed['stall_ms']:.1f} ms; {noticed['answers']} answers")
    assert noticed["blackout_ms"] != float("inf"), "the VIP is answered again"
    assert noticed["answers"] > 0 and noticed["overlooked"] == 0
    promise.kept(noticed["dual_answers"] == 0, f"both answered: {noticed['dual_answers']} frames")


def until_well(unit):
    """What other tests have made it lose may hold it down."""
    waiting.until(lambda: unit.role() == "STANDBY" or "held" in unit.group().get("alarms", []),
                  "it could take over, or has lost the group too often", 30)


def test_hanging_data_plane_is_replaced(pair):
    """Stopped, it has its sockets as ever; only its workers do not come round any more."""
    active, standby = pair.settle()
    active.signal(faults.STOP, "dataplane")
    try:
        waiting.until(lambda: standby.role() in ("ACTIVE", "ALONE"), "the other takes over", 4)
        told = active.ha()
        assert told["data_plane"] == {"answers": True, "hangs": True}
        assert told["groups"][0]["role"] == "NOT_ELIGIBLE"
    finally:
        active.signal(faults.GO_ON, "dataplane")
    until_well(active)
    assert active.ha()["data_plane"] == {"answers": True, "hangs": False}


@pytest.mark.parametrize("name", ("cut-data-out", "cut-data-in"))
def test_one_way_cut_of_the_data_network_moves_the_group(pair, name):
    """The cable lives, and tells both that it is the active's port: the other hears the servers."""
    active, standby = pair.settle()
    end = next(each for each in faults.FAULTS if each.name == name).begin(pair.lab, pair, active)
    try:
        waiting.until(lambda: standby.role() == "ACTIVE", "the other takes over", 30)
        waiting.until(lambda: active.role() == "NOT_ELIGIBLE", "and it stays out of it", 5)
        assert "one-way" in active.group()["alarms"]
    finally:
        end()
    until_well(active)


FRAMES, LETTERS = (b"\x88\xb5", b"\x88\xb6"), 8471  # of heartbeats and of flow sync; the port


def _cable(namespace):
    """What goes over the dedicated link, at one end of it; and a way to send letters there."""
    with namespace.entered():
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        letters = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        to = ("ff02::1", LETTERS, 0, socket.if_nametoindex("ha0"))
    link.bind(("ha0", 0x0003))
    link.settimeout(0.2)
    letters.setblocking(False)
    return link, letters, to


def _recorded(link, seconds):
    """(frames, letters) of both units, as they come and go: some of each, however rare they are."""
    kinds, letters = {kind: [] for kind in FRAMES}, []
    begin = time.monotonic()
    while (time.monotonic() < begin + seconds or not (letters and all(kinds.values()))) and \
            time.monotonic() < begin + 20:
        with contextlib.suppress(TimeoutError):
            frame = link.recv(9000)
            if frame[12:14] in FRAMES:
                kinds[frame[12:14]].append(frame)
            elif frame[12:14] == b"\x86\xdd" and frame[20] == 17 and \
                    int.from_bytes(frame[56:58], "big") == LETTERS:
                letters.append(frame[62:])
    return [frame for both in zip(*kinds.values()) for frame in both][:2000], letters


def _bad(sealed):
    """What nobody should take: as it was, forged, of a counter to come, of a newer version, cut
    short, and no frame at all."""
    yield sealed
    yield sealed[:-20] + os.urandom(20)
    yield sealed[:24] + os.urandom(8) + sealed[32:]
    yield sealed[:4] + b"\x02" + sealed[5:]
    yield sealed[:40]
    yield os.urandom(100)


def _refused(unit):
    told = unit.ha()
    return (sum(told["frames_refused"].values()), sum(told["flow_relay"]["frames_refused"].values()),
            unit.show("ha", "config")[0]["refused"])


def _place(unit):
    return unit.role(), unit.group()["epoch"], unit.show("ha", "config")[0]["hash"]


def test_flood_of_bad_frames_changes_nothing(pair):
    """Both ways over the dedicated link, as fast as one core can send: heartbeats, flow sync and
    letters of the configuration alike."""
    both = pair.settle()
    before = [(_place(unit), _refused(unit)) for unit in both]
    with contextlib.ExitStack() as stack:
        ends = [_cable(unit.namespace) for unit in both]
        for link, letters, _ in ends:
            stack.enter_context(link)
            stack.enter_context(letters)
        frames, letters = _recorded(ends[0][0], 2)
        assert {frame[12:14] for frame in frames} == set(FRAMES) and letters
        sent, end = 0, time.monotonic() + 3
        while time.monotonic() < end:
            for frame, letter in zip(frames, itertools.cycle(letters)):
                for link, stranger, to in ends:
                    for bad in _bad(frame[14:]):
                        with contextlib.suppress(OSError):
                            link.send(frame[:14] + bad)
                            sent += 1
                    for bad in _bad(letter):
                        with contextlib.suppress(OSError):
                            stranger.sendto(bad, to)
                if time.monotonic() > end:
                    break
    for unit in both:
        waiting.until(lambda unit=unit: {"frames-refused", "letters-refused"} <= {
            row["subject"] for row in unit.show("alarm") if row["state"] == "raised"},
                      "somebody is told", 20)
    pair.until_settled()
    print(f"\n{sent} bad frames")
    for unit, (place, refused) in zip(both, before):
        assert _place(unit) == place
        more = [now - then for now, then in zip(_refused(unit), refused)]
        print(f"{unit.name}: refused {more[0]} heartbeats, {more[1]} of flow sync, {more[2]} letters")
        assert min(more) > 0


SWITCHOVERS = 10


def test_planned_switchovers_lose_nothing(pair, meter):
    """A datagram and a new connection each millisecond, and connections that are held."""
    pair.settle()
    meter.begin(patience=0.2)
    for _ in range(SWITCHOVERS):
        active, _ = pair.settle()
        pair.switch_over(active)
        time.sleep(0.3)
    pair.settle()
    noticed = meter.end(patience=0.2)
    print(f"\n{SWITCHOVERS} planned switchovers: {noticed}")
    promise.kept(noticed["dual_answers"] == 0, f"both answered: {noticed['dual_answers']} frames")
    assert noticed["datagrams_lost"] == 0
    assert noticed["refused"] == noticed["resets"] == noticed["lost"] == 0


def test_two_that_answer_are_seen(pair):
    """What sees no second unit in all these tests sees two hosts that have one address."""
    address, hosts = "10.9.0.250", [server.namespace for server in pair.lab.servers[:2]]
    with answers.Answers(pair.lab, address) as seen:
        for host in hosts:
            host.ip(f"addr add {address}/32 dev eth0")
        try:
            waiting.until(lambda: answers.dual(seen.take()) > 0, "both are seen", 10)
        finally:
            for host in hosts:
                host.ip(f"addr del {address}/32 dev eth0")


MS = 1_000_000
A, B = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"


@pytest.mark.parametrize("seen, frames", [
    ([(0, A), (5, A), (6, B), (9, B)], 0),                # a takeover
    ([(0, A), (6, B), (500, B), (506, A)], 0),            # and back, later
    ([(0, A), (6, B), (10, B), (11, A), (14, B)], 1),     # the first had not stopped
    ([(0, A), (3000, B), (3005, A), (3006, A), (3010, B)], 2),
    ([(0, A), (1, B), (2, A), (3, B), (4, A), (5, A)], 1),  # both, all the time
])
def test_what_counts_as_two(seen, frames):
    assert answers.dual([(moment * MS, sender) for moment, sender in seen]) == frames
