# SPDX-License-Identifier: Apache-2.0
"""One configuration on two units: whoever was told that a commit is replicated finds it on the other."""

import contextlib
import os
import signal
import socket

import pytest

import unit as units
import waiting
from whole_units import VIP, WholeUnit, laid

OF_THE_UNIT = "set ha interface ha0 data-interface wan data-links wan,eth0"
OF_BOTH = ("set ha profile vm", "set group blue vrid 7", "set pool dns server 10.9.0.21:53",
           f"set vip dns {VIP}:53/udp pool dns group blue")
LETTERS = 8471


class Managed(WholeUnit):
    """With its management plane, which tells the other two what to do."""

    def start_all(self):
        if self.dataplane is None or self.dataplane.exit_status is not None:
            self.start_dataplane()
        if self.pair is None or self.pair.exit_status is not None:
            self.pair = self.namespace.start(f"yoke-pair-{self.name}",
                                             units.PROGRAMS / "yoke-pair", "--root", self.root,
                                             environment=units.LEAKS_OF_OTHERS)
        if self.mgmt is None or self.mgmt.exit_status is not None:
            self.start_mgmt()

    def kill_all(self):
        for process in (self.mgmt, self.pair, self.dataplane):
            process.kill()

    def role(self):
        with contextlib.suppress(AssertionError, IndexError):  # there is no group yet
            return self.show("ha")[0]["role"]
        return ""

    def place(self):
        """(of this unit, of the other), as this one knows."""
        with contextlib.suppress(AssertionError):
            rows = self.show("ha", "config")
            return rows[0], rows[1] if len(rows) > 1 else {}
        return {}, {}

    def configuration(self):
        return self.yoke("show", "configuration").stdout

    def alarms(self):
        return {row["alarm"] for row in self.show("alarm") if row["state"] == "raised"}

    def try_commit(self, *commands):
        words = [word for command in (*commands, "commit") for word in ("-c", command)]
        return self.yoke(*words, check=False)


@pytest.fixture(scope="module", name="both")
def _both():
    with laid(Managed, ("east", "west")) as (_, both):
        for unit in both:
            unit.start_all()
        yield both


def settled(both):
    """(active, standby), with one configuration."""
    def roles():
        found = {unit.role(): unit for unit in both}
        if set(found) != {"ACTIVE", "STANDBY"}:
            return None
        places = [unit.place()[0] for unit in both]
        return found if all(place.get("state") == "alike" for place in places) else None

    found = waiting.until(roles, "one is active, the other stands by with the same", 60)
    return found["ACTIVE"], found["STANDBY"]


def has(unit, text):
    waiting.until(lambda: text in unit.configuration(), f"{unit.name} has {text}", 20)


def test_a_second_unit_that_knows_its_cables_alone_gets_the_rest(both):
    first, second = both
    first.commit(OF_THE_UNIT, *OF_BOTH)
    waiting.until(lambda: first.role() in ("ACTIVE", "ALONE"), "the first one works", 40)
    second.commit(OF_THE_UNIT)
    _, standby = settled(both)
    has(standby, VIP)
    assert "config-unreplicated" not in first.alarms() | second.alarms()


def test_what_is_told_to_be_replicated_is_on_both(both):
    active, standby = settled(both)
    done = active.try_commit("set pool dns server 10.9.0.22:53")
    assert done.returncode == 0 and ", replicated." in done.stderr, done.stderr
    has(standby, "10.9.0.22:53")
    newest = standby.show("history")[0]
    assert "unit " in newest["from"] and newest == active.show("history")[0]
    revision = active.place()[0]["revision"]
    waiting.until(lambda: standby.status().get("revision") == revision, "its data plane has it", 20)


def test_what_belongs_to_a_unit_does_not_travel(both):
    active, standby = settled(both)
    active.commit('set system banner "of both"', "set ha data-links eth0,wan")
    has(standby, "of both")
    assert "wan,eth0" in standby.configuration() and "eth0,wan" in active.configuration()


def test_a_commit_typed_on_the_standby_is_made_by_the_active(both):
    active, standby = settled(both)
    before = active.place()[0]["revision"]
    done = standby.try_commit("set pool late server 10.9.0.30:53")
    assert done.returncode == 0 and ", replicated." in done.stderr, done.stderr
    assert f"Revision {before + 1}: " in done.stderr
    assert "pool late" in active.configuration() and "pool late" in standby.configuration()
    newest = active.show("history")[0]
    typed_on, made_on = (unit.call("status")["unit"] for unit in (standby, active))
    assert newest["from"].endswith(f"unit {typed_on}") and typed_on != made_on, newest


def test_a_commit_that_is_refused_on_the_active_is_refused_alike_on_the_standby(both):
    active, standby = settled(both)
    before = active.place()[0]["revision"]
    refused = [unit.try_commit("set vip broken 10.9.0.101:53/udp pool nowhere")
               for unit in (active, standby)]
    assert all(each.returncode != 0 for each in refused)
    assert refused[0].stderr == refused[1].stderr
    own = standby.try_commit("set ha data-links wan")
    assert own.returncode != 0 and "E-476" in own.stderr
    assert active.place()[0]["revision"] == before


def test_a_commit_of_the_standby_that_nobody_confirms_is_undone(both):
    active, standby = settled(both)
    words = ("set pool late server 10.9.0.33:53", "commit confirm 2s")
    standby.yoke(*(word for each in words for word in ("-c", each)), check=False)
    has(active, "10.9.0.33:53")
    waiting.until(lambda: "10.9.0.33" not in active.configuration(), "it is undone", 20)
    waiting.until(lambda: "10.9.0.33" not in standby.configuration(), "there as well", 20)


def test_garbage_on_the_way_of_letters_changes_nothing(both):
    active, standby = settled(both)
    before = active.place()[0]
    with active.namespace.entered():
        stranger = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        index = socket.if_nametoindex("ha0")
    with contextlib.closing(stranger):
        for size in [0, 1, 31, 47, 48, 500, 8900] * 50:
            letter = b"YKPF\x01\x01\x02\x00\x00\x01" + os.urandom(size)
            stranger.sendto(letter[:size], ("ff02::1", LETTERS, 0, index))
    waiting.until(lambda: standby.place()[0].get("refused", 0) >= 100, "it is counted", 20)
    done = active.try_commit("set pool dns server 10.9.0.23:53")
    assert done.returncode == 0 and ", replicated." in done.stderr, done.stderr
    assert active.place()[0]["revision"] == before["revision"] + 1
    has(standby, "10.9.0.23:53")


def test_a_unit_that_is_gone_is_an_alarm_and_catches_up(both):
    active, standby = settled(both)
    standby.kill_all()
    waiting.until(lambda: active.place()[1].get("state") == "silent", "it is missed", 20)
    done = active.try_commit("set pool dns server 10.9.0.24:53")
    assert done.returncode == 0 and "not replicated" in done.stderr, done.stderr
    waiting.until(lambda: "config-unreplicated" in active.alarms(), "it is told", 10)
    assert active.try_commit("set ha alone refuse").returncode != 0
    standby.start_all()
    settled(both)
    has(standby, "10.9.0.24:53")
    waiting.until(lambda: "config-unreplicated" not in active.alarms(), "all is well", 20)


def test_whoever_asks_for_a_standby_is_refused_without_one(both):
    active, standby = settled(both)
    active.commit("set ha alone refuse")
    settled(both)
    standby.mgmt.kill()
    waiting.until(lambda: active.place()[1].get("state") == "silent", "it is missed", 20)
    refused = active.try_commit("set pool dns server 10.9.0.25:53")
    assert refused.returncode != 0 and "E-474" in refused.stderr
    assert "10.9.0.25" not in active.configuration()
    assert active.try_commit("set ha alone accept").returncode == 0
    standby.start_all()
    settled(both)


def test_the_other_has_what_its_writer_died_with(both):
    active, standby = settled(both)
    done = active.try_commit("set pool dns server 10.9.0.26:53")
    active.kill_all()
    assert done.returncode == 0 and ", replicated." in done.stderr, done.stderr
    waiting.until(lambda: standby.role() in ("ACTIVE", "ALONE"), "it takes over", 40)
    has(standby, "10.9.0.26:53")
    done = standby.try_commit("set pool dns server 10.9.0.27:53")
    assert done.returncode == 0 and "not replicated" in done.stderr, done.stderr
    active.start_all()
    settled(both)
    has(active, "10.9.0.27:53")


def test_two_histories_become_one_and_the_other_is_kept(both):
    active, standby = settled(both)
    standby.kill_all()
    waiting.until(lambda: active.place()[1].get("state") == "silent", "it is missed", 20)
    active.commit("set pool lost server 10.9.0.31:53")
    active.kill_all()
    standby.start_all()
    waiting.until(lambda: standby.role() in ("ACTIVE", "ALONE"), "it takes over", 60)
    standby.commit("set pool kept server 10.9.0.32:53")
    active.start_all()
    settled(both)
    has(active, "pool kept")
    assert "pool lost" not in active.configuration()
    branch = active.show("ha", "branches")[0]["name"]
    active.mgmt.kill()
    active.start_all()
    settled(both)
    waiting.until(lambda: "config-diverged" in active.alarms(), "it is told after a restart", 20)
    active.yoke("-c", f"request ha branch {branch} drop")
    waiting.until(lambda: "config-diverged" not in active.alarms(), "it is seen to", 20)
    assert branch not in [row["name"] for row in active.show("ha", "branches")]


def test_a_commit_whose_writer_dies_is_not_told_to_be_made(both):
    active, standby = settled(both)
    active.mgmt.pause()
    asked = standby.try_commit("set pool dns server 10.9.0.34:53")
    active.mgmt.kill()
    assert asked.returncode != 0 and ("E-475" in asked.stderr or "E-472" in asked.stderr)
    active.start_all()
    settled(both)
    done = active.try_commit("set pool dns server 10.9.0.34:53")
    assert done.returncode == 0, done.stderr
    has(standby, "10.9.0.34:53")
