# SPDX-License-Identifier: Apache-2.0
"""A lab that was left up: its namespaces by name, its unit's folder by path, until it is removed."""

import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess

import huge_pages

FOLDER = pathlib.Path("/run/yoke-lab")
UNIT = FOLDER / "unit"  # of the kept lab, as --root for the programs
_RECORD = FOLDER / "process"
_NAMES = pathlib.Path("/run/netns")
_PREFIX = "yoke-"


def is_up():
    return _process() is not None


def publish(process, unit_root):
    """Makes the sandbox with this first process known to the rest of the machine."""
    FOLDER.mkdir(exist_ok=True)
    _RECORD.write_text(json.dumps({"process": process, "started": _start_of(process)}))
    inside = pathlib.Path(f"/proc/{process}/root")
    UNIT.symlink_to(f"{inside}{unit_root}")
    for path in sorted((inside / "run/netns").iterdir()):
        # ip(8) itself attaches the namespace that a process is in: that of its shell, in there.
        subprocess.run(["nsenter", f"--net={path}", "sh", "-c", 'ip netns attach "$0" $$',
                        _PREFIX + path.name], check=True)


def remove():
    """Ends the kept lab, or clears up what is left of one. Whether there was anything."""
    process = _process()
    there = FOLDER.exists()
    if process is not None:
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(process)
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            select.select([descriptor], [], [], 30)  # readable: it has ended
    if there:
        for path in _NAMES.glob(_PREFIX + "*"):
            subprocess.run(["ip", "netns", "del", path.name], check=False)
        for path in (UNIT, _RECORD):
            path.unlink(missing_ok=True)
        FOLDER.rmdir()
    huge_pages.give_back_abandoned()
    return there


def _process():
    """The first process of the kept lab, if it lives."""
    try:
        record = json.loads(_RECORD.read_text())
    except (OSError, ValueError):
        return None
    return record["process"] if _start_of(record["process"]) == record["started"] else None


def _start_of(process):
    """When it was started, in clock ticks: with its number, what no other process has."""
    try:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except OSError:
        return None
    return int(fields.rpartition(")")[2].split()[19])
