# SPDX-License-Identifier: Apache-2.0
"""Two whole units replace the key of their pair under load: no role changes, no frame is refused,
and both find it again when they start anew, or when one dies in the middle of it."""

import contextlib

import pytest

import unit as units
import waiting
from managed import Managed, settled, until_roles
from test_pair_commands import COMMANDS
from whole_units import Client, laid

# Longer than both keys are read at least (Rotation::kBothLeast).
OVER_WITHIN = 40


@pytest.fixture(scope="module", name="both")
def _both():
    with laid(Managed, ("tumbler", "bolt")) as (client, (first, second)):
        for unit in (first, second):
            unit.namespace.ip(f"addr add fe80::{unit.number}/64 dev ha0 nodad")
            unit.start_all()
        yield client, first, second


def pairing(unit):
    with contextlib.suppress(AssertionError):
        return unit.show("ha", "pairing")[0]
    return {}


def refused(unit):
    result = unit.yoke("request", "pair", "rotate", check=False)
    assert result.returncode != 0, result.stdout
    return result.stderr


def unreadable(unit):
    """Frames of either thread that no key opened."""
    status = unit.ha()
    return sum(of[reason] for of in (status["frames_refused"],
                                     status["flow_relay"]["frames_refused"])
               for reason in ("unknown-key", "bad-tag"))


def until_over(first, second, before):
    """The key that both have then."""
    def over():
        here, there = pairing(first), pairing(second)
        idle = here.get("rotation") == there.get("rotation") == "none"
        return idle and here["key"] == there["key"] != before and here["key"]

    return waiting.until(over, "both have the new key alone", OVER_WITHIN)


def in_sync(unit):
    with contextlib.suppress(AssertionError):
        return unit.show("ha", "config")[0]
    return {}


def test_who_is_not_one_of_two_has_no_key_to_replace(both):
    _, first, _ = both
    assert "E-748" in refused(first)


def test_a_key_is_replaced_under_load_and_nothing_moves(both):
    client, first, second = both
    for unit in (first, second):
        unit.commit(*COMMANDS)
    active, standby = settled(first, second)
    waiting.until(lambda: all(unit.ha()["flow_relay"]["peer_proven"] for unit in both[1:]),
                  "flows are carried", 20)
    hash_keys = [unit.call("hash_key") for unit in (first, second)]
    assert hash_keys[0] == hash_keys[1]
    before = pairing(first)["key"]
    assert pairing(second)["key"] == before and pairing(first)["key_age_s"] >= 0
    with Client(client) as asking:
        told = [len(unit.show("ha", "history")) for unit in (first, second)]
        lost = [unreadable(unit) for unit in (first, second)]
        letters = [in_sync(unit).get("refused") for unit in (first, second)]
        epoch = active.group()["epoch"]
        said = standby.yoke("request", "pair", "rotate").stderr
        assert "Both units have the key" in said
        assert "E-750" in refused(standby)
        waiting.until(lambda: pairing(active)["rotation"] == "exchanged", "the other, too", 10)
        assert pairing(active)["next_key"] == pairing(standby)["next_key"]
        active.commit("set system name vault")  # replicated while there are two keys
        until_over(first, second, before)
        active.commit("set system name safe")
        asking.until_answered_again()
        assert [len(unit.show("ha", "history")) for unit in (first, second)] == told
        assert [unreadable(unit) for unit in (first, second)] == lost
        assert [in_sync(unit).get("refused") for unit in (first, second)] == letters
        assert active.group()["epoch"] == epoch
    assert [unit.call("hash_key") for unit in (first, second)] == hash_keys
    for unit in (first, second):
        key = unit.root / "var/lib/yoke/pair.key"
        assert key.stat().st_mode & 0o777 == 0o600
        text = key.read_text(encoding="ascii")
        assert text.startswith("yoke-pair-key 2\n") and "next" not in text
        waiting.until(lambda unit=unit: {"pair-rotating", "pair-rotated"} <=
                      {row["event"] for row in unit.show("log")}, "it is in the log", 20)


def test_each_unit_starts_anew_with_the_new_key(both):
    client, first, second = both
    for unit in settled(first, second):
        unit.pair.kill()
        unit.start_pair()
        settled(first, second)
        waiting.until(lambda: all(one.ha()["flow_relay"]["peer_proven"] for one in both[1:]),
                      "flows are carried", 20)
    with Client(client):
        pass


@pytest.mark.parametrize("dies", ["asks", "is asked"])
def test_one_that_dies_in_the_middle_of_it_goes_on_from_its_disk(both, dies):
    _, first, second = both
    active, standby = settled(first, second)
    before = pairing(active)["key"]
    victim = standby if dies == "asks" else active
    standby.yoke("request", "pair", "rotate")
    victim.pair.kill()
    assert "next" in (victim.root / "var/lib/yoke/pair.key").read_text(encoding="ascii")
    victim.start_pair()
    settled(first, second)
    until_over(first, second, before)
    assert first.ha()["peer_proven"] and second.ha()["peer_proven"]


def test_who_does_not_hear_the_other_asks_nobody(both):
    _, first, second = both
    active, standby = settled(first, second)
    standby.pair.kill()
    waiting.until(lambda: "E-749" in refused(active), "it is not heard", 20)
    standby.start_pair()
    until_roles(active, standby, "ACTIVE", "STANDBY")
    assert pairing(active)["rotation"] == "none"
