# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the management plane at random moments of its commits, under traffic.

500 moments, or as many as YOKE_KILLS says; the seed is printed, and YOKE_SEED repeats one."""

import contextlib
import json
import os
import random
import socket
import threading
import time

import pytest

import promise
import topology
import traffic
import waiting

KILLS = int(os.environ.get("YOKE_KILLS", "500"))
SEED = int(os.environ.get("YOKE_SEED", random.SystemRandom().randrange(1 << 32)))
POOL = "killed"
SERVERS = [f"10.9.0.{last}:9" for last in range(120, 160)]


def name_for(weight):
    """The unit's name, which is in a file of its own, changes with some of the weights."""
    return f"unit-{weight // 4}"


class Client:
    """A connection to the management plane that asks one thing after the other."""

    def __init__(self, unit):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(str(unit.root / "run/yoke/mgmt.sock"))
        self._lines = self._socket.makefile("r", encoding="utf-8")

    def ask(self, method, **params):
        """The result; ConnectionError if there was no whole answer, RuntimeError if it was no."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        line = self._lines.readline()
        if not line.endswith("\n"):
            raise ConnectionResetError("the answer was cut off")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def close(self):
        self._lines.close()
        self._socket.close()


class State(tuple):
    """Revision, weight of every server of the pool, the revision that waits to be confirmed."""

    def __new__(cls, revision, weight, waits):
        return super().__new__(cls, (revision, weight, waits))

    @classmethod
    def read(cls, client):
        configuration = client.ask("config")
        servers = configuration["document"]["pool"][POOL]["server"]
        weights = {server.get("weight", 1) for server in servers.values()}
        assert len(servers) == len(SERVERS) and len(weights) == 1, f"half a commit: {servers}"
        weight = weights.pop()
        name = configuration["document"]["system"]["name"]
        assert name == name_for(weight), f"half a commit: {name} with the weight {weight}"
        return cls(configuration["revision"], weight, client.ask("unconfirmed")["revision"])


class Committer(threading.Thread):
    """Commits without rest, of every kind, and remembers what it was told and what it had asked
    for when the answers ended."""

    def __init__(self, unit, seed):
        super().__init__(daemon=True)
        self._client = Client(unit)
        self._random = random.Random(seed)
        self.acknowledged = State.read(self._client)
        self.asked_for = self.acknowledged
        self.commits = 0
        self.failure = None

    def run(self):
        try:
            with contextlib.suppress(OSError):
                while True:
                    self.step()
        except Exception as error:  # told by the test, not by the thread
            self.failure = error
        finally:
            self.close()

    def close(self):
        self._client.close()

    def step(self):
        revision, weight, waits = self.acknowledged
        if waits is not None:
            if self._random.random() < 0.5:
                self._ask(State(revision, weight, None), "confirm")
            else:
                before = self._client.ask("config", revision=revision - 1)["document"]
                old = before["pool"][POOL]["server"][SERVERS[0]].get("weight", 1)
                self._ask(State(revision + 1, old, None), "reject")
            return
        weight = weight % 200 + 2
        self._client.ask("edit", operations=[
            {"op": "set", "path": ["pool", POOL, "server", server], "fields": {"weight": weight}}
            for server in SERVERS] + [
            {"op": "set", "path": ["system", ""], "fields": {"name": name_for(weight)}}])
        confirm = self._random.random() < 0.3
        self._ask(State(revision + 1, weight, revision + 1 if confirm else None), "commit",
                  **({"confirm_ms": 600_000} if confirm else {}))
        self.commits += 1

    def _ask(self, state, method, **params):
        self.asked_for = state
        self._client.ask(method, **params)
        self.acknowledged = state


class Reader(threading.Thread):
    """Asks for everything there is to see, again and again."""

    def __init__(self, unit):
        super().__init__(daemon=True)
        self._client = Client(unit)
        self.failure = None
        self.start()

    def run(self):
        try:
            with contextlib.suppress(OSError):
                while True:
                    for name in ("status", "vip", "server", "history"):
                        self._client.ask("show", object=name)
        except Exception as error:  # told by the test, not by the thread
            self.failure = error
        finally:
            self._client.close()


def commit_seconds(unit):
    """What a commit takes on this machine, readers beside it: the moments are spread over that."""
    committer = Committer(unit, 0)
    began = time.monotonic()
    while committer.commits < 10:
        committer.step()
    committer.close()
    return (time.monotonic() - began) / committer.commits


def kill_once(unit, chosen, window):
    """Kills it at a moment of `chosen` and starts it again; commits acknowledged meanwhile."""
    committer = Committer(unit, chosen.randrange(1 << 32))
    readers = [Reader(unit) for _ in range(2)]
    committer.start()
    time.sleep(chosen.uniform(0.0, window))
    unit.mgmt.kill()
    for thread in (committer, *readers):
        thread.join(20)
        assert thread.failure is None, thread.failure
    unit.start_mgmt()
    client = Client(unit)
    found = State.read(client)
    history = [row["revision"] for row in client.ask("show", object="history")["rows"]]
    client.close()
    promise.kept(
        found in (committer.acknowledged, committer.asked_for),
        f"found {found}; acknowledged {committer.acknowledged}, asked for {committer.asked_for}")
    assert history == list(range(found[0], found[0] - len(history), -1)), history
    waiting.until(lambda: unit.status().get("revision") == found[0],
                  f"the data plane runs revision {found[0]}", 20)
    return committer.commits


@pytest.mark.deadline(60 + 3 * KILLS)
def test_killed_at_random_moments_it_holds_what_it_acknowledged_and_the_data_plane_runs_it(lab):
    print(f"YOKE_SEED={SEED} YOKE_KILLS={KILLS}")
    began = time.monotonic()
    before = lab.unit.show("status")[0]["revision"]
    lab.unit.commit(*(f"set pool {POOL} server {server}" for server in SERVERS),
                    f"set system name {name_for(1)}")
    chosen = random.Random(SEED)
    commits, window = 0, 5 * commit_seconds(lab.unit)
    with traffic.Traffic(lab.client, topology.vip("web"), at_once=2, pause=0.02) as flow:
        for _ in range(KILLS):
            commits += kill_once(lab.unit, chosen, window)
    assert not traffic.failed(flow.requests)
    assert commits > KILLS / 4, "hardly a commit was made: nothing is shown by this"
    print(f"{commits} commits acknowledged, {time.monotonic() - began:.0f} s")
    if lab.unit.show("status")[0]["unconfirmed"]:
        lab.unit.yoke("confirm")
    lab.unit.commit(f"delete pool {POOL}", "delete system name")
    assert lab.unit.show("status")[0]["revision"] > before
    lab.unit.until_servers("up")
