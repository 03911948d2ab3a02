# SPDX-License-Identifier: Apache-2.0
"""Two pair processes, one lease: whatever dies or is cut, never both, and soon one again."""

import contextlib
import os
import socket
import time

import pytest

import waiting
from pair import Pair

ETHER_TYPE = 0x88B5


@pytest.fixture(scope="module", name="pair")
def _pair():
    with Pair() as pair:
        pair.start()
        yield pair


@pytest.fixture(autouse=True)
def settled(pair):
    """Each test begins with a pair at peace, and leaves one that comes to peace again."""
    pair.start()
    pair.until_settled()
    yield
    for unit in pair.units:
        with contextlib.suppress(RuntimeError):
            unit.namespace.ip("link set ha0 up")
            pair.switch.namespace.ip(f"link set {unit.name} up")


def told(what, watch):
    print(f"\n{what}: nobody for {watch.blackout_ms():.1f} ms at most; looked every "
          f"{watch.worst_gap / 1e6:.1f} ms at worst")


def until_takes_over(pair, standby):
    waiting.until(lambda: standby.role() in ("ACTIVE", "ALONE"), f"{standby.name} takes over", 30)
    assert standby.page().is_held()


def test_one_answers(pair):
    with pair.watch() as watch:
        time.sleep(1)
    assert not watch.both_held
    assert {name for _, name in watch.held} == {pair.active().name}


def test_killed_active_is_replaced(pair):
    active = pair.until_settled()
    standby = pair.other(active)
    epoch = active.group()["epoch"]
    with pair.watch() as watch:
        active.process.kill()
        until_takes_over(pair, standby)
    told("kill -9 of the active", watch)
    assert not watch.both_held
    assert standby.group()["epoch"] > epoch
    active.start()
    with pair.watch() as watch:
        assert pair.until_settled() is standby  # no preemption
    assert not watch.both_held


def test_lease_of_one_that_hangs_lapses_first(pair):
    active = pair.until_settled()
    standby = pair.other(active)
    with pair.watch() as watch:
        active.process.pause()
        until_takes_over(pair, standby)
        active.process.resume()
        assert pair.until_settled() is standby
    told("SIGSTOP of the active", watch)
    assert not watch.both_held
    last = max(moment for moment, name in watch.held if name == active.name)
    first = min(moment for moment, name in watch.held if name == standby.name)
    assert last < first


def test_dedicated_link_cut_changes_nothing(pair):
    active = pair.until_settled()
    epoch = active.group()["epoch"]
    with pair.watch() as watch:
        active.namespace.ip("link set ha0 down")
        for unit in pair.units:
            waiting.until(lambda unit=unit: "jeopardy" in unit.group()["alarms"],
                          f"{unit.name} is in jeopardy", 20)
        time.sleep(1)
    assert pair.active() is active and active.group()["epoch"] == epoch
    assert not watch.both_held
    told("dedicated link cut", watch)
    active.namespace.ip("link set ha0 up")
    assert pair.until_settled() is active


def test_data_link_cut_moves_the_group(pair):
    active = pair.until_settled()
    standby = pair.other(active)
    with pair.watch() as watch:
        pair.switch.namespace.ip(f"link set {active.name} down")
        until_takes_over(pair, standby)
    told("data link of the active cut", watch)
    assert not watch.both_held
    assert ("NOT_ELIGIBLE", "data-link-down") in active.reasons()
    pair.switch.namespace.ip(f"link set {active.name} up")
    assert pair.until_settled() is standby


def test_cut_in_two_each_half_has_one_and_joined_one_stops(pair):
    """As the policy `availability` has it: alarmed, and mended by itself."""
    active = pair.until_settled()
    standby = pair.other(active)
    active.namespace.ip("link set ha0 down")
    # The data network itself is cut, out of either unit's sight.
    other_switch = pair.switch.namespace
    other_switch.ip("link add br1 type bridge forward_delay 0 stp_state 0")
    other_switch.ip("link set br1 up")
    other_switch.ip(f"link set {standby.name} master br1")
    until_takes_over(pair, standby)
    for unit in pair.units:
        waiting.until(lambda unit=unit: "peer-silent" in unit.group()["alarms"], "alarm", 20)
    other_switch.ip(f"link set {standby.name} master br0")
    active.namespace.ip("link set ha0 up")
    pair.until_settled()
    with pair.watch() as watch:
        time.sleep(0.5)
    assert not watch.both_held
    other_switch.ip("link del br1")


def test_planned_failover(pair):
    active = pair.until_settled()
    standby = pair.other(active)
    with pair.watch() as watch:
        active.call("failover")
        until_takes_over(pair, standby)
        assert pair.until_settled() is standby
    told("planned failover", watch)
    assert not watch.both_held
    assert standby.reasons()[-1] == ("ACTIVE", "taken-over")
    with pytest.raises(RuntimeError, match="E-728"):
        active.call("failover")


def test_maintenance_is_remembered(pair):
    active = pair.until_settled()
    standby = pair.other(active)
    active.call("maintenance")
    waiting.until(lambda: active.role() == "MAINTENANCE", "it is put aside", 20)
    until_takes_over(pair, standby)
    active.process.kill()
    active.start()
    waiting.until(lambda: active.role() == "MAINTENANCE", "it is still put aside", 30)
    active.call("resume")
    assert pair.until_settled() is standby


def test_one_that_loses_the_group_again_and_again_is_held_down(pair):
    """It stays out of it while the other can, and is there where the other cannot."""
    for unit in pair.units:  # what other tests made it lose is forgotten
        unit.process.terminate()
    pair.start()
    flapping = pair.until_settled()
    steady = pair.other(flapping)
    for round_ in range(3):
        if round_ > 0:
            steady.call("failover")
            assert pair.until_settled() is flapping
        pair.switch.namespace.ip(f"link set {flapping.name} down")
        until_takes_over(pair, steady)
        pair.switch.namespace.ip(f"link set {flapping.name} up")
        if round_ < 2:
            assert pair.until_settled() is steady
    waiting.until(lambda: flapping.role() == "HELD", "it is held down", 20)
    waiting.until(lambda: "held" in flapping.group()["alarms"], "it is alarmed", 5)
    with pytest.raises(RuntimeError, match="E-728"):
        steady.call("failover")
    steady.process.kill()
    until_takes_over(pair, flapping)
    flapping.process.terminate()  # what it was held for is forgotten
    pair.start()


def test_process_asked_to_end_resigns(pair):
    active = pair.until_settled()
    standby = pair.other(active)
    with pair.watch() as watch:
        assert active.process.terminate() == 0
        until_takes_over(pair, standby)
    told("SIGTERM of the active", watch)
    assert not watch.both_held


def heard(namespace, seconds):
    """Frames of the pair that come by the dedicated link."""
    with namespace.entered():
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHER_TYPE))
    with link:
        link.bind(("ha0", ETHER_TYPE))
        link.settimeout(0.2)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                yield link.recv(2000)


def test_garbage_and_recordings_change_nothing(pair):
    active = pair.until_settled()
    standby = pair.other(active)
    epoch = active.group()["epoch"]
    recorded = list(heard(standby.namespace, 1))
    assert recorded
    before = standby.status()
    head = bytes.fromhex("ffffffffffff020000000099") + ETHER_TYPE.to_bytes(2, "big")
    with active.namespace.entered():
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with link, pair.watch() as watch:
        link.bind(("ha0", 0))
        for frame in recorded:
            link.send(frame)
            link.send(frame[:40])
            link.send(frame[:-3] + b"abc")
            link.send(head + os.urandom(80))
            link.send(head + b"YKPF\x02" + os.urandom(80))
        waiting.until(lambda: sum(standby.status()["frames_refused"].values()) >=
                      sum(before["frames_refused"].values()) + 4 * len(recorded),
                      "all of it is counted", 20)
    refused = standby.status()["frames_refused"]
    for reason in ("truncated", "bad-magic", "replayed"):
        assert refused[reason] > before["frames_refused"][reason], reason
    assert not watch.both_held
    assert pair.active() is active and active.group()["epoch"] == epoch


def test_flood_of_garbage_changes_nothing(pair):
    """On both channels, as fast as they can be sent."""
    active = pair.until_settled()
    standby = pair.other(active)
    epoch = active.group()["epoch"]
    before = sum(active.status()["frames_refused"].values())
    head = bytes.fromhex("ffffffffffff020000000099") + ETHER_TYPE.to_bytes(2, "big")
    with contextlib.ExitStack() as links, pair.watch() as watch:
        with standby.namespace.entered():
            ways = [links.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
                    for _ in range(2)]
        for way, interface in zip(ways, ("ha0", "eth0")):
            way.bind((interface, 0))
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for way in ways:
                with contextlib.suppress(BlockingIOError, OSError):
                    way.send(head + b"YKPF\x01\x01\x00\x00" + os.urandom(100))
    refused = sum(active.status()["frames_refused"].values()) - before
    print(f"\n{refused} frames of garbage refused in 3 s")
    assert refused > 0
    assert not watch.both_held
    assert pair.active() is active and active.group()["epoch"] == epoch


def test_one_that_runs_away_is_ended(pair):
    """By the kernel: its core is not its own for ever. A flood, above, lasts longer."""
    for unit in pair.units:
        with open(f"/proc/{unit.process.pid}/limits", encoding="utf-8") as limits:
            line = next(line for line in limits if line.startswith("Max realtime timeout"))
        assert line.split()[3:5] == ["2000000", "2000000"]


def test_settings_come_over_the_socket(pair):
    standby = pair.other(pair.until_settled())
    standby.process.kill()
    (standby.root / "var/lib/yoke/pair.json").unlink()
    standby.start()
    assert standby.status() == {"configured": False}
    with pytest.raises(RuntimeError, match="E-726"):
        standby.call("failover")
    with pytest.raises(RuntimeError, match="E-720"):
        standby.call("configure", version=1)
    assert standby.call("configure", **standby.settings()) == {"stored": True, "in_force": True}
    pair.until_settled()
    with pytest.raises(RuntimeError, match="E-727"):
        standby.call("failover", group="none")


IN_FORCE = {"stored": True, "in_force": True}


def group(name, vrid, **changes):
    return {"name": name, "vrid": vrid, "vips": [f"10.9.0.{vrid + 100}"]} | changes


def test_settings_change_while_it_runs(pair):
    """And move nothing that they do not speak of."""
    active = pair.until_settled()
    standby = pair.other(active)
    epoch = active.group()["epoch"]
    one = group("", 51, vips=["10.9.0.100", "2001:db8:9::100"])
    with pair.watch() as watch:
        for unit in pair.units:  # a second group
            assert unit.call("configure", **unit.settings(groups=[one, group("two", 52)])) == IN_FORCE
            waiting.until(lambda unit=unit: len(unit.status()["groups"]) == 2, "two groups", 5)
        waiting.until(lambda: sorted(unit.status()["groups"][1]["role"] for unit in pair.units) ==
                      ["ACTIVE", "STANDBY"], "one holds the second group", 20)
        changed = one | {"priority": 120, "vips": ["10.9.0.100", "10.9.0.105"]}
        assert active.call("configure", **active.settings(groups=[group("two", 52), changed])) == IN_FORCE
        assert active.call("configure", **active.settings(groups=[group("two", 52), changed])) == IN_FORCE
        waiting.until(lambda: standby.status()["groups"][0]["peer"]["priority"] == 120, "told", 5)
        assert standby.call("configure", **standby.settings(policy="strict",
                                                            groups=[changed])) == IN_FORCE
        assert standby.status()["policy"] == "strict"
        for unit in pair.units:
            assert unit.call("configure", **unit.settings(groups=[one])) == IN_FORCE
        assert pair.until_settled() is active
    assert not watch.both_held
    assert active.group()["epoch"] == epoch
    # One that is taken away from who holds it is let go of, and taken by the other.
    with pytest.raises(RuntimeError, match="E-720"):
        active.call("configure", **active.settings(groups=[one, one]))
    with pair.watch() as watch:
        time.sleep(0.1)
        assert active.call("configure", **active.settings(groups=[])) == IN_FORCE
        until_takes_over(pair, standby)
    told("group taken away from the active", watch)
    assert active.call("configure", **active.settings()) == IN_FORCE
    assert pair.until_settled() is standby


def test_what_is_tracked_moves_the_group(pair):
    active = pair.until_settled()
    standby = pair.other(active)
    gateway = {"name": "gateway", "up": False, "weight": 20}
    with pair.watch() as watch:
        with pytest.raises(RuntimeError, match="E-720"):
            active.call("track", items=[gateway | {"weight": 255}])
        for unit in pair.units:  # alike on both: nothing moves
            assert unit.call("track", items=[gateway]) == {"groups": 1}
        waiting.until(lambda: standby.group()["peer"]["health"] == 235, "it is told", 5)
        assert active.group()["down"] == ["gateway"] and active.group()["health"] == 235
        standby.call("track", items=[])
        until_takes_over(pair, standby)  # in a planned way
        assert ("HANDOFF_OUT", "peer-healthier") in active.reasons()
        active.call("track", items=[])
        assert pair.until_settled() is standby
        standby.call("track", items=[gateway | {"weight": 0, "groups": ["another"]}])
        standby.call("track", items=[gateway | {"weight": 0, "groups": [""]}])
        until_takes_over(pair, active)
        assert ("NOT_ELIGIBLE", "tracking-failed") in standby.reasons()
        standby.call("track")
        assert pair.until_settled() is active
    assert not watch.both_held


def test_different_profiles_are_told_and_harmless(pair):
    active = pair.until_settled()
    standby = pair.other(active)
    epoch = active.group()["epoch"]
    other = "default" if active.status()["profile"] != "default" else "vm"
    with pair.watch() as watch:
        assert standby.call("configure", **standby.settings(profile=other)) == IN_FORCE
        for unit in pair.units:
            waiting.until(lambda unit=unit: "timers-differ" in unit.group()["alarms"], "told", 20)
        with pytest.raises(RuntimeError, match="E-728.*profile"):
            active.call("failover")
        assert any(entry.get("alarm") == "timers-differ"
                   for entry in active.call("history")["entries"])
        assert active.group()["peer"]["timers"] == standby.status()["timers"]
        assert active.call("configure", **active.settings(profile=other)) == IN_FORCE
        assert pair.until_settled() is active
        assert active.group()["epoch"] == epoch
        # Back, the active first; and then it is killed while they differ.
        assert active.call("configure", **active.settings()) == IN_FORCE
        waiting.until(lambda: "timers-differ" in standby.group()["alarms"], "told", 20)
        active.process.kill()
        until_takes_over(pair, standby)
        assert standby.call("configure", **standby.settings()) == IN_FORCE
        active.start()
        assert pair.until_settled() is standby
    assert not watch.both_held


def test_bad_files_are_told(pair):
    unit = pair.other(pair.until_settled())
    unit.process.kill()
    for name, text, code in (("pair.json", '{"version": 1}', "E-720"), ("pair.json", "{", "E-720"),
                             ("pair.key", "yoke-pair-key 1\nunit c\n", "E-721")):
        path = unit.root / "var/lib/yoke" / name
        before = path.read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-8")
        done = unit.namespace.run(unit.program(), "--root", unit.root, check=False)
        assert done.returncode == 1 and code in done.stdout + done.stderr
        path.write_text(before, encoding="utf-8")
    # Cut short: the one before counts, with higher epochs.
    state = unit.root / "var/lib/yoke/pair.state"
    state.write_bytes(state.read_bytes()[:-9])
    unit.start()
    assert pair.until_settled()


def test_lease_page_that_is_taken_away_costs_the_group(pair):
    """What it would grant there no data plane would see."""
    active = pair.until_settled()
    standby = pair.other(active)
    (active.root / "run/yoke/lease").unlink()
    until_takes_over(pair, standby)
    waiting.until(lambda: active.process.exit_status is not None, "it ends, to be started anew", 20)
    active.start()
    assert pair.until_settled() is standby


def adverts(namespace, seconds):
    """(source, priority, VRID) of the VRRP adverts that a host sees."""
    with namespace.entered():
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    with link:
        link.bind(("br0", 0x0800))
        link.settimeout(0.2)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                frame = link.recv(2000)
                if frame[23] == 112:
                    assert frame[:12].hex() == "01005e000012" + "00005e000133"
                    assert frame[22] == 255 and frame[34] == 0x31
                    assert frame[42:46] == socket.inet_aton("10.9.0.100")
                    yield socket.inet_ntoa(frame[26:30]), frame[36], frame[35]


def test_who_holds_says_so_by_vrrp(pair):
    active = pair.until_settled()
    # Frames that are not for the bridge itself are seen once it listens to all.
    pair.switch.namespace.ip("link set br0 promisc on")
    seen = set(adverts(pair.switch.namespace, 3))
    assert seen == {(f"10.9.0.{active.number}", 100, 51)}
