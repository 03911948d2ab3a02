#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long a large configuration takes: 1,000 VIPs and 16,000 servers on a whole unit.

    sudo tests/bench/configuration_bench.py [--json] [--rounds N] [--disk DIR]

Times are of the local socket, from the request's first byte to the answer's last, of both daemons
on this machine; those of the command line are of the whole program. Beside them stands what one
durable transaction costs SQLite on the same disk, which no commit can be faster than."""

import argparse
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve()
LAB = HERE.parents[1] / "lab"
sys.path.insert(0, str(LAB))

# pylint: disable=wrong-import-position
from namespace import Namespace, Switch
import waiting
import unit as units

VIPS, SERVERS_PER_POOL = 1000, 16


def document():
    """1,000 VIPs, each with a pool of 16 servers and a check that hardly ever comes."""
    pools, vips = {}, {}
    for number in range(VIPS):
        name = f"site{number:04}"
        servers = {f"10.{64 + number // 250}.{number % 250}.{last}:8080": {"weight": 1 + last % 4}
                   for last in range(1, SERVERS_PER_POOL + 1)}
        pools[name] = {"server": servers, "check": {"tcp": {"interval": "1h"}}}
        vips[name] = {"address": f"198.18.{number // 250}.{number % 250 + 1}:80/tcp", "pool": name}
    return {"schema": "yoke/1", "pool": pools, "vip": vips}


class Connection:
    """Measures its calls: `ms` is what the last one took."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(120)
        self._socket.connect(str(path))
        self.ms = 0.0

    def ask(self, method, **params):
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        answer = bytearray()
        started = time.perf_counter()
        self._socket.sendall(line + b"\n")
        while not answer.endswith(b"\n"):
            part = self._socket.recv(1 << 20)
            if not part:
                raise ConnectionError("the connection was closed")
            answer += part
        self.ms = (time.perf_counter() - started) * 1000
        result = json.loads(answer)
        if "error" in result:
            raise RuntimeError(f"{method}: {result['error']}")
        return result["result"]


def sqlite_commit_ms(folder, rounds):
    """One row in one transaction that is on the disk when it ends, as the store commits."""
    path = folder / "fsync.db"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE row (x)")
    times = []
    for number in range(rounds):
        started = time.perf_counter()
        database.execute("INSERT INTO row VALUES (?)", (number,))
        times.append((time.perf_counter() - started) * 1000)
    database.close()
    for file in folder.glob("fsync.db*"):
        file.unlink()
    return times


class Bench:
    """The figures, in the order they are measured."""

    def __init__(self, unit, folder, rounds):
        self._unit = unit
        self._folder = folder
        self._rounds = rounds
        self._asked = Connection(unit.root / "run/yoke/mgmt.sock")
        self.figures = {}

    def note(self, name, times, goal=None):
        self.figures[name] = {"median_ms": round(statistics.median(times), 1),
                              "max_ms": round(max(times), 1), "runs": len(times), "goal_ms": goal}

    def timed(self, method, **params):
        self._asked.ask(method, **params)
        return self._asked.ms

    def run(self):
        self.note("SQLite: one durable transaction",
                  sqlite_commit_ms(self._folder, max(self._rounds, 20)))
        self.load()
        self.one_row()
        self.shows()
        self.command_line()
        self.restart()
        return self.figures

    def load(self):
        whole = document()
        self.note("load 1,000 VIPs, 16,000 servers from JSON",
                  [self.timed("load", document=whole)], 2000)
        self.note("check its rules", [self.timed("check")])
        self.note("commit it: durable, and the data plane runs it", [self.timed("commit")], 1000)
        assert self._unit.status()["revision"] == 1

    def one_row(self):
        diffs, commits = [], []
        for number in range(self._rounds):
            server = f"10.64.{number % 250}.{1 + number % SERVERS_PER_POOL}:8080"
            path = ["pool", f"site{number % 250:04}", "server", server]
            edit = self.timed("edit", operations=[
                {"op": "set", "path": path, "fields": {"weight": 10 + number % 200}}])
            diffs.append(self.timed("diff"))
            commits.append(edit + self.timed("commit"))
        self.note("diff of one row", diffs, 50)
        self.note("edit and commit of one row", commits, 100)
        revision = self._unit.status()["revision"]
        assert revision == 1 + self._rounds, f"the data plane runs revision {revision}"

    def shows(self):
        for name, goal in (("status", 20), ("vip", None), ("pool", None), ("server", 200)):
            self.note(f"show {name}, all",
                      [self.timed("show", object=name) for _ in range(self._rounds)], goal)
        self.note("show pool, one",
                  [self.timed("show", object="pool", name="site0500")
                   for _ in range(self._rounds)], 20)

    def command_line(self):
        text = self._folder / "unit.conf"
        text.write_text(json.dumps(document()), encoding="utf-8")
        for words in (("show", "server"), ("show", "configuration"), ("show", "status"),
                      ("apply", "--dry-run", str(text))):
            times = []
            for _ in range(3):
                started = time.perf_counter()
                self._unit.yoke(*words, seconds=120)
                times.append((time.perf_counter() - started) * 1000)
            self.note("yoke " + " ".join(words[:2]), times)

    def restart(self):
        self._unit.mgmt.terminate()
        started = time.perf_counter()
        self._unit.start_mgmt()
        self.note("yoke-mgmt from start to its first answer",
                  [(time.perf_counter() - started) * 1000])
        self._unit.dataplane.kill()
        self._unit.start_dataplane()
        started = time.perf_counter()
        waiting.until(lambda: self._unit.status().get("revision") == 1 + self._rounds,
                      "the data plane has it back", 60)
        self.note("a data plane that starts, until it runs all",
                  [(time.perf_counter() - started) * 1000])


def tell(figures):
    for name, figure in figures.items():
        goal = f"   goal {figure['goal_ms']:,}" if figure["goal_ms"] else ""
        most = f"   most {figure['max_ms']:,}" if figure["runs"] > 1 else ""
        print(f"{name:50}{figure['median_ms']:10,.1f} ms{most}{goal}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="one object, for machines")
    parser.add_argument("--rounds", type=int, default=30, help="commits and questions of a kind")
    parser.add_argument("--disk", default=str(HERE.parents[2]),
                        help="a folder on the disk to keep the store on")
    options = parser.parse_args()
    if "YOKE_HUGE_PAGES" not in os.environ:  # the lab's place, which leaves nothing behind
        os.execv(sys.executable, [sys.executable, str(LAB / "sandbox.py"), sys.executable,
                                  *map(str, (HERE, *sys.argv[1:]))])
    switch, namespace = Switch(), Namespace("unit")
    switch.plug(namespace)
    unit = units.Unit(namespace)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=".configuration-bench-", dir=options.disk))
    try:
        store = unit.root / "var/lib/yoke"
        store.rmdir()
        store.symlink_to(folder)
        unit.start()
        figures = Bench(unit, folder, options.rounds).run()
        size = sum(file.stat().st_size for file in folder.glob("config.db*"))
        figures["store"] = {"bytes": size, "revisions": 1 + options.rounds}
        unit.stop()
    finally:
        shutil.rmtree(folder)
    if options.json:
        print(json.dumps(figures))
        return
    size = figures.pop("store")
    tell(figures)
    print(f"\nstore: {size['bytes'] / 2**20:.1f} MiB with {size['revisions']} revisions; "
          f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
