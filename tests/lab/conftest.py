# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the lab: one lab a module, laid anew; a deadline for every test; lanes.

Tests of two lanes run at once, each in a sandbox of its own (tests/run lab): --lane chooses."""

import os
import pathlib
import signal

import pytest

import topology

DEADLINE_S = 120
# Those that wait for a management plane, servers and clocks more than they forward packets...
PATIENT = {"backup", "check_mixups", "check_scripts", "checks", "configuration", "confirm", "daemons",
           "disk", "events", "export", "impact", "journal", "kill", "notify", "outlets",
           "page_of_two", "passive", "pci", "prompt", "reboot", "snmp", "undo", "vlans"}
# ... and what shows how the machine does, for which nobody else should be in the way.
ALONE = {"demo"}


def lane_of(path):
    name = pathlib.Path(path).stem.removeprefix("test_")
    return "patient" if name in PATIENT else "alone" if name in ALONE else "busy"


def pytest_addoption(parser):
    parser.addoption("--lane", choices=("patient", "busy", "alone"), help="only files of this lane")


def pytest_ignore_collect(path, config):
    lane, name = config.getoption("--lane"), pathlib.Path(path).name
    return True if lane and name.startswith("test_") and lane_of(name) != lane else None


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: also run with sanitizers")
    config.addinivalue_line("markers", "deadline(seconds): other than the usual one")
    if "YOKE_HUGE_PAGES" not in os.environ:
        pytest.exit("the lab makes namespaces and processes: tests/run lab", returncode=2)


@pytest.fixture(autouse=True)
def deadline(request):
    """Fails a test that hangs, wherever it does."""
    marker = request.node.get_closest_marker("deadline")
    seconds = marker.args[0] if marker else DEADLINE_S

    def too_late(*_):
        raise TimeoutError(f"the test has taken {seconds} s")

    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(seconds)
    yield
    signal.alarm(0)


@pytest.fixture(scope="module")
def bare_lab():
    """Everything but the unit's daemons runs."""
    with topology.Lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def lab(bare_lab):
    """All VIPs are configured and all servers up."""
    bare_lab.unit.start()
    bare_lab.configure_everything()
    yield bare_lab
    bare_lab.unit.stop()
