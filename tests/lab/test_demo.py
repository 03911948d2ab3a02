# SPDX-License-Identifier: Apache-2.0
"""The demo itself: its answer, and that it leaves nothing behind however it ends."""

import json
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

import unit
import waiting
import xdp

DEMO = pathlib.Path(__file__).parents[1] / "demo"
LOG = pathlib.Path("/run/lab-demo.log")


def processes():
    """All but kernel threads and this test itself."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            found[int(path.name)] = (path / "cmdline").read_bytes()
        except OSError:
            continue
    return {number: words for number, words in found.items() if words}


def traces():
    """What a lab could leave on the machine."""
    return {"processes": processes(),
            "namespaces": sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else [],
            "xdp programs": xdp.programs(),
            "huge page files": sorted(os.listdir("/dev/hugepages"))
            if os.path.isdir("/dev/hugepages") else [],
            "interfaces": sorted(os.listdir("/sys/class/net")),
            # The place of namespaces stays once there was one; those in it are looked at above.
            "folders": sorted(set(os.listdir("/run")) - {"netns"})}


@pytest.fixture
def before():
    LOG.touch()
    return traces()


def nothing_left(before):
    try:
        waiting.until(lambda: traces() == before, "nothing is left", 10)
    except waiting.Late as late:
        now = traces()
        left = {name: (before[name], now[name]) for name in now if now[name] != before[name]}
        raise waiting.Late(f"{late}; before and now: {left}") from None


def start(*words):
    # With a file and not a pipe, so that nothing waits for whoever holds it open.
    with LOG.open("w", encoding="utf-8") as file:
        return subprocess.Popen([DEMO, *words], stdin=subprocess.DEVNULL, stdout=file,
                                stderr=subprocess.STDOUT, start_new_session=True)


def log():
    return LOG.read_text(encoding="utf-8")


@pytest.mark.smoke
@pytest.mark.deadline(300)
def test_the_demo_ends_with_what_was_promised(before):
    done = subprocess.run([DEMO, "--json"], capture_output=True, text=True, timeout=280,
                          stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["requests"] == 3000 and facts["failed"] == 0
    assert sum(facts["per_server"].values()) == 3000
    for count in facts["per_server"].values():
        assert abs(count - 1000) <= 50, facts
    assert facts["failed_after_down"] == 0
    assert 0 < facts["check_down_ms"] < 5000
    # Of two units, one killed: soon another answers, never both.
    assert 0 < facts["takeover_ms"] < 10_000 and facts["dual_answers"] == 0
    assert facts["planned_packets_lost"] < 1000
    assert facts["connections_lost"] == facts["planned_connections_lost"] == 0
    nothing_left(before)


@pytest.mark.deadline(400)
@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
def test_a_signal_at_any_moment_leaves_nothing(before, number):
    moments = random.Random()
    for attempt in range(4):
        demo = start()
        moment = moments.uniform(0, 2 + 4 * attempt)
        time.sleep(moment)  # any moment will do, and that is the point
        demo.send_signal(number)
        assert demo.wait(20) in (128 + number, -number, 0), (moment, log())
        nothing_left(before)


@pytest.mark.deadline(200)
def test_kill_9_leaves_at_most_borrowed_huge_pages_and_the_next_run_returns_them(before):
    pages = pathlib.Path("/proc/sys/vm/nr_hugepages").read_text()
    demo = start()
    waiting.until(lambda: "Configure" in log() or demo.poll() is not None, "the lab is laid", 120)
    demo.kill()
    demo.wait()
    subprocess.run([DEMO, "--down"], check=True, timeout=60)
    nothing_left(before)
    assert pathlib.Path("/proc/sys/vm/nr_hugepages").read_text() == pages


@pytest.mark.deadline(300)
def test_a_kept_lab_answers_until_it_is_taken_down(before):
    demo = start("--keep")
    assert demo.wait(280) == 0, log()
    said = subprocess.run(["ip", "netns", "exec", "yoke-client", "curl", "-sS", "--max-time", "5",
                           "http://10.9.0.100/"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("server")
    subprocess.run([unit.PROGRAMS / "yoke", "--root", "/run/yoke-lab/unit", "show", "pool", "web"],
                   check=True, capture_output=True)
    again = start("--keep")
    assert again.wait(60) == 1
    assert "--down" in log()
    subprocess.run([DEMO, "--down"], check=True, timeout=60)
    nothing_left(before)
