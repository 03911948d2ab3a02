# SPDX-License-Identifier: Apache-2.0
"""Events in the journal: systemd's own runs beside the lab, and is asked as a person asks it."""

import json
import pathlib
import re
import subprocess

import pytest

import unit as units
import waiting

DAEMON = pathlib.Path("/lib/systemd/systemd-journald")
FILES = pathlib.Path("/run/log/journal")
EVENTS = pathlib.Path(__file__).parents[2] / "mgmt/events/EVENTS.md"
PRIORITY = {"error": "3", "warning": "4", "notice": "5", "info": "6"}
# What systemd gives a unit's programs: standard error that is the journal's, and word of it.
AS_SYSTEMD = ("systemd-cat", "sh", "-c",
              'export JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2); exec "$@"', "-")
pytestmark = pytest.mark.skipif(not DAEMON.exists(), reason=f"{DAEMON} is not installed")


@pytest.fixture(scope="module", name="journal")
def _journal(bare_lab):
    """Where programs look for one: /run is the sandbox's own. The kernel's messages are the
    machine's business."""
    settings = pathlib.Path("/run/systemd/journald.conf.d/lab.conf")
    for folder in (settings.parent, FILES):
        folder.mkdir(parents=True)
    settings.write_text("[Journal]\nReadKMsg=no\nAudit=\nRateLimitBurst=0\n", encoding="ascii")
    daemon = bare_lab.unit.namespace.start(
        "journald", "unshare", "--mount", "sh", "-c",
        f"mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec {DAEMON}",
        environment={"SYSTEMD_LOG_TARGET": "console"})
    daemon.until(pathlib.Path("/run/systemd/journal/stdout").exists, "it listens")
    yield entries
    daemon.kill()


def entries(*which):
    """journalctl YOKE_EVENT=commit"""
    done = subprocess.run(["journalctl", "--directory", FILES, "--output", "json", *which],
                          capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def start(unit, program):
    return unit.namespace.start(f"{program}-to-journal", *AS_SYSTEMD, units.PROGRAMS / program,
                                "--root", unit.root)


@pytest.fixture(scope="module", name="unit")
def _unit(bare_lab, journal):
    """Both daemons, as systemd runs them."""
    assert not journal("YOKE_EVENT=started")
    unit = bare_lab.unit
    unit.dataplane = start(unit, "yoke-dataplane")
    unit.dataplane.until(lambda: unit.status().get("ports_ready"), "its ports are ready", 60)
    unit.mgmt = start(unit, "yoke-mgmt")
    waiting.until(lambda: journal("YOKE_EVENT=dataplane-connected"), "it has the data plane")
    yield unit
    unit.stop()


def documented():
    """{event: (code, level, MESSAGE_ID)} of the reference."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (V-\d+) \| ([a-z]+) \|.*\| `([0-9a-f]{32})` \|$",
                      EVENTS.read_text(encoding="utf-8"), re.M)
    return {event: (code, level, message_id) for event, code, level, message_id in rows}


def of_row(row):
    """What the journal must have of an event of `show log`."""
    code, level, message_id = documented()[row["event"]]
    assert (code, level) == (row["code"], row["level"])
    return {"MESSAGE": row["text"], "YOKE_EVENT": row["event"], "MESSAGE_ID": message_id,
            "PRIORITY": PRIORITY[level], "YOKE_CODE": code,
            **{f"YOKE_{name}": value for name, value in row["fields"].items()}}


def without_systemds_own(entry):
    return {name: value for name, value in entry.items()
            if name.startswith("YOKE_") or name in ("MESSAGE", "MESSAGE_ID", "PRIORITY")}


def test_each_event_is_there_with_its_message_id_and_fields(unit, journal):
    unit.commit("set pool web server 10.9.0.21:9", "set vip web 10.9.0.100:80/tcp pool web",
                "set pool web check tcp interval 200ms timeout 150ms rise 1 fall 1")
    waiting.until(lambda: journal("YOKE_EVENT=vip-down"), "nobody listens there")
    unit.yoke("-c", "delete vip web", "-c", 'commit confirm 10m note "two words"')
    waiting.until(lambda: journal("YOKE_EVENT=commit-waits"), "it is an alarm")
    unit.yoke("reject")
    waiting.until(lambda: journal("YOKE_EVENT=commit-settled"), "all of it is told")
    rows = unit.show("log")[::-1]
    kinds = {row["event"] for row in rows}
    assert kinds >= {"started", "commit", "server-down", "vip-down", "commit-waits", "commit-undone"}
    told = [entry for entry in journal("_COMM=yoke-mgmt") if "YOKE_CODE" in entry]
    assert [without_systemds_own(entry) for entry in told][:len(rows)] == [
        of_row(row) for row in rows]
    for entry in told:
        assert entry["SYSLOG_IDENTIFIER"] == "yoke-mgmt" and entry["_TRANSPORT"] == "journal"


def test_they_are_found_by_what_they_are_of(unit, journal):
    assert unit.show("status")
    down, = journal("YOKE_EVENT=server-down", "YOKE_POOL=web", "YOKE_SERVER=10.9.0.21:9")
    assert journal(f"MESSAGE_ID={down['MESSAGE_ID']}") == [down]
    first = journal("YOKE_EVENT=commit")[0]
    assert (first["YOKE_USER"], first["YOKE_REVISION"]) == ("root", "1")
    assert first["YOKE_ORIGIN"].startswith("pid ") and "+1 vip" in first["YOKE_CHANGES"]
    activated = journal("_COMM=yoke-dataplane", "YOKE_EVENT=activated")[-1]
    assert activated["YOKE_REVISION"] == str(unit.show("status")[0]["revision"])
    assert activated["YOKE_DIGEST"] and activated["YOKE_GENERATION"]


def test_why_it_does_not_start_is_in_the_journal_alone(unit, journal):
    second = start(unit, "yoke-mgmt")
    waiting.until(lambda: second.exit_status is not None, "two on one store")
    refused, = journal("YOKE_EVENT=start-refused")
    assert second.exit_status == 1 and refused["PRIORITY"] == "3"
    assert refused["MESSAGE_ID"] == documented()["start-refused"][2]
    assert refused["YOKE_ERROR"].startswith("E-"), refused
    assert not second.tail(), "nothing of it is on standard error besides"
