# SPDX-License-Identifier: Apache-2.0
"""Two whole fresh units that become a pair by commands alone: one asks, both confirm a code."""

import contextlib
import selectors
import socket
import threading

import pytest

import unit as units
import waiting
from test_pair_commands import COMMANDS, Managed, settled
from whole_units import Client, laid

PORT = 7447
FIRST, SECOND = "10.9.0.2", "10.9.0.3"
EVENTS = {"pair-request", "pair-attempt", "pair-paired"}


@pytest.fixture(scope="module", name="both")
def _both():
    with laid(Managed, ("maiden", "mate")) as (client, (first, second)):
        for unit in (first, second):
            (unit.root / "var/lib/yoke/pair.key").unlink()
            unit.namespace.ip(f"addr add fe80::{unit.number}/64 dev ha0 nodad")
            unit.start_all()
            unit.commit(f"set system name {unit.name}")
        yield client, first, second


def pairing(unit):
    with contextlib.suppress(AssertionError):
        return unit.show("ha", "pairing")[0]
    return {}


def called(unit):
    """What yoke-pair calls it."""
    return unit.call("pairing").get("name")


def refused(unit, *words):
    """What it says on standard error."""
    result = unit.yoke(*words, check=False)
    assert result.returncode != 0, result.stdout
    return result.stderr


def until_state(unit, state):
    return waiting.until(lambda: pairing(unit).get("state") == state and pairing(unit),
                         f"{unit.name} is {state}", 20)


def test_who_does_not_listen_or_is_none_is_told_apart(both):
    _, first, second = both
    until_state(first, "unpaired")
    until_state(second, "unpaired")
    assert "E-741" in refused(first, "request", "pair", "with", "mate")
    second.pair.kill()
    waiting.until(lambda: "E-746" in refused(first, "request", "pair", "with", SECOND),
                  "nobody answers", 20)
    assert "E-743" in refused(first, "request", "pair", "confirm", "123456")
    second.pair = second.namespace.start(
        f"yoke-pair-{second.name}", units.PROGRAMS / "yoke-pair", "--root", second.root,
        environment=units.LEAKS_OF_OTHERS)
    until_state(second, "unpaired")


class Between:
    """Takes the place of `second` for `first` and plays an honest-looking wire that changes what
    passes: one octet of the responder's offer."""

    def __init__(self, namespace, target):
        with namespace.entered():
            self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind(("0.0.0.0", PORT))
            self._listener.listen(1)
            self._out = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._target = target
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def _carry(self):
        asker, _ = self._listener.accept()
        self._out.connect((self._target, PORT))
        watch = selectors.DefaultSelector()
        for one, other in ((asker, self._out), (self._out, asker)):
            watch.register(one, selectors.EVENT_READ, other)
        changed = False
        while True:
            for key, _ in watch.select():
                said = bytearray(key.fileobj.recv(4096))
                if not said:
                    asker.close()
                    self._out.close()
                    return
                if key.fileobj is self._out and not changed:
                    said[-1] ^= 1  # of the offer's random number
                    changed = True
                key.data.sendall(said)

    def close(self):
        self._listener.close()


def test_who_sits_between_is_seen_by_the_codes(both):
    client, first, second = both
    waiting.until(lambda: called(second) == "mate", "yoke-pair knows what the unit is called", 20)
    between = Between(client, SECOND)
    first.yoke("request", "pair", "with", "10.9.0.10")
    here, there = until_state(first, "comparing"), until_state(second, "comparing")
    assert here["code"] != there["code"] and here["other"] == second.name
    assert "E-744" in refused(first, "request", "pair", "confirm", there["code"])
    first.yoke("request", "pair", "reject")
    until_state(first, "unpaired")
    until_state(second, "unpaired")
    between.close()


def asked(first, second, address):
    """Once the other listens again, as it does not for a while after one that failed."""
    def ask():
        return first.yoke("request", "pair", "with", address, check=False).returncode == 0

    waiting.until(ask, f"{second.name} listens", 30)
    here, there = until_state(first, "comparing"), until_state(second, "comparing")
    assert here["code"] == there["code"] and len(here["code"]) == 6
    return here["code"]


def test_what_the_other_unit_rejects_is_over_on_both(both):
    _, first, second = both
    code = asked(first, second, SECOND)
    first.yoke("request", "pair", "confirm", code)
    assert pairing(first)["state"] == "awaits-other"
    second.yoke("request", "pair", "reject")
    assert "ended it" in until_state(first, "unpaired")["next"]


def test_a_code_that_both_confirm_makes_a_pair_that_elects(both):
    client, first, second = both
    for unit in (first, second):
        unit.commit(*COMMANDS)
    code = asked(first, second, "fe80::3%ha0")
    wrong = "000000" if code != "000000" else "000001"
    assert "E-744" in refused(second, "request", "pair", "confirm", wrong)
    first.yoke("request", "pair", "confirm", code)
    second.yoke("request", "pair", "confirm", code)
    assert until_state(first, "paired")["unit"] == "a"
    assert until_state(second, "paired")["unit"] == "b"
    settled(first, second)
    with Client(client):
        pass
    assert "E-740" in refused(first, "request", "pair", "with", SECOND)
    for unit in (first, second):
        waiting.until(lambda unit=unit: EVENTS <= {row["event"] for row in unit.show("log")},
                      "all of it is in the log", 20)
        key = unit.root / "var/lib/yoke/pair.key"
        assert key.stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_forgotten_makes_room_for_another(both):
    client, first, second = both
    assert "E-745" in refused(first, "request", "pair", "forget")
    for unit in (first, second):
        unit.yoke("request", "pair", "forget", "force")
        assert not (unit.root / "var/lib/yoke/pair.key").exists()
        until_state(unit, "unpaired")
    code = asked(second, first, FIRST)
    for unit in (first, second):
        unit.yoke("request", "pair", "confirm", code)
    assert until_state(second, "paired")["unit"] == "a"
    settled(first, second)
    with Client(client):
        pass
